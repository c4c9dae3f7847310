//! What can go wrong, by what whoever runs it can do about it.

use std::error::Error;
use thiserror::Error;

pub type Result<T, E = LocalError> = std::result::Result<T, E>;

#[derive(Debug, Error)]
pub enum LocalError {
    /// To be installed, or set, before anything works.
    #[error("{what} is missing: {advice}")]
    Missing { what: String, advice: String },
    /// A tool ran and failed; `output` is the end of what it said.
    #[error("{what} failed\n{output}")]
    Failed { what: String, output: String },
    #[error("{0} cannot be reached")]
    Unreachable(String, #[source] Box<dyn Error + Send + Sync>),
    /// The cloud answered, and refused.
    #[error("{call} was answered with {status}: {body}")]
    Refused { call: String, status: u16, body: String },
    #[error("{0}")]
    Unexpected(String),
    #[error("{0}")]
    Io(String, #[source] std::io::Error),
    #[error("{what} has not happened within {seconds} seconds")]
    TimedOut { what: String, seconds: u64 },
}

impl LocalError {
    pub(crate) fn io(what: impl ToString) -> impl FnOnce(std::io::Error) -> Self {
        move |cause| Self::Io(what.to_string(), cause)
    }

    pub(crate) fn unexpected(what: impl Into<String>) -> Self {
        Self::Unexpected(what.into())
    }

    /// Whether the cloud refused with this error code.
    #[must_use]
    pub fn is_refusal(&self, code: &str) -> bool {
        matches!(self, Self::Refused { body, .. } if body.contains(code))
    }

    /// The error and what is behind it, for a terminal.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}
