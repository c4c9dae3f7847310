//! Access in IAM: what each kind of it makes at its target, and how that is taken away and read back.
//!
//! Guards I1 at the target itself: every `Allow` ends at the window's end by IAM's own clock, with all of Stint down. What
//! is made is named by its grant, and nothing else is touched. It must not know requests or the audit.

mod altered;
mod credentials;
mod elevation;
mod enrolment;
mod ephemeral;
mod errors;
mod inventory;
mod leftovers;
mod policy;
mod role_session;
#[cfg(test)]
mod tests;

use crate::client::OnFirstUse;
use aws_sdk_iam::Client;
use aws_types::SdkConfig;
pub use credentials::Credentials;
use jiff::Timestamp;
use stint_app::ports::{Artefact, Provider, ProviderError, Sighting};
use stint_domain::access::Access;

/// Every kind of access in IAM.
pub struct Iam {
    client: OnFirstUse<Client>,
    boundary: Option<String>,
}

impl Iam {
    /// For whoever only takes.
    #[must_use]
    pub fn taking(config: &SdkConfig) -> Self {
        Self { client: OnFirstUse::new(config, Client::new), boundary: None }
    }

    /// `boundary`: the ARN of the permissions boundary that whatever gets access has to wear, and is found by.
    #[must_use]
    pub fn within(config: &SdkConfig, boundary: String) -> Self {
        Self { client: OnFirstUse::new(config, Client::new), boundary: Some(boundary) }
    }

    fn boundary(&self) -> Result<&str, ProviderError> {
        self.boundary
            .as_deref()
            .ok_or_else(|| errors::refused("this function may not give or look for access", NoBoundary))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no boundary is configured")]
struct NoBoundary;

/// What is not given in IAM.
fn elsewhere() -> ProviderError {
    errors::refused("this kind of access is not given in IAM", NotInIam)
}

#[derive(Debug, thiserror::Error)]
#[error("not in IAM")]
struct NotInIam;

impl Provider for Iam {
    async fn activate(&self, artefact: &Artefact) -> Result<(), ProviderError> {
        let iam = self.client.get();
        match &artefact.access {
            Access::IamUserElevation { user, .. } => elevation::activate(iam, user, artefact).await,
            Access::EphemeralIamUser { .. } => ephemeral::activate(iam, self.boundary()?, artefact).await,
            Access::RoleSession { role, .. } => role_session::activate(iam, self.boundary()?, role).await,
            Access::Checkout { .. } | Access::Provided { .. } => Err(elsewhere()),
        }
    }

    async fn deactivate(&self, artefact: &Artefact, now: Timestamp) -> Result<(), ProviderError> {
        let iam = self.client.get();
        match &artefact.access {
            Access::IamUserElevation { user, .. } => elevation::deactivate(iam, user, artefact).await,
            Access::EphemeralIamUser { .. } => ephemeral::deactivate(iam, artefact).await,
            Access::RoleSession { role, .. } => role_session::deactivate(iam, role, artefact, now).await,
            Access::Checkout { .. } | Access::Provided { .. } => Err(elsewhere()),
        }
    }

    async fn verify_removed(&self, artefact: &Artefact, now: Timestamp) -> Result<Sighting, ProviderError> {
        let iam = self.client.get();
        match &artefact.access {
            Access::IamUserElevation { user, .. } => elevation::look(iam, user, artefact, now).await,
            Access::EphemeralIamUser { .. } => ephemeral::look(iam, artefact, now).await,
            Access::RoleSession { role, .. } => role_session::look(iam, role, artefact, now).await,
            Access::Checkout { .. } | Access::Provided { .. } => Err(elsewhere()),
        }
    }
}
