//! Secrets on their way to a holder.

use super::Artefact;
use super::ProviderError;
use super::VersionId;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;
use stint_domain::transition::Revealed;

/// A secret on its way to its holder: it has no `Debug` and no `Serialize`.
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// For the answer to its holder, and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// What a holder uses access with. It is stored nowhere that Stint writes to.
pub enum Credential {
    /// A key of AWS's.
    AccessKey {
        access_key_id: String,
        secret_access_key: Secret,
        /// A key that lasts as long as its user has none.
        session_token: Option<Secret>,
        /// When it stops working by itself; never after the window.
        expires_at: Timestamp,
    },
    /// A vaulted secret, field by field.
    Vaulted {
        version: VersionId,
        fields: BTreeMap<String, Secret>,
        /// When it is to be rotated.
        expires_at: Timestamp,
    },
    /// An account that a provider has made, field by field.
    Account {
        username: String,
        fields: BTreeMap<String, Secret>,
        /// When it stops working by itself; never after the window.
        expires_at: Timestamp,
    },
}

impl Credential {
    /// When it stops working by itself, or is taken out of use.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        match self {
            Self::AccessKey { expires_at, .. }
            | Self::Vaulted { expires_at, .. }
            | Self::Account { expires_at, .. } => *expires_at,
        }
    }

    /// What the audit says of it.
    #[must_use]
    pub fn revealed(&self) -> Revealed {
        match self {
            Self::AccessKey { access_key_id, expires_at, .. } => {
                Revealed::AccessKey { id: access_key_id.clone(), expires_at: *expires_at }
            }
            Self::Vaulted { version, .. } => Revealed::Secret { version: version.as_str().to_owned() },
            Self::Account { username, expires_at, .. } => {
                Revealed::Account { username: username.clone(), expires_at: *expires_at }
            }
        }
    }
}

/// Makes credentials of what was activated. Each call makes a new one; a user's earlier key stops working with it.
pub trait CredentialIssuer: Send + Sync {
    fn issue(
        &self,
        artefact: &Artefact,
        now: Timestamp,
    ) -> impl Future<Output = Result<Credential, ProviderError>> + Send;
}
