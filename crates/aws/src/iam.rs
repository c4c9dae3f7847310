//! Access in IAM: what each kind of it makes at its target, and how that is taken away and read back.
//!
//! Guards I1 at the target itself: every `Allow` ends at the window's end by IAM's own clock, with all of Stint down. What
//! is made is named by its grant, and nothing else is touched. It must not know requests or the audit.

mod accounts;
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

use accounts::{Accounts, Duty};
use aws_sdk_iam::Client;
use aws_types::SdkConfig;
pub use credentials::Credentials;
use jiff::Timestamp;
use std::collections::BTreeSet;
use stint_app::ports::{Artefact, Provider, ProviderError, Sighting};
use stint_domain::access::Access;
use stint_domain::account::TargetAccount;

/// Every kind of access in IAM.
pub struct Iam {
    accounts: Accounts,
    boundary: Option<String>,
    /// Where, besides Stint's own account, to look for what is nobody's.
    elsewhere: Vec<TargetAccount>,
}

impl Iam {
    /// For whoever only takes.
    #[must_use]
    pub fn taking(config: &SdkConfig) -> Self {
        Self { accounts: Accounts::new(config), boundary: None, elsewhere: Vec::new() }
    }

    /// `boundary`: the ARN of the permissions boundary that whatever gets access has to wear, and is found by. In another
    /// account it is the policy of the same name.
    #[must_use]
    pub fn within(config: &SdkConfig, boundary: String) -> Self {
        Self { boundary: Some(boundary), ..Self::taking(config) }
    }

    /// For whoever also looks for what is nobody's: in these accounts as well as in Stint's own.
    #[must_use]
    pub fn also_in(self, accounts: BTreeSet<TargetAccount>) -> Self {
        Self { elsewhere: accounts.into_iter().collect(), ..self }
    }

    fn boundary(&self, account: Option<&TargetAccount>) -> Result<String, ProviderError> {
        let own = self.boundary.as_deref();
        let own =
            own.ok_or_else(|| errors::refused("this function may not give or look for access", NoBoundary))?;
        Ok(account.map_or_else(|| own.to_owned(), |account| same_in(own, account)))
    }

    /// IAM where the artefact is, or is to be.
    async fn at(&self, artefact: &Artefact, duty: Duty) -> Result<Client, ProviderError> {
        self.accounts.iam(artefact.access.account(), duty, Some(artefact.grant_id)).await
    }

    fn done<T>(&self, access: &Access, result: Result<T, ProviderError>) -> Result<T, ProviderError> {
        if result.is_err() {
            self.accounts.forget(access.account());
        }
        result
    }
}

/// The ARN of what has the same name in another account.
fn same_in(arn: &str, account: &TargetAccount) -> String {
    let part = |(place, part)| if place == 4 { account.id() } else { part };
    arn.split(':').enumerate().map(part).collect::<Vec<_>>().join(":")
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
        let (iam, account) = (self.at(artefact, Duty::Give).await?, artefact.access.account());
        let given = match &artefact.access {
            Access::IamUserElevation { user, .. } => elevation::activate(&iam, user, artefact).await,
            Access::EphemeralIamUser { .. } => {
                ephemeral::activate(&iam, &self.boundary(account)?, artefact).await
            }
            Access::RoleSession { role, .. } => {
                role_session::activate(&iam, &self.boundary(account)?, role).await
            }
            Access::Checkout { .. } | Access::Provided { .. } => Err(elsewhere()),
        };
        self.done(&artefact.access, given)
    }

    async fn deactivate(&self, artefact: &Artefact, now: Timestamp) -> Result<(), ProviderError> {
        let iam = self.at(artefact, Duty::Take).await?;
        let taken = match &artefact.access {
            Access::IamUserElevation { user, .. } => elevation::deactivate(&iam, user, artefact).await,
            Access::EphemeralIamUser { .. } => ephemeral::deactivate(&iam, artefact).await,
            Access::RoleSession { role, .. } => role_session::deactivate(&iam, role, artefact, now).await,
            Access::Checkout { .. } | Access::Provided { .. } => Err(elsewhere()),
        };
        self.done(&artefact.access, taken)
    }

    async fn verify_removed(&self, artefact: &Artefact, now: Timestamp) -> Result<Sighting, ProviderError> {
        let iam = self.at(artefact, Duty::Take).await?;
        let seen = match &artefact.access {
            Access::IamUserElevation { user, .. } => elevation::look(&iam, user, artefact, now).await,
            Access::EphemeralIamUser { .. } => ephemeral::look(&iam, artefact, now).await,
            Access::RoleSession { role, .. } => role_session::look(&iam, role, artefact, now).await,
            Access::Checkout { .. } | Access::Provided { .. } => Err(elsewhere()),
        };
        self.done(&artefact.access, seen)
    }
}
