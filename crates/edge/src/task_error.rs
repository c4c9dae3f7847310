//! The errors by which a task tells the workflow what to do next.
//!
//! Guards: a closed set, whose names the state machine retries and catches; the message is fixed, since an execution's
//! history is read by more people than the log is. The whole chain is logged once, where the error leaves the function.

use crate::telemetry::chain;
use lambda_runtime::Diagnostic;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stint_app::failure::{Failure, Missing};
use stint_app::ports::{Cause, DirectoryError, ProviderError, StoreError};
use stint_domain::BadInput;
use thiserror::Error;

/// The name of every error a task can end with, in the definition's spelling.
pub const ALL: [&str; 12] = [
    "Stint.Invalid",
    "Stint.Rejected",
    "Stint.Conflict",
    "Stint.Transient",
    "Stint.Bug",
    "Stint.Denied",
    "Stint.Cancelled",
    "Stint.AskAgain",
    "Stint.NotYet",
    "Stint.WindowMoved",
    "Stint.InUse",
    "Stint.Rotating",
];

#[derive(Debug, Error)]
pub enum TaskError {
    /// The task's input is not what it should be.
    #[error("the task's input cannot be read")]
    Invalid(#[source] Cause),
    /// It will not be done, today or tomorrow.
    #[error("the task was refused")]
    Rejected(#[source] Cause),
    /// Somebody else was faster: decide again.
    #[error("the record has changed since it was read")]
    Conflict(#[source] Cause),
    /// Try again.
    #[error("something the task depends on did not answer")]
    Transient(#[source] Cause),
    /// A person has to look.
    #[error("the task failed by a mistake of Stint's own")]
    Bug(#[source] Cause),
    #[error("the request was denied")]
    Denied,
    #[error("the request was cancelled")]
    Cancelled,
    #[error("there are others to ask")]
    AskAgain,
    #[error("the grant does not start yet")]
    NotYet,
    #[error("the window is not over")]
    WindowMoved,
    #[error("somebody else has the credential")]
    InUse,
    #[error("the credential is being rotated")]
    Rotating,
}

impl TaskError {
    /// What the state machine knows it by.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "Stint.Invalid",
            Self::Rejected(_) => "Stint.Rejected",
            Self::Conflict(_) => "Stint.Conflict",
            Self::Transient(_) => "Stint.Transient",
            Self::Bug(_) => "Stint.Bug",
            Self::Denied => "Stint.Denied",
            Self::Cancelled => "Stint.Cancelled",
            Self::AskAgain => "Stint.AskAgain",
            Self::NotYet => "Stint.NotYet",
            Self::WindowMoved => "Stint.WindowMoved",
            Self::InUse => "Stint.InUse",
            Self::Rotating => "Stint.Rotating",
        }
    }

    /// Nothing went wrong.
    const fn is_expected(&self) -> bool {
        matches!(
            self,
            Self::Denied
                | Self::Cancelled
                | Self::AskAgain
                | Self::NotYet
                | Self::WindowMoved
                | Self::InUse
                | Self::Rotating
        )
    }

    fn log(&self) {
        let (error, outcome) = (chain(self), self.name());
        match self {
            expected if expected.is_expected() => tracing::info!(outcome, "the task ended early"),
            Self::Conflict(_) | Self::Transient(_) => {
                tracing::warn!(error, outcome, "the task will be tried again")
            }
            _ => tracing::error!(error, outcome, "the task failed"),
        }
    }
}

/// Reads a task's event. What was wrong with it is not repeated: it may hold a token.
pub fn read<T: DeserializeOwned>(event: Value) -> Result<T, TaskError> {
    serde_json::from_value(event)
        .map_err(|_| TaskError::Invalid("the event does not have the task's fields".into()))
}

/// The boundary: the runtime makes this conversion once for every error.
impl From<TaskError> for Diagnostic {
    fn from(error: TaskError) -> Self {
        error.log();
        Self { error_type: error.name().to_owned(), error_message: error.to_string() }
    }
}

impl From<BadInput> for TaskError {
    fn from(bad: BadInput) -> Self {
        Self::Invalid(Box::new(bad))
    }
}

impl From<Failure> for TaskError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Transient(cause) => Self::Transient(cause),
            Failure::Corrupt(_) | Failure::Bug(_) => Self::Bug(Box::new(failure)),
        }
    }
}

/// A task names what its own workflow is about, so there must be such a thing.
impl From<Missing> for TaskError {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::NotFound => Self::Invalid(Box::new(missing)),
            Missing::Failure(failure) => failure.into(),
        }
    }
}

impl From<StoreError> for TaskError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Conflict(Box::new(error)),
            StoreError::Unavailable(cause) => Self::Transient(cause),
            StoreError::Corrupt { .. } => Self::Bug(Box::new(error)),
        }
    }
}

impl From<DirectoryError> for TaskError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Unavailable(cause) => Self::Transient(cause),
            DirectoryError::Corrupt { .. } => Self::Bug(Box::new(error)),
        }
    }
}

impl From<ProviderError> for TaskError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Unavailable(cause) => Self::Transient(cause),
            ProviderError::Refused { .. } => Self::Rejected(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn every() -> Vec<TaskError> {
        let cause = || Cause::from("AKIAEXAMPLE");
        vec![
            TaskError::Invalid(cause()),
            TaskError::Rejected(cause()),
            TaskError::Conflict(cause()),
            TaskError::Transient(cause()),
            TaskError::Bug(cause()),
            TaskError::Denied,
            TaskError::Cancelled,
            TaskError::AskAgain,
            TaskError::NotYet,
            TaskError::WindowMoved,
            TaskError::InUse,
            TaskError::Rotating,
        ]
    }

    #[test]
    fn the_list_of_names_is_the_names() {
        let names: BTreeSet<_> = every().iter().map(TaskError::name).collect();
        assert_eq!(names, BTreeSet::from(ALL));
    }

    #[test]
    fn the_workflow_learns_the_name_and_nothing_of_the_cause() {
        for error in every() {
            let name = error.name();
            let diagnostic = Diagnostic::from(error);
            assert_eq!(diagnostic.error_type, name);
            assert!(!diagnostic.error_message.contains("AKIA") && !diagnostic.error_message.is_empty());
        }
    }

    #[test]
    fn an_event_that_cannot_be_read_is_invalid_and_is_not_repeated() {
        #[derive(Debug, serde::Deserialize)]
        struct Task {
            request_id: String,
        }
        let good: Task = read(serde_json::json!({ "request_id": "r", "added_later": 1 })).unwrap();
        assert_eq!(good.request_id, "r");
        let error =
            read::<Task>(serde_json::json!({ "request_id": { "token": "AKIAEXAMPLE" } })).unwrap_err();
        assert_eq!(error.name(), "Stint.Invalid");
        assert!(!chain(&error).contains("AKIA"));
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
        let name = |error: TaskError| error.name();
        assert_eq!(name(StoreError::Unavailable("slow".into()).into()), "Stint.Transient");
        assert_eq!(name(StoreError::Conflict.into()), "Stint.Conflict");
        assert_eq!(name(Failure::Bug("x").into()), "Stint.Bug");
        assert_eq!(name(Missing::NotFound.into()), "Stint.Invalid");
        let refused = ProviderError::Refused { reason: "no such user".to_owned(), cause: "404".into() };
        assert_eq!(name(refused.into()), "Stint.Rejected");
    }
}
