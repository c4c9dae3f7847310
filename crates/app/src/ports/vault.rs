//! Vaulted secrets, their versions, and the logins that they open.

use super::ProviderError;
use super::Secret;
use std::future::Future;
use stint_domain::custody::SetAttempt;
use stint_domain::ids::GrantId;
use stint_domain::ids::SecretName;

/// A version of a secret, as Secrets Manager names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionId(String);

impl VersionId {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The version that the rotation after this grant makes. Named by the grant, a rotation is asked for once however
    /// often it is asked for.
    #[must_use]
    pub fn after(grant: GrantId) -> Self {
        Self(grant.artefact_name())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which version of a secret is which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Versions {
    pub current: Option<VersionId>,
    pub pending: Option<VersionId>,
    pub previous: Option<VersionId>,
}

/// The versions of a vaulted secret. All of it is safe to repeat.
pub trait Vault: Send + Sync {
    fn versions(&self, secret: &SecretName) -> impl Future<Output = Result<Versions, ProviderError>> + Send;
    /// `None` for a version that is not there, or has no value yet.
    fn value(
        &self,
        secret: &SecretName,
        version: &VersionId,
    ) -> impl Future<Output = Result<Option<Secret>, ProviderError>> + Send;
    fn put_pending(
        &self,
        secret: &SecretName,
        version: &VersionId,
        value: &Secret,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send;
    /// A rotation that nobody will finish is forgotten.
    fn drop_pending(
        &self,
        secret: &SecretName,
        version: &VersionId,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send;
    /// The pending version becomes the current one, in the place of `current`.
    fn promote(
        &self,
        secret: &SecretName,
        version: &VersionId,
        current: Option<&VersionId>,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send;
}

/// What a vaulted secret opens. Secrets are in the form in which the vault keeps them.
pub trait RotatedLogin: Send + Sync {
    /// What comes after `current`, from `random`. What an earlier attempt may have made in vain is cleared away.
    fn renew(
        &self,
        current: &Secret,
        random: [u8; 32],
    ) -> impl Future<Output = Result<Secret, ProviderError>> + Send;
    /// From now on the target takes `next` and nothing older, and what is in use by anything older ends. `older`: what may
    /// open it now, the likeliest first, if `next` does not yet. Written is until the attempt's time is over, which the
    /// target sees to if it can, and else the end of the process.
    fn replace(
        &self,
        next: &Secret,
        older: &[Secret],
        attempt: &SetAttempt,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send;
    /// Whether it opens the target now. A target that does not answer has not refused.
    fn works(&self, login: &Secret) -> impl Future<Output = Result<bool, ProviderError>> + Send;
}
