//! The versions of a secret, for the steps of its rotation.
//!
//! Guards: a step that comes twice finds what the first one wrote; a value that differs from it is refused by the vault
//! itself.

use super::{
    CURRENT, NO_SUCH_SECRET, NOT_TEXT, NOT_THERE, PENDING, SecretsVault, Unusable, classify, refused, stages,
};
use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;
use stint_app::ports::{ProviderError, Secret, Vault, VersionId, Versions};
use stint_domain::ids::SecretName;

impl Vault for SecretsVault {
    async fn versions(&self, secret: &SecretName) -> Result<Versions, ProviderError> {
        let found = self.described(secret).await?.ok_or_else(|| refused(NOT_THERE, Unusable))?;
        Ok(stages(&found))
    }

    async fn value(&self, secret: &SecretName, version: &VersionId) -> Result<Option<Secret>, ProviderError> {
        let get = self.client.get().get_secret_value().secret_id(secret.as_str());
        match get.version_id(version.as_str()).send().await {
            Err(error) if error.code() == Some(NO_SUCH_SECRET) => Ok(None),
            found => {
                let text =
                    found.map_err(classify)?.secret_string.ok_or_else(|| refused(NOT_TEXT, Unusable))?;
                Ok(Some(Secret::new(text)))
            }
        }
    }

    async fn put_pending(
        &self,
        secret: &SecretName,
        version: &VersionId,
        value: &Secret,
    ) -> Result<(), ProviderError> {
        let put = self.client.get().put_secret_value().secret_id(secret.as_str());
        let put = put.client_request_token(version.as_str()).secret_string(value.reveal());
        match put.version_stages(PENDING).send().await {
            // An earlier attempt was faster; what it has put is what the next steps take.
            Err(error) if error.code() == Some("ResourceExistsException") => Ok(()),
            put => put.map(drop).map_err(classify),
        }
    }

    async fn drop_pending(&self, secret: &SecretName, version: &VersionId) -> Result<(), ProviderError> {
        self.unstage(secret, version).await
    }

    async fn promote(
        &self,
        secret: &SecretName,
        version: &VersionId,
        current: Option<&VersionId>,
    ) -> Result<(), ProviderError> {
        let stage = self.client.get().update_secret_version_stage().secret_id(secret.as_str());
        let stage = stage.version_stage(CURRENT).move_to_version_id(version.as_str());
        let stage = stage.set_remove_from_version_id(current.map(|current| current.as_str().to_owned()));
        stage.send().await.map(drop).map_err(classify)?;
        // Else the next rotation could take this one for unfinished.
        self.unstage(secret, version).await
    }
}
