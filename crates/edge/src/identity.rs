//! Who is calling, by an access token of the identity provider.
//!
//! Guards: the API gateway has verified the token already, and it is verified again here, since the gateway's route
//! settings are one mistake away from being open. One algorithm; one issuer; a [`Verified`] can come from nowhere else.
//! Tokens are never logged. It must not know what the caller wants.

mod claims;
mod keys;
mod signature;
#[cfg(test)]
mod tests;
mod workload;

pub(crate) use claims::PAGE_SESSION;
pub use claims::Rejection;
pub use workload::WorkloadVerifier;

use crate::identity::claims::{Expected, UnverifiedClaims};
use crate::identity::keys::KeyCache;
use crate::object::Object;
use crate::problem::Problem;
use http::{Extensions, HeaderMap, header::AUTHORIZATION};
use jiff::Timestamp;
use lambda_http::request::RequestContext;
use stint_app::ports::Cause;
use stint_app::ports::KeySource;
use stint_domain::ids::PrincipalId;
use thiserror::Error;

/// A caller whose token is genuine, current and meant for Stint.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub principal: PrincipalId,
    /// When the caller proved who they are; if the token does not say, when it was issued.
    pub authenticated_at: Timestamp,
    /// Whether the issuer says that it asked for a second factor (RFC 8176).
    pub mfa: bool,
}

#[derive(Debug, Error)]
pub enum IdentityError {
    #[error("there is no bearer token")]
    NoToken,
    #[error("the token was refused")]
    Refused(#[from] Rejection),
    #[error("the issuer's keys could not be fetched")]
    KeysUnavailable(#[source] Cause),
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::NoToken => Self::Unauthenticated { token_sent: false },
            IdentityError::Refused(rejection) => {
                tracing::info!(reason = %rejection, outcome = "unauthenticated", "a token was refused");
                Self::Unauthenticated { token_sent: true }
            }
            IdentityError::KeysUnavailable(_) => Self::unavailable(&error),
        }
    }
}

/// Verifies tokens of one issuer, with its keys from `K`.
pub struct TokenVerifier<K> {
    keys: KeyCache<K>,
    expected: Expected,
}

impl<K: KeySource> TokenVerifier<K> {
    /// `audience`: the client ids whose tokens are meant for Stint.
    pub fn new(source: K, issuer: String, audience: Vec<String>) -> Self {
        signature::install();
        Self { keys: KeyCache::new(source), expected: Expected { issuer, audience } }
    }

    /// The caller of a request, by its `Authorization` and by what the gateway says it saw there.
    pub async fn verify(
        &self,
        headers: &HeaderMap,
        gateway: &GatewayIdentity,
        now: Timestamp,
    ) -> Result<Verified, IdentityError> {
        let token = bearer(headers).ok_or(IdentityError::NoToken)?;
        let verified = self.claims(token, now).await?.check(&self.expected, now)?;
        // INVARIANT: what the gateway let in and what is acted on is the same person.
        if !gateway.agrees_with(verified.principal.as_str()) {
            return Err(Rejection::NotTheGateways.into());
        }
        Ok(verified)
    }
}

impl<K: KeySource> TokenVerifier<K> {
    /// Whoever has signed in for this page, by an ID token (OpenID Connect Core, 3.1.3.7) that was asked for with this
    /// `nonce`, and says that they proved who they are less than ten minutes ago.
    pub async fn verify_sign_in(
        &self,
        token: &str,
        client: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Verified, IdentityError> {
        let claims = self.claims(token, now).await?;
        Ok(claims.check_sign_in(&self.expected.issuer, client, nonce, now)?)
    }

    /// Of a genuine token.
    async fn claims(&self, token: &str, now: Timestamp) -> Result<UnverifiedClaims, IdentityError> {
        let key_id = signature::key_id(token)?;
        let key = self.keys.key(&key_id, now).await.map_err(IdentityError::KeysUnavailable)?;
        let Object(claims): Object<UnverifiedClaims> =
            signature::open(token, &*key.ok_or(Rejection::UnknownKey)?)?;
        Ok(claims)
    }
}

/// What is read of a token's payload, as JSON: for those who test the reading. Nobody is believed by it, since a
/// [`Verified`] cannot be made of it.
#[doc(hidden)]
#[must_use]
pub fn claims_as_read(payload: &[u8]) -> Option<String> {
    let Object(claims): Object<UnverifiedClaims> = serde_json::from_slice(payload).ok()?;
    serde_json::to_string(&claims).ok()
}

/// Whom the API gateway's authorizer saw. It adds no trust: it can only disagree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GatewayIdentity {
    subject: Option<String>,
}

impl GatewayIdentity {
    /// From the extensions of a request that came through Lambda.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        let Some(RequestContext::ApiGatewayV2(context)) = extensions.get::<RequestContext>() else {
            return Self::default();
        };
        let jwt = context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.as_ref());
        // An authorizer without a subject is one that agrees with nobody.
        Self { subject: jwt.map(|jwt| jwt.claims.get("sub").cloned().unwrap_or_default()) }
    }

    fn agrees_with(&self, subject: &str) -> bool {
        self.subject.as_deref().is_none_or(|seen| seen == subject)
    }
}

/// The one bearer token; two `Authorization` headers are none.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (first, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = first.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.trim())
}
