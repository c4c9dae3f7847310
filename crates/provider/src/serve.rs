//! From a call to an answer, for who writes a provider.

use crate::{Answer, Call, Fields, Operation};
use jiff::Timestamp;
use serde_json::Value;
use std::error::Error;
use std::future::Future;

/// A place where access is given and taken. All of it is safe to repeat.
pub trait Target: Sync {
    /// Give access until `call.grant.ends_at`, and until a later end when called again with one.
    fn activate(&self, call: &Call) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Take it away. What is not there is a success.
    fn deactivate(&self, call: &Call) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Look at the target, and at nothing else, for what is left of the grant.
    fn verify(&self, call: &Call) -> impl Future<Output = Result<Look, Failure>> + Send;
    /// Make a credential. A provider whose entitlements have none leaves this as it is.
    fn issue(&self, _call: &Call) -> impl Future<Output = Result<Issued, Failure>> + Send {
        async { Err(Failure::refused("this provider has no credentials to hand out")) }
    }
}

/// What a look at the target showed, in words for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    Gone { looked_at: String, answered: String },
    StillThere { looked_at: String },
}

/// What its holder uses access with. It has no `Debug`.
pub struct Issued {
    pub username: String,
    pub fields: Fields,
    /// When it stops working by itself; never after the grant's end.
    pub expires_at: Timestamp,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It will not be done, today or tomorrow. `reason` is shown to people: no secret, nothing of the inside.
    #[error("refused: {reason}")]
    Refused { reason: String },
    /// The effect may or may not have happened: Stint calls again.
    #[error("the target did not answer")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl Failure {
    #[must_use]
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into() }
    }

    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(cause.into())
    }
}

/// The error that the function ends with. Its cause is its `source`, for the provider's own log, and not in its text,
/// which Lambda passes on.
#[derive(Debug, thiserror::Error)]
#[error("the target did not answer")]
pub struct Unavailable(#[source] Box<dyn Error + Send + Sync>);

/// Answers what came in. An `Err` is to be the function's error, which Stint takes for "try again".
pub async fn respond(target: &impl Target, event: Value) -> Result<Value, Unavailable> {
    let answer = match Call::read(event) {
        Ok(call) => dispatch(target, &call).await,
        Err(unacceptable) => Err(Failure::refused(unacceptable.to_string())),
    };
    match answer {
        Ok(answer) => Ok(answer.into_json()),
        Err(Failure::Refused { reason }) => Ok(Answer::Refused { reason }.into_json()),
        Err(Failure::Unavailable(cause)) => Err(Unavailable(cause)),
    }
}

async fn dispatch(target: &impl Target, call: &Call) -> Result<Answer, Failure> {
    Ok(match call.operation {
        Operation::Activate => target.activate(call).await.map(|()| Answer::Done)?,
        Operation::Deactivate => target.deactivate(call).await.map(|()| Answer::Done)?,
        Operation::Verify => match target.verify(call).await? {
            Look::Gone { looked_at, answered } => Answer::Gone { looked_at, answered },
            Look::StillThere { looked_at } => Answer::StillThere { looked_at },
        },
        Operation::Issue => {
            let Issued { username, fields, expires_at } = target.issue(call).await?;
            Answer::Credential { username, fields, expires_at }
        }
    })
}
