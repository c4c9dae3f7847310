//! What IAM's and STS's errors mean to whoever gives and takes.

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;
use stint_app::ports::ProviderError;

pub(super) const NO_SUCH_ENTITY: &str = "NoSuchEntity";

/// The role that gives may touch what wears the boundary, and nothing else.
pub(super) const NOT_ENROLLED: &str = "the target is not enrolled with Stint";
/// The roles that remove may touch every target, so somebody has taken that away from them.
pub(super) const REMOVAL_DENIED: &str = "IAM denies Stint the removal";
/// The same for what only looks for what is nobody's.
pub(super) const LOOK_DENIED: &str = "IAM denies Stint a look at it";
pub(super) const UNACCEPTABLE: &str = "IAM does not accept the policy of this entitlement";

pub(super) fn refused(reason: &str, cause: impl Error + Send + Sync + 'static) -> ProviderError {
    ProviderError::Refused { reason: reason.to_owned(), cause: Box::new(cause) }
}

/// By code. What is not known to stay so counts as unavailable.
pub(super) fn classify<E, R>(error: SdkError<E, R>, denied: &'static str) -> ProviderError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let reason = match error.code() {
        Some(NO_SUCH_ENTITY) => "there is no such IAM user or role",
        Some("MalformedPolicyDocument" | "ValidationError" | "InvalidInput" | "PackedPolicyTooLarge") => {
            UNACCEPTABLE
        }
        Some("LimitExceeded") => "a limit of IAM leaves no room for it",
        Some("AccessDenied" | "AccessDeniedException") => denied,
        Some("UnmodifiableEntity") => "IAM does not let anyone change this target",
        _ => return ProviderError::Unavailable(Box::new(error)),
    };
    refused(reason, error)
}

/// Taking what is not there succeeds.
pub(super) fn gone_or_taken<T, E, R>(result: Result<T, SdkError<E, R>>) -> Result<(), ProviderError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match result {
        Err(error) if error.code() != Some(NO_SUCH_ENTITY) => Err(classify(error, REMOVAL_DENIED)),
        _ => Ok(()),
    }
}
