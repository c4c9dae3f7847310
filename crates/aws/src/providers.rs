//! Every kind of access with whoever gives it.

use crate::iam::{Credentials, Iam};
use crate::lambda_provider::LambdaProvider;
use crate::vault::SecretsVault;
use aws_types::SdkConfig;
use jiff::Timestamp;
use std::collections::BTreeSet;
use stint_app::ports::{
    Artefact, Credential, CredentialIssuer, Enrolment, Inventory, Look, Page, Provider, ProviderError,
    Sighting, Unfit,
};
use stint_domain::access::Access;
use stint_domain::account::TargetAccount;

pub struct Providers {
    iam: Iam,
    vault: SecretsVault,
    own: LambdaProvider,
}

impl Providers {
    /// For whoever only takes.
    #[must_use]
    pub fn taking(config: &SdkConfig) -> Self {
        Self::giving(Iam::taking(config), config)
    }

    /// `boundary`: the ARN of the permissions boundary that whatever gets access in IAM has to wear.
    #[must_use]
    pub fn within(config: &SdkConfig, boundary: String) -> Self {
        Self::giving(Iam::within(config, boundary), config)
    }

    /// For whoever also looks for what is nobody's: in these accounts as well as in Stint's own.
    #[must_use]
    pub fn also_in(self, accounts: BTreeSet<TargetAccount>) -> Self {
        Self { iam: self.iam.also_in(accounts), ..self }
    }

    fn giving(iam: Iam, config: &SdkConfig) -> Self {
        Self { iam, vault: SecretsVault::new(config), own: LambdaProvider::new(config) }
    }
}

impl Provider for Providers {
    async fn activate(&self, artefact: &Artefact) -> Result<(), ProviderError> {
        match &artefact.access {
            Access::Checkout { secret, .. } => self.vault.activate(secret).await,
            Access::Provided { .. } => self.own.activate(artefact).await,
            Access::IamUserElevation { .. }
            | Access::EphemeralIamUser { .. }
            | Access::RoleSession { .. } => self.iam.activate(artefact).await,
        }
    }

    async fn deactivate(&self, artefact: &Artefact, now: Timestamp) -> Result<(), ProviderError> {
        match &artefact.access {
            Access::Checkout { secret, .. } => self.vault.deactivate(secret, artefact).await,
            Access::Provided { .. } => self.own.deactivate(artefact, now).await,
            Access::IamUserElevation { .. }
            | Access::EphemeralIamUser { .. }
            | Access::RoleSession { .. } => self.iam.deactivate(artefact, now).await,
        }
    }

    async fn verify_removed(&self, artefact: &Artefact, now: Timestamp) -> Result<Sighting, ProviderError> {
        match &artefact.access {
            Access::Checkout { secret, .. } => self.vault.look(secret, artefact, now).await,
            Access::Provided { .. } => self.own.verify_removed(artefact, now).await,
            Access::IamUserElevation { .. }
            | Access::EphemeralIamUser { .. }
            | Access::RoleSession { .. } => self.iam.verify_removed(artefact, now).await,
        }
    }
}

impl Enrolment for Providers {
    async fn check(&self, access: &Access) -> Result<Result<(), Unfit>, ProviderError> {
        match access {
            Access::Checkout { secret, .. } => self.vault.check(secret).await,
            Access::Provided { .. } => self.own.check(access).await,
            Access::IamUserElevation { .. }
            | Access::EphemeralIamUser { .. }
            | Access::RoleSession { .. } => self.iam.check(access).await,
        }
    }
}

/// A vaulted credential leaves no mark at its target, so there is nothing to find or to compare. What a provider makes is
/// the provider's to find.
impl Inventory for Providers {
    async fn marked(&self, cursor: Option<&str>) -> Result<Page<Look>, ProviderError> {
        self.iam.marked(cursor).await
    }

    fn beyond(&self, cursor: Option<&str>) -> Option<String> {
        self.iam.beyond(cursor)
    }

    async fn altered(&self, artefact: &Artefact) -> Result<Option<String>, ProviderError> {
        match &artefact.access {
            Access::Checkout { .. } | Access::Provided { .. } => Ok(None),
            Access::IamUserElevation { .. }
            | Access::EphemeralIamUser { .. }
            | Access::RoleSession { .. } => self.iam.altered(artefact).await,
        }
    }
}

/// Every kind of credential with whoever hands it out.
pub struct Issuers {
    iam: Credentials,
    vault: SecretsVault,
    own: LambdaProvider,
}

impl Issuers {
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            iam: Credentials::new(config),
            vault: SecretsVault::new(config),
            own: LambdaProvider::new(config),
        }
    }
}

impl CredentialIssuer for Issuers {
    async fn issue(&self, artefact: &Artefact, now: Timestamp) -> Result<Credential, ProviderError> {
        match &artefact.access {
            Access::Checkout { secret, .. } => self.vault.issue(secret, artefact).await,
            Access::Provided { .. } => self.own.issue(artefact, now).await,
            Access::IamUserElevation { .. }
            | Access::EphemeralIamUser { .. }
            | Access::RoleSession { .. } => self.iam.issue(artefact, now).await,
        }
    }
}
