//! What becomes which problem. Whatever is nobody's mistake outside is logged here, whole and once.

use super::Problem;
use crate::telemetry::chain;
use std::error::Error;
use stint_app::failure::{Failure, Missing};
use stint_app::ports::{DirectoryError, ListError, StoreError};
use stint_app::submit_request::Reason;
use stint_domain::BadInput;
use stint_domain::request::AccessRequest;
use stint_domain::transition::Refusal;

impl Problem {
    /// Something that Stint depends on did not answer.
    #[must_use]
    pub fn unavailable(error: &(dyn Error + 'static)) -> Self {
        tracing::warn!(error = chain(error), outcome = "unavailable", "a dependency did not answer");
        Self::Unavailable
    }

    /// Stint is wrong, or what it stored is.
    #[must_use]
    pub fn fault(error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = chain(error), outcome = "fault", "a request failed");
        Self::Fault
    }
}

impl From<BadInput> for Problem {
    fn from(bad: BadInput) -> Self {
        match bad.field {
            "duration" => Self::InvalidDuration(bad),
            _ => Self::InvalidField(bad),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match &failure {
            Failure::Transient(_) => Self::unavailable(&failure),
            Failure::Corrupt(_) | Failure::Bug(_) => Self::fault(&failure),
        }
    }
}

impl From<Missing> for Problem {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::NotFound => Self::NotFound,
            Missing::Failure(failure) => failure.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Conflict => Self::Conflict,
            StoreError::Unavailable(_) => Self::unavailable(&error),
            StoreError::Corrupt { .. } => Self::fault(&error),
        }
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        match &error {
            DirectoryError::Unavailable(_) => Self::unavailable(&error),
            DirectoryError::Corrupt { .. } => Self::fault(&error),
        }
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::BadCursor => Self::InvalidField(BadInput::new(
                "cursor",
                "must come from the page before, of the same listing",
            )),
            ListError::Store(error) => error.into(),
        }
    }
}

impl Problem {
    /// Policy says no to a decision or a review, in these words of its own.
    #[must_use]
    pub fn decision_refused(reasons: Vec<String>) -> Self {
        let reason = |reason| Reason { policy: None, reason };
        Self::DecisionRefused { reasons: reasons.into_iter().map(reason).collect() }
    }

    /// What `refusal` comes to for whoever asked something of the grant of `request`, in the state that it really is in.
    #[must_use]
    pub fn of_grant(refusal: Refusal, request: &AccessRequest) -> Self {
        match (Self::from(refusal), request.grant()) {
            (Self::WrongState { .. }, Some(grant)) => Self::WrongState { state: grant.name() },
            (problem, _) => problem,
        }
    }
}

const MORE: &str =
    "has to leave something, and nothing that was not asked or that an earlier approval has taken away";

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AlreadyDecided { state } | Refusal::NoGrant { state } => Self::WrongState { state },
            Refusal::SelfApproval | Refusal::SelfReview => Self::DecisionRefused { reasons: Vec::new() },
            Refusal::Reviewed => Self::WrongState { state: "REVIEWED" },
            Refusal::NotAsked { step } => Self::NotAsked { step },
            Refusal::Widens { field } => Self::InvalidField(BadInput::new(field, MORE)),
            Refusal::TooLateToDecide | Refusal::WindowOver | Refusal::Over => Self::TooLate,
            Refusal::NotYet { .. } => Self::WrongState { state: "SCHEDULED" },
            Refusal::Ending => Self::WrongState { state: "DEACTIVATING" },
            Refusal::WindowOpen | Refusal::NotFailing | Refusal::NotOver => {
                Self::WrongState { state: "ACTIVE" }
            }
            Refusal::NotActive => Self::WrongState { state: "SCHEDULED" },
            Refusal::NoCredential => Self::NoCredential,
            // None of these can follow from what a caller asks for.
            Refusal::ScopeMismatch
            | Refusal::TooFewApproved
            | Refusal::NoIntent
            | Refusal::NotSettled { .. }
            | Refusal::TooLong
            | Refusal::IsExtension
            | Refusal::NoExtension
            | Refusal::NoReview => Self::fault(&refusal),
        }
    }
}
