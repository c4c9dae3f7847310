//! What can go wrong, by what the caller can do about it.
//!
//! The texts are ours, with at most an SQLSTATE and the name of a database: what a server says may quote a statement.

use thiserror::Error;
use tokio_postgres::error::SqlState;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// It will be the same tomorrow, unless a person changes something. The reason is safe to show.
    #[error("PostgreSQL refused: {reason}")]
    Refused { reason: String },
    /// Try again later: it may or may not have happened. The reason is safe to show.
    #[error("PostgreSQL did not do it: {reason}")]
    Unavailable { reason: String },
}

impl Error {
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into() }
    }

    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into() }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code) => answered(code),
            None => Self::unavailable("the connection broke off"),
        }
    }
}

fn answered(code: &SqlState) -> Error {
    let reason = match *code {
        SqlState::INSUFFICIENT_PRIVILEGE => "the administrator may not do this",
        SqlState::UNDEFINED_OBJECT => "there is no such role",
        SqlState::INVALID_CATALOG_NAME => "there is no such database",
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "it does not admit the administrator"
        }
        SqlState::DEPENDENT_OBJECTS_STILL_EXIST => {
            return Error::unavailable("something still hangs on the role");
        }
        // Of the look at the clock; see `rotation`.
        SqlState::DIVISION_BY_ZERO => return Error::unavailable("it was told too late"),
        SqlState::DUPLICATE_OBJECT => return Error::unavailable("somebody else is making the same role"),
        _ => return other(code.code()),
    };
    Error::refused(reason)
}

/// Syntax, names and rights do not mend themselves; locks, limits, shutdowns and whatever else there is may.
fn other(code: &str) -> Error {
    let reason = format!("it answered SQLSTATE {code}");
    if code.starts_with("42") { Error::refused(reason) } else { Error::unavailable(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_must_change_is_refused_and_what_passes_is_not() {
        for permanent in
            [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::INVALID_PASSWORD, SqlState::SYNTAX_ERROR]
        {
            assert!(matches!(answered(&permanent), Error::Refused { .. }), "{permanent:?}");
        }
        for passing in
            [SqlState::LOCK_NOT_AVAILABLE, SqlState::ADMIN_SHUTDOWN, SqlState::TOO_MANY_CONNECTIONS]
        {
            assert!(matches!(answered(&passing), Error::Unavailable { .. }), "{passing:?}");
        }
    }
}
