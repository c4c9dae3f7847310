//! The access key of an IAM user, as a login that is rotated.
//!
//! Guards: at the end there is one key, the new one; the old one has been seen to be inactive before it is deleted; and
//! sessions that were made of it are denied from then on (`GetSessionToken` needs no permission, and its sessions live
//! for up to 36 hours after their key).

#[cfg(test)]
mod tests;

use super::{NOT_TEXT, Unusable, refused};
use crate::client::OnFirstUse;
use crate::surroundings::Machine;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_iam::Client as Iam;
use aws_sdk_iam::types::{AccessKeyMetadata, StatusType};
use aws_sdk_sts::Client as Sts;
use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_types::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stint_app::ports::{Artefact, Credential, ProviderError, RotatedLogin, Secret, Surroundings as _};
use stint_domain::custody::SetAttempt;
use stint_domain::ids::IamUserName;

/// The policy that denies what is older than the last rotation.
const CUT: &str = "stint-sessions-before";

/// How long IAM may go on taking a key that was made inactive: longer than one test of a rotation waits to see it refused.
const KNOWN_AFTER: SignedDuration = SignedDuration::from_secs(15);

/// What STS says of a key that is inactive or gone.
const NOT_A_KEY: [&str; 3] = ["InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException"];

pub struct IamUserKeys {
    config: SdkConfig,
    iam: OnFirstUse<Iam>,
}

impl IamUserKeys {
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { config: config.clone(), iam: OnFirstUse::new(config, Iam::new) }
    }

    /// Whether a vaulted secret is of this kind.
    #[must_use]
    pub fn is_one(secret: &Secret) -> bool {
        read(secret).is_ok()
    }

    async fn keys(&self, user: &IamUserName) -> Result<Vec<AccessKeyMetadata>, ProviderError> {
        let listed = self.iam.get().list_access_keys().user_name(user.as_str()).send().await;
        Ok(listed.map_err(unavailable)?.access_key_metadata)
    }

    async fn delete(&self, user: &IamUserName, key: &str) -> Result<(), ProviderError> {
        let delete = self.iam.get().delete_access_key().user_name(user.as_str()).access_key_id(key);
        delete.send().await.map(drop).map_err(unavailable)
    }

    /// Inactive, seen to be so, and only then deleted: what cannot be deleted works no more either.
    async fn retire(&self, user: &IamUserName, key: &str) -> Result<(), ProviderError> {
        let switch = self.iam.get().update_access_key().user_name(user.as_str()).access_key_id(key);
        switch.status(StatusType::Inactive).send().await.map_err(unavailable)?;
        let still = |one: &AccessKeyMetadata| {
            one.access_key_id() == Some(key) && one.status() != Some(&StatusType::Inactive)
        };
        if self.keys(user).await?.iter().any(still) {
            return Err(ProviderError::Unavailable("the old key is still active".into()));
        }
        self.delete(user, key).await
    }

    /// From a time on at which the old keys are known to be gone: until then they can make sessions. That a session of the
    /// new key may be denied, if it is made so early, is the price.
    async fn deny_older_sessions(&self, user: &IamUserName) -> Result<(), ProviderError> {
        let gone = Machine.now().saturating_add(KNOWN_AFTER).unwrap_or(Timestamp::MAX);
        let before = stint_domain::window::whole_second(gone).to_string();
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "SessionsOfOlderKeys", "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": { "DateLessThan": { "aws:TokenIssueTime": before } },
        }] });
        let put = self.iam.get().put_user_policy().user_name(user.as_str()).policy_name(CUT);
        put.policy_document(policy.to_string()).send().await.map(drop).map_err(unavailable)
    }
}

/// As it is kept in the vault. It has no `Debug`.
#[derive(Serialize, Deserialize)]
struct Key {
    engine: Engine,
    user: IamUserName,
    access_key_id: String,
    secret_access_key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Engine {
    IamUserKey,
}

/// What is wrong with a secret is not repeated.
fn read(secret: &Secret) -> Result<Key, ProviderError> {
    serde_json::from_str(secret.reveal()).map_err(|_| refused(NOT_TEXT, Unusable))
}

/// For its holder, if the secret is a key.
pub(super) fn credential(text: &str, artefact: &Artefact) -> Option<Credential> {
    let key: Key = serde_json::from_str(text).ok()?;
    Some(Credential::AccessKey {
        access_key_id: key.access_key_id,
        secret_access_key: Secret::new(key.secret_access_key),
        session_token: None,
        expires_at: artefact.window.ends_at(),
    })
}

fn unavailable<E: std::error::Error + Send + Sync + 'static>(error: E) -> ProviderError {
    ProviderError::Unavailable(Box::new(error))
}

impl RotatedLogin for IamUserKeys {
    /// A user has two keys at most, so those of attempts that came to nothing make room first.
    async fn renew(&self, current: &Secret, _random: [u8; 32]) -> Result<Secret, ProviderError> {
        let Key { engine, user, access_key_id: kept, .. } = read(current)?;
        for stray in self.keys(&user).await?.iter().filter_map(AccessKeyMetadata::access_key_id) {
            if stray != kept {
                self.delete(&user, stray).await?;
            }
        }
        let made = self.iam.get().create_access_key().user_name(user.as_str()).send().await;
        let made = made.map_err(unavailable)?.access_key;
        let made = made.ok_or_else(|| ProviderError::Unavailable("no key in the answer".into()))?;
        let next = Key {
            engine,
            user,
            access_key_id: made.access_key_id,
            secret_access_key: made.secret_access_key,
        };
        serde_json::to_string(&next).map(Secret::new).map_err(unavailable)
    }

    async fn replace(
        &self,
        next: &Secret,
        _older: &[Secret],
        _attempt: &SetAttempt,
    ) -> Result<(), ProviderError> {
        let Key { user, access_key_id: kept, .. } = read(next)?;
        for old in self.keys(&user).await?.iter().filter_map(AccessKeyMetadata::access_key_id) {
            if old != kept {
                self.retire(&user, old).await?;
            }
        }
        self.deny_older_sessions(&user).await
    }

    async fn works(&self, login: &Secret) -> Result<bool, ProviderError> {
        let Key { access_key_id, secret_access_key, .. } = read(login)?;
        let key = Credentials::new(access_key_id, secret_access_key, None, None, "vault");
        let config =
            self.config.to_builder().credentials_provider(SharedCredentialsProvider::new(key)).build();
        match Sts::new(&config).get_caller_identity().send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code().is_some_and(|code| NOT_A_KEY.contains(&code)) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }
}
