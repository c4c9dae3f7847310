//! Vaulted credentials in Secrets Manager: a checkout asks for a rotation when it ends, and is over when there has been
//! one.
//!
//! Guards I5: a rotation is named by the grant that it is after, so that it is asked for once however often, and a
//! version of that name which has been current is the only proof. It must not read a secret's value except for its
//! holder.

mod iam_user_key;
#[cfg(test)]
mod tests;
mod versions;

use crate::client::OnFirstUse;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_types::SdkConfig;
pub use iam_user_key::IamUserKeys;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use stint_app::ports::{Artefact, Credential, ProviderError, Secret, Sighting, Unfit, VersionId, Versions};
use stint_domain::grant::{Evidence, Receipt};
use stint_domain::ids::SecretName;

const NO_SUCH_SECRET: &str = "ResourceNotFoundException";
/// What Secrets Manager says of a secret that is to be deleted, and of a rotation that is under way.
const NOT_IN_THIS_STATE: &str = "InvalidRequestException";

/// The secrets that Stint may hand out.
pub struct SecretsVault {
    client: OnFirstUse<Client>,
}

impl SecretsVault {
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: OnFirstUse::new(config, Client::new) }
    }

    /// There is nothing to make. A credential that is just being rotated will be there in a moment.
    pub(crate) async fn activate(&self, secret: &SecretName) -> Result<(), ProviderError> {
        let found = self.described(secret).await?.ok_or_else(|| refused(NOT_THERE, Unusable))?;
        match stages(&found).pending {
            _ if !is_rotated(&found) => Err(refused(NOT_ROTATED, Unusable)),
            Some(_) => Err(ProviderError::Unavailable("a rotation is under way".into())),
            None => Ok(()),
        }
    }

    /// With a secret that is gone nothing is over: its login is as it was, and whoever has seen it still knows it. What
    /// stands in the way of the rotation is cleared first.
    pub(crate) async fn deactivate(
        &self,
        secret: &SecretName,
        artefact: &Artefact,
    ) -> Result<(), ProviderError> {
        let version = VersionId::after(artefact.grant_id);
        let found = self.described(secret).await?.ok_or_else(|| refused(NOT_THERE, Unusable))?;
        if was_current(&found, &version) {
            return Ok(());
        }
        if let Some(stray) = stages(&found).pending.filter(|pending| *pending != version) {
            self.unstage(secret, &stray).await?;
        }
        let rotate = self.client.get().rotate_secret().secret_id(secret.as_str());
        match rotate.client_request_token(version.as_str()).rotate_immediately(true).send().await {
            Err(error) if is_under_way(&error) => Ok(()),
            rotated => rotated.map(drop).map_err(classify),
        }
    }

    pub(crate) async fn look(
        &self,
        secret: &SecretName,
        artefact: &Artefact,
        now: Timestamp,
    ) -> Result<Sighting, ProviderError> {
        let version = VersionId::after(artefact.grant_id);
        Ok(match self.described(secret).await? {
            None => Sighting::StillThere { looked_at: place(secret) },
            Some(found) if was_current(&found, &version) => {
                let answered = format!("rotated to version {}", version.as_str());
                Sighting::Over(Evidence::Gone(Receipt { looked_at: place(secret), answered, at: now }))
            }
            Some(_) => Sighting::UnderWay { looked_at: place(secret) },
        })
    }

    pub(crate) async fn check(&self, secret: &SecretName) -> Result<Result<(), Unfit>, ProviderError> {
        let found = self.described(secret).await?;
        Ok(if found.is_some_and(|found| is_rotated(&found)) { Ok(()) } else { Err(Unfit::NotEnrolled) })
    }

    /// What its holder uses it with.
    pub(crate) async fn issue(
        &self,
        secret: &SecretName,
        artefact: &Artefact,
    ) -> Result<Credential, ProviderError> {
        let value = self.client.get().get_secret_value().secret_id(secret.as_str()).send().await;
        let found = value.map_err(classify)?;
        let text = found.secret_string.ok_or_else(|| refused(NOT_TEXT, Unusable))?;
        if let Some(key) = iam_user_key::credential(&text, artefact) {
            return Ok(key);
        }
        let version = VersionId::new(found.version_id.unwrap_or_default());
        Ok(Credential::Vaulted { version, fields: fields(&text)?, expires_at: artefact.window.ends_at() })
    }

    /// The secret of whoever may set the password of a login, by name or ARN.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] for one that is not there, or not Stint's to read.
    pub async fn administrator(&self, name: &str) -> Result<Secret, ProviderError> {
        let found = self.client.get().get_secret_value().secret_id(name).send().await.map_err(classify)?;
        found.secret_string.map(Secret::new).ok_or_else(|| refused(NOT_TEXT, Unusable))
    }

    /// `None` if there is none any more, or it is to be deleted.
    async fn described(&self, secret: &SecretName) -> Result<Option<DescribeSecretOutput>, ProviderError> {
        match self.client.get().describe_secret().secret_id(secret.as_str()).send().await {
            Err(error) if error.code() == Some(NO_SUCH_SECRET) => Ok(None),
            found => found.map(Some).map_err(classify),
        }
    }

    /// A version that is not pending, or not there, is as it should be.
    async fn unstage(&self, secret: &SecretName, version: &VersionId) -> Result<(), ProviderError> {
        let unstage = self.client.get().update_secret_version_stage().secret_id(secret.as_str());
        let unstage = unstage.version_stage(PENDING).remove_from_version_id(version.as_str());
        match unstage.send().await {
            Err(error) if matches!(error.code(), Some(NOT_STAGED | NO_SUCH_SECRET)) => Ok(()),
            unstaged => unstaged.map(drop).map_err(classify),
        }
    }
}

/// What Secrets Manager says if a label is not where it is to be taken from.
const NOT_STAGED: &str = "InvalidParameterException";

const PENDING: &str = "AWSPENDING";
const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

const NOT_THERE: &str = "there is no such secret";
const NOT_ROTATED: &str = "the secret is to be deleted, or has no rotation by Stint";
const NOT_TEXT: &str = "the secret is not in a form that Stint can hand out";

#[derive(Debug, thiserror::Error)]
#[error("the secret is not usable")]
struct Unusable;

fn place(secret: &SecretName) -> String {
    format!("secret {secret}")
}

/// It is not to be deleted, and somebody rotates it.
fn is_rotated(found: &DescribeSecretOutput) -> bool {
    found.deleted_date.is_none() && found.rotation_enabled() == Some(true)
}

fn stages(found: &DescribeSecretOutput) -> Versions {
    let staged = |stage: &str| {
        let versions = found.version_ids_to_stages()?.iter();
        let mut with = versions.filter(|(_, stages)| stages.iter().any(|one| one == stage));
        with.next().map(|(version, _)| VersionId::new(version.clone()))
    };
    let (current, pending, previous) = (staged(CURRENT), staged(PENDING), staged(PREVIOUS));
    // A version that has become the current one may keep the other label for a while.
    Versions { pending: pending.filter(|pending| Some(pending) != current.as_ref()), current, previous }
}

fn was_current(found: &DescribeSecretOutput, version: &VersionId) -> bool {
    let Versions { current, previous, .. } = stages(found);
    [current, previous].into_iter().flatten().any(|one| one == *version)
}

fn is_under_way<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let said = error.message().unwrap_or_default();
    error.code() == Some(NOT_IN_THIS_STATE) && said.contains("previous rotation")
}

fn refused(reason: &str, cause: impl Error + Send + Sync + 'static) -> ProviderError {
    ProviderError::Refused { reason: reason.to_owned(), cause: Box::new(cause) }
}

/// By code. What is not known to stay so counts as unavailable.
fn classify<E, R>(error: SdkError<E, R>) -> ProviderError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let reason = match error.code() {
        Some(NO_SUCH_SECRET) => NOT_THERE,
        Some(NOT_IN_THIS_STATE) => NOT_ROTATED,
        Some("AccessDenied" | "AccessDeniedException") => "Stint may not use this secret",
        Some("DecryptionFailure") => "the secret's key does not open it",
        _ => return ProviderError::Unavailable(Box::new(error)),
    };
    refused(reason, error)
}

/// The fields of a secret, whatever its kind. What is wrong with it is not repeated.
fn fields(text: &str) -> Result<BTreeMap<String, Secret>, ProviderError> {
    let fields = serde_json::from_str(text).map_err(|_| refused(NOT_TEXT, Unusable))?;
    let Value::Object(fields) = fields else { return Err(refused(NOT_TEXT, Unusable)) };
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Ok(fields.into_iter().filter_map(|(name, value)| Some((name, Secret::new(text(value)?)))).collect())
}
