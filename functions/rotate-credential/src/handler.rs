//! Two contracts: Secrets Manager's event for a rotation's step, and the task of a workflow that waits for its end.
//! Executions outlive deployments: fields are added, never renamed, and unknown ones ignored.

use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use stint_app::end_access::EndError;
use stint_app::ports::{
    Ledger, Provider, RotatedLogin, Surroundings, TaskToken, TaskTokens, Vault, VersionId, Workflow,
};
use stint_app::rotate_credential::{RotateError, Rotation, RotationStep, await_rotation, close_checkout};
use stint_domain::BadInput;
use stint_domain::ids::SecretName;
use stint_edge::emf::{Metric, count};
use stint_edge::task_error::{TaskError, read};

/// It has no `Debug`, because of the token.
#[derive(Deserialize)]
#[serde(untagged)]
enum Event {
    Step(StepEvent),
    Wait { request_id: String, task_token: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StepEvent {
    step: Step,
    /// An ARN.
    secret_id: String,
    client_request_token: String,
}

#[derive(Deserialize, Clone, Copy)]
enum Step {
    #[serde(rename = "createSecret")]
    Create,
    #[serde(rename = "setSecret")]
    Set,
    #[serde(rename = "testSecret")]
    Test,
    #[serde(rename = "finishSecret")]
    Finish,
}

pub(crate) struct Deps<L, P, V, T, W, S> {
    pub(crate) store: L,
    pub(crate) provider: P,
    pub(crate) vault: V,
    pub(crate) logins: T,
    pub(crate) workflow: W,
    pub(crate) surroundings: S,
}

/// IAM makes known within seconds what has become of a key, so a test is made a few times before it has failed; and
/// what another rotation has on its way settles within seconds, too.
const TESTS: u32 = 8;
const BETWEEN_TESTS: Duration = Duration::from_secs(1);

pub(crate) async fn handle<L, P, V, T, W, S>(
    deps: &Deps<L, P, V, T, W, S>,
    event: Value,
) -> Result<(), TaskError>
where
    L: Ledger + TaskTokens,
    P: Provider,
    V: Vault,
    T: RotatedLogin,
    W: Workflow,
    S: Surroundings,
{
    match read(event)? {
        Event::Step(step) => deps.step(&step).await,
        Event::Wait { request_id, task_token } => {
            let (id, token) = (request_id.parse()?, TaskToken::new(task_token));
            let Deps { store, provider, workflow, surroundings, .. } = deps;
            let waits = await_rotation(store, provider, workflow, surroundings, id, &token).await;
            waits.map_err(|error| deps.task_error(error))
        }
    }
}

impl<L, P, V, T, W, S> Deps<L, P, V, T, W, S>
where
    L: Ledger + TaskTokens,
    P: Provider,
    V: Vault,
    T: RotatedLogin,
    W: Workflow,
    S: Surroundings,
{
    async fn step(&self, event: &StepEvent) -> Result<(), TaskError> {
        let secret = secret_name(&event.secret_id)?;
        let version = VersionId::new(event.client_request_token.clone());
        let rotation = Rotation {
            ledger: &self.store,
            vault: &self.vault,
            login: &self.logins,
            secret: &secret,
            version: &version,
        };
        let step = match event.step {
            Step::Create => RotationStep::Create,
            Step::Set => RotationStep::Set,
            Step::Test => RotationStep::Test,
            Step::Finish => RotationStep::Finish,
        };
        self.patiently(&rotation, step).await.map_err(rotate_error)?;
        tracing::info!(secret = %secret, step = ?step, outcome = "done", "rotating");
        if step == RotationStep::Finish {
            count(Metric::CredentialRotated, self.surroundings.now());
            let Self { store, provider, workflow, surroundings, .. } = self;
            match close_checkout(store, provider, workflow, surroundings, &secret).await {
                Ok(()) => {}
                // It has been rotated, and whoever ends the grant finds that.
                Err(error) => tracing::warn!(
                    secret = %secret, error = &error as &dyn std::error::Error, "the checkout is not closed yet"
                ),
            }
        }
        Ok(())
    }

    async fn patiently(
        &self,
        rotation: &Rotation<'_, L, V, T>,
        step: RotationStep,
    ) -> Result<(), RotateError> {
        for _ in 1..TESTS {
            match rotation.step(step, &self.surroundings).await {
                Err(RotateError::NewRefused | RotateError::OldAccepted | RotateError::Unsettled(_)) => {
                    tokio::time::sleep(BETWEEN_TESTS).await;
                }
                done => return done,
            }
        }
        rotation.step(step, &self.surroundings).await
    }

    fn task_error(&self, error: EndError) -> TaskError {
        match error {
            EndError::WindowOpen => TaskError::WindowMoved,
            EndError::Missing(missing) => missing.into(),
            EndError::RemovalFailed(_) => {
                count(Metric::RemovalFailed, self.surroundings.now());
                TaskError::Transient(Box::new(error))
            }
            EndError::NotSettled { .. } | EndError::UnderWay => TaskError::Transient(Box::new(error)),
        }
    }
}

fn rotate_error(error: RotateError) -> TaskError {
    match error {
        RotateError::CheckedOut { .. } => TaskError::InUse,
        RotateError::Failure(failure) => failure.into(),
        RotateError::Target(error) => error.into(),
        RotateError::Unsettled(_)
        | RotateError::NothingPending
        | RotateError::NewRefused
        | RotateError::OldAccepted => TaskError::Transient(Box::new(error)),
    }
}

/// Secrets Manager adds six characters of its own to the name.
fn secret_name(arn: &str) -> Result<SecretName, BadInput> {
    let wrong = || BadInput::new("SecretId", "must be the ARN of a secret");
    let (_, name) = arn.split_once(":secret:").ok_or_else(wrong)?;
    let (name, suffix) = name.rsplit_once('-').ok_or_else(wrong)?;
    if suffix.len() == 6 { name.parse() } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_leads_to_the_name_of_a_secret_of_the_vault() {
        let arn = |name: &str| format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}");
        assert_eq!(secret_name(&arn("stint/vault/a-b-AbCdEf")).unwrap().as_str(), "stint/vault/a-b");
        for wrong in ["stint/vault/a", "other-AbCdEf", "stint/vault/a-b"] {
            assert!(secret_name(&arn(wrong)).is_err(), "{wrong}");
        }
        assert!(secret_name("stint/vault/a-AbCdEf").is_err());
    }
}
