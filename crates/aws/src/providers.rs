//! Every kind of access with whoever gives it.

use crate::iam::{Credentials, Iam};
use crate::vault::SecretsVault;
use aws_types::SdkConfig;
use jiff::Timestamp;
use stint_app::ports::{
    Artefact, Credential, CredentialIssuer, Enrolment, Inventory, Marked, Page, Provider, ProviderError,
    Sighting, Unfit,
};
use stint_domain::access::Access;

pub struct Providers {
    iam: Iam,
    vault: SecretsVault,
}

impl Providers {
    /// For whoever only takes.
    #[must_use]
    pub fn taking(config: &SdkConfig) -> Self {
        Self { iam: Iam::taking(config), vault: SecretsVault::new(config) }
    }

    /// `boundary`: the ARN of the permissions boundary that whatever gets access in IAM has to wear.
    #[must_use]
    pub fn within(config: &SdkConfig, boundary: String) -> Self {
        Self { iam: Iam::within(config, boundary), vault: SecretsVault::new(config) }
    }
}

impl Provider for Providers {
    async fn activate(&self, artefact: &Artefact) -> Result<(), ProviderError> {
        match artefact.access.vaulted() {
            Some(secret) => self.vault.activate(secret).await,
            None => self.iam.activate(artefact).await,
        }
    }

    async fn deactivate(&self, artefact: &Artefact, now: Timestamp) -> Result<(), ProviderError> {
        match artefact.access.vaulted() {
            Some(secret) => self.vault.deactivate(secret, artefact).await,
            None => self.iam.deactivate(artefact, now).await,
        }
    }

    async fn verify_removed(&self, artefact: &Artefact, now: Timestamp) -> Result<Sighting, ProviderError> {
        match artefact.access.vaulted() {
            Some(secret) => self.vault.look(secret, artefact, now).await,
            None => self.iam.verify_removed(artefact, now).await,
        }
    }
}

impl Enrolment for Providers {
    async fn check(&self, access: &Access) -> Result<Result<(), Unfit>, ProviderError> {
        match access.vaulted() {
            Some(secret) => self.vault.check(secret).await,
            None => self.iam.check(access).await,
        }
    }
}

/// A vaulted credential leaves no mark at its target, so there is nothing to find or to compare.
impl Inventory for Providers {
    async fn marked(&self, cursor: Option<&str>) -> Result<Page<Marked>, ProviderError> {
        self.iam.marked(cursor).await
    }

    async fn altered(&self, artefact: &Artefact) -> Result<Option<String>, ProviderError> {
        match artefact.access.vaulted() {
            Some(_) => Ok(None),
            None => self.iam.altered(artefact).await,
        }
    }
}

/// Every kind of credential with whoever hands it out.
pub struct Issuers {
    iam: Credentials,
    vault: SecretsVault,
}

impl Issuers {
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { iam: Credentials::new(config), vault: SecretsVault::new(config) }
    }
}

impl CredentialIssuer for Issuers {
    async fn issue(&self, artefact: &Artefact, now: Timestamp) -> Result<Credential, ProviderError> {
        match artefact.access.vaulted() {
            Some(secret) => self.vault.issue(secret, artefact).await,
            None => self.iam.issue(artefact, now).await,
        }
    }
}
