//! What a holder uses access with: a key of the grant's own user, or a session of a role.
//!
//! Guards: nothing of it is kept. A user has one key at a time, and a new one takes the place of those before it, so that
//! a key whose answer was lost works for nobody. A session ends with the window, whatever STS says of its length.

use super::accounts::{Accounts, Duty};
use super::errors::{NOT_ENROLLED, classify, refused};
use super::{leftovers, policy};
use crate::client::OnFirstUse;
use aws_sdk_iam::Client as Iam;
use aws_sdk_sts::Client as Sts;
use aws_sdk_sts::types::Tag;
use aws_types::SdkConfig;
use jiff::Timestamp;
use stint_app::ports::{Artefact, Credential, CredentialIssuer, ProviderError, Secret};
use stint_domain::access::Access;
use stint_domain::ids::{RoleArn, SourceIdentity};

/// What STS gives to a caller that has assumed a role itself, in seconds.
const SHORTEST_SESSION: i64 = 900;
const LONGEST_SESSION: i64 = 3600;

pub struct Credentials {
    accounts: Accounts,
    sts: OnFirstUse<Sts>,
}

impl Credentials {
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { accounts: Accounts::new(config), sts: OnFirstUse::new(config, Sts::new) }
    }
}

impl CredentialIssuer for Credentials {
    async fn issue(&self, artefact: &Artefact, now: Timestamp) -> Result<Credential, ProviderError> {
        match &artefact.access {
            Access::IamUserElevation { .. } => {
                Err(refused("this kind of access has no credential of its own", NothingToIssue))
            }
            Access::EphemeralIamUser { account, .. } => {
                let grant = Some(artefact.grant_id);
                let iam = self.accounts.iam(account.as_ref(), Duty::HandOut, grant).await?;
                let key = key(&iam, artefact).await;
                key.inspect_err(|_| self.accounts.forget(account.as_ref()))
            }
            Access::RoleSession { role, source_identity, .. } => {
                session(self.sts.get(), role, source_identity, artefact, now).await
            }
            Access::Checkout { .. } | Access::Provided { .. } => Err(super::elsewhere()),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("nothing to issue")]
struct NothingToIssue;

#[derive(Debug, thiserror::Error)]
#[error("the answer has no credential in it")]
struct EmptyAnswer;

async fn key(iam: &Iam, artefact: &Artefact) -> Result<Credential, ProviderError> {
    let user = artefact.grant_id.artefact_name();
    leftovers::access_keys(iam, &user).await?;
    let made = iam.create_access_key().user_name(user).send().await;
    let made = made.map_err(|error| classify(error, NOT_ENROLLED))?.access_key;
    let key = made.ok_or_else(|| ProviderError::Unavailable(Box::new(EmptyAnswer)))?;
    Ok(Credential::AccessKey {
        access_key_id: key.access_key_id,
        secret_access_key: Secret::new(key.secret_access_key),
        session_token: None,
        expires_at: artefact.window.ends_at(),
    })
}

async fn session(
    sts: &Sts,
    role: &RoleArn,
    source_identity: &SourceIdentity,
    artefact: &Artefact,
    now: Timestamp,
) -> Result<Credential, ProviderError> {
    let tag = Tag::builder().key(policy::GRANT_TAG).value(artefact.grant_id.to_string()).build();
    let tag = tag.map_err(|cause| refused("its tag cannot be written", cause))?;
    let assume = sts
        .assume_role()
        .role_arn(role.as_str())
        .role_session_name(artefact.grant_id.artefact_name())
        .source_identity(source_identity.as_str())
        .policy(policy::allow(artefact)?)
        .tags(tag)
        .transitive_tag_keys(policy::GRANT_TAG)
        .set_external_id(artefact.access.account().map(|account| account.external_id.to_string()))
        .duration_seconds(session_seconds(artefact, now));
    let made = assume.send().await.map_err(|error| classify(error, NOT_ENROLLED))?.credentials;
    let made = made.ok_or_else(|| ProviderError::Unavailable(Box::new(EmptyAnswer)))?;
    let expiration = Timestamp::from_second(made.expiration.secs()).unwrap_or(artefact.window.ends_at());
    Ok(Credential::AccessKey {
        access_key_id: made.access_key_id,
        secret_access_key: Secret::new(made.secret_access_key),
        session_token: Some(Secret::new(made.session_token)),
        expires_at: expiration.min(artefact.window.ends_at()),
    })
}

/// What is left of the window, within what STS gives. The date in the session's policy does the rest.
fn session_seconds(artefact: &Artefact, now: Timestamp) -> i32 {
    let left = artefact.window.ends_at().as_second() - now.as_second();
    i32::try_from(left.clamp(SHORTEST_SESSION, LONGEST_SESSION)).unwrap_or(3600)
}
