//! What went wrong that is nobody's mistake outside: the same few kinds for every use case.

use crate::ports::{
    Cause, DirectoryError, ListError, MailError, ProviderError, SealError, StoreError, WorkflowError,
};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum Failure {
    /// Try again: something was throttled, slow or down, or somebody else was faster.
    #[error("something Stint depends on did not answer")]
    Transient(#[source] Cause),
    /// What is stored or configured cannot be read: a person has to look.
    #[error("stored data cannot be read")]
    Corrupt(#[source] Cause),
    /// A rule of Stint's own was broken.
    #[error("a bug: {0}")]
    Bug(&'static str),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt { .. } => Self::Corrupt(Box::new(error)),
            StoreError::Conflict | StoreError::Unavailable(_) => Self::Transient(Box::new(error)),
        }
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Corrupt { .. } => Self::Corrupt(Box::new(error)),
            DirectoryError::Unavailable(_) => Self::Transient(Box::new(error)),
        }
    }
}

impl From<WorkflowError> for Failure {
    fn from(error: WorkflowError) -> Self {
        Self::Transient(Box::new(error))
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self::Transient(Box::new(error))
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self::Transient(Box::new(error))
    }
}

impl From<MailError> for Failure {
    fn from(error: MailError) -> Self {
        Self::Transient(Box::new(error))
    }
}

/// Why something that names a request or grant could not be done.
#[derive(Debug, Error)]
pub enum Missing {
    #[error("there is no such request")]
    NotFound,
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for Missing {
    fn from(error: StoreError) -> Self {
        Self::Failure(error.into())
    }
}

impl From<ListError> for Missing {
    fn from(error: ListError) -> Self {
        match error {
            ListError::BadCursor => Self::NotFound,
            ListError::Store(error) => error.into(),
        }
    }
}
