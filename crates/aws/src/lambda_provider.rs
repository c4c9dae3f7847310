//! Access that a provider gives: a Lambda function of the organisation's own, called by the contract of `stint-provider`.
//!
//! Guards: whatever is not an answer by the contract is "not known", and never a proof that something is gone. A call is
//! not sent twice by itself, and the function has to be done with it soon, so that nothing is given by a call that Stint
//! has given up. What a call and its answer contain stands in no error.

#[cfg(test)]
mod tests;

use crate::client::{OPERATION_TIMEOUT, OnFirstUse};
use crate::surroundings::Machine;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::primitives::Blob;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use jiff::Timestamp;
use std::error::Error;
use stint_app::ports::{
    Artefact, Credential, CredentialIssuer, Enrolment, Provider, ProviderError, Secret, Sighting,
    Surroundings as _, Unfit,
};
use stint_domain::access::Access;
use stint_domain::grant::{Evidence, Receipt};
use stint_domain::provided::Parameter;
use stint_provider::{Answer, Call, Grant, Operation, VERSION};

/// The longest `Timeout`, in seconds, that a provider's function may have: an activation that Stint gives up must be over
/// before Stint looks whether anything is left.
const LONGEST_TIMEOUT: i32 = 8;

/// What a provider says ends up before people's eyes and in the audit, as far as this many characters.
const LONGEST_TEXT: usize = 200;

const NO_SUCH_FUNCTION: &str = "ResourceNotFoundException";

pub struct LambdaProvider {
    client: OnFirstUse<Client>,
}

impl LambdaProvider {
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        let timeouts = config.timeout_config().map_or_else(Default::default, |own| own.to_builder());
        let once = config.to_builder().retry_config(RetryConfig::disabled());
        let once = once.timeout_config(timeouts.operation_attempt_timeout(OPERATION_TIMEOUT).build());
        Self { client: OnFirstUse::new(&once.build(), Client::new) }
    }

    async fn call(
        &self,
        operation: Operation,
        artefact: &Artefact,
        now: Timestamp,
    ) -> Result<Answer, ProviderError> {
        let (function, call) = call(operation, artefact, now)?;
        let body = serde_json::to_vec(&call).map_err(|_| unavailable(NoAnswer))?;
        let invoke = self.client.get().invoke().function_name(function).payload(Blob::new(body));
        let answer = invoke.send().await.map_err(classify)?;
        if answer.function_error.is_some() {
            return Err(unavailable(Failed));
        }
        let answer = answer.payload.ok_or_else(|| unavailable(NoAnswer))?;
        match Answer::read(answer.as_ref()).map_err(unavailable)? {
            Answer::Refused { reason } => Err(refused(&shown(&reason), Declined)),
            answer => Ok(answer),
        }
    }

    async fn done(
        &self,
        operation: Operation,
        artefact: &Artefact,
        now: Timestamp,
    ) -> Result<(), ProviderError> {
        match self.call(operation, artefact, now).await? {
            Answer::Done => Ok(()),
            _ => Err(unavailable(NoAnswer)),
        }
    }
}

impl Provider for LambdaProvider {
    async fn activate(&self, artefact: &Artefact) -> Result<(), ProviderError> {
        self.done(Operation::Activate, artefact, Machine.now()).await
    }

    async fn deactivate(&self, artefact: &Artefact, now: Timestamp) -> Result<(), ProviderError> {
        self.done(Operation::Deactivate, artefact, now).await
    }

    async fn verify_removed(&self, artefact: &Artefact, now: Timestamp) -> Result<Sighting, ProviderError> {
        match self.call(Operation::Verify, artefact, now).await? {
            Answer::Gone { looked_at, answered } => Ok(Sighting::Over(Evidence::Gone(Receipt {
                looked_at: shown(&looked_at),
                answered: shown(&answered),
                at: now,
            }))),
            Answer::StillThere { looked_at } => Ok(Sighting::StillThere { looked_at: shown(&looked_at) }),
            _ => Err(unavailable(NoAnswer)),
        }
    }
}

impl CredentialIssuer for LambdaProvider {
    async fn issue(&self, artefact: &Artefact, now: Timestamp) -> Result<Credential, ProviderError> {
        let Answer::Credential { username, fields, expires_at } =
            self.call(Operation::Issue, artefact, now).await?
        else {
            return Err(unavailable(NoAnswer));
        };
        let fields = fields.into_iter().map(|(name, value)| (name, Secret::new(value.reveal().to_owned())));
        Ok(Credential::Account {
            username: shown(&username),
            fields: fields.collect(),
            expires_at: expires_at.min(artefact.window.ends_at()),
        })
    }
}

/// The function is looked at and not called: whether its target would take the access is for the provider to say later.
impl Enrolment for LambdaProvider {
    async fn check(&self, access: &Access) -> Result<Result<(), Unfit>, ProviderError> {
        let (provided, _) = access.provided().ok_or_else(elsewhere)?;
        let look = self.client.get().get_function_configuration();
        match look.function_name(provided.function.as_str()).send().await {
            Err(error) if error.code() == Some(NO_SUCH_FUNCTION) => Ok(Err(Unfit::NotEnrolled)),
            found => {
                let soon = found.map_err(classify)?.timeout.is_some_and(|seconds| seconds <= LONGEST_TIMEOUT);
                Ok(if soon { Ok(()) } else { Err(Unfit::NotEnrolled) })
            }
        }
    }
}

/// The function, and what it is sent.
fn call(operation: Operation, artefact: &Artefact, now: Timestamp) -> Result<(&str, Call), ProviderError> {
    let (provided, principal) = artefact.access.provided().ok_or_else(elsewhere)?;
    let (id, window) = (artefact.grant_id.to_string(), &artefact.window);
    // The same end given twice is the same call; all else is about how things are now.
    let of = if operation == Operation::Activate { window.ends_at() } else { now };
    let parameters = provided.parameters.iter().map(|(name, value)| (name.clone(), parameter(value)));
    let call = Call {
        version: VERSION,
        idempotency_key: format!("{id}:{operation}:{of}"),
        operation,
        grant: Grant {
            id,
            artefact_name: artefact.grant_id.artefact_name(),
            starts_at: window.starts_at(),
            ends_at: window.ends_at(),
        },
        principal: principal.as_str().to_owned(),
        target: provided.target.as_str().to_owned(),
        parameters: parameters.collect(),
        now,
    };
    Ok((provided.function.as_str(), call))
}

fn parameter(value: &Parameter) -> stint_provider::Parameter {
    use stint_provider::Parameter as Told;
    match value {
        Parameter::Flag(flag) => Told::Flag(*flag),
        Parameter::Number(number) => Told::Number(*number),
        Parameter::Text(text) => Told::Text(text.clone()),
        Parameter::List(list) => Told::List(list.clone()),
    }
}

/// On one line, and no longer than anybody reads.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_TEXT).collect()
}

#[derive(Debug, thiserror::Error)]
#[error("the provider's function failed")]
struct Failed;

#[derive(Debug, thiserror::Error)]
#[error("the provider did not answer what it was asked")]
struct NoAnswer;

#[derive(Debug, thiserror::Error)]
#[error("the provider said no")]
struct Declined;

fn elsewhere() -> ProviderError {
    refused("this kind of access is not given by a provider", Declined)
}

fn refused(reason: &str, cause: impl Error + Send + Sync + 'static) -> ProviderError {
    ProviderError::Refused { reason: reason.to_owned(), cause: Box::new(cause) }
}

fn unavailable(cause: impl Error + Send + Sync + 'static) -> ProviderError {
    ProviderError::Unavailable(Box::new(cause))
}

/// By code. What is not known to stay so counts as unavailable.
fn classify<E, R>(error: SdkError<E, R>) -> ProviderError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let reason = match error.code() {
        Some(NO_SUCH_FUNCTION) => "there is no such provider",
        Some("AccessDenied" | "AccessDeniedException") => "Stint may not call this provider",
        _ => return ProviderError::Unavailable(Box::new(error)),
    };
    refused(reason, error)
}
