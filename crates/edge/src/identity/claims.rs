//! What a token claims, and the rules by which it is believed.

use super::Verified;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stint_domain::ids::PrincipalId;
use subtle::ConstantTimeEq as _;
use thiserror::Error;

/// How far, in seconds, the issuer's clock may be from ours. Also how long a token may be used after its end.
const LEEWAY: i64 = 30;

/// How long, in seconds, whoever has signed in on a page may decide there.
pub(crate) const PAGE_SESSION: i64 = 600;

/// Why a token was not believed: for the log, never for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Rejection {
    #[error("not a signed token of the one algorithm")]
    Malformed,
    #[error("signed with a key that the issuer does not have")]
    UnknownKey,
    #[error("the signature does not hold")]
    BadSignature,
    #[error("of another issuer")]
    WrongIssuer,
    #[error("meant for somebody else")]
    WrongAudience,
    #[error("not an access token")]
    WrongUse,
    #[error("expired")]
    Expired,
    #[error("not valid yet")]
    NotYetValid,
    #[error("without a usable subject")]
    NoSubject,
    #[error("not of the caller that the gateway saw")]
    NotTheGateways,
    #[error("of a workload that stands for no service")]
    UnknownWorkload,
    #[error("not asked for by this browser about this link")]
    WrongNonce,
    #[error("of somebody who proved who they are too long ago, or who knows when")]
    SignedInBefore,
}

/// Whose tokens are accepted, and for whom they must be.
pub(super) struct Expected {
    pub(super) issuer: String,
    pub(super) audience: Vec<String>,
}

/// Genuine, but not checked yet: nobody may act on these.
#[derive(Deserialize, Serialize)]
pub(super) struct UnverifiedClaims {
    iss: String,
    sub: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    auth_time: Option<i64>,
    amr: Option<Vec<String>>,
    nonce: Option<String>,
    aud: Option<Audience>,
    client_id: Option<String>,
    token_use: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl UnverifiedClaims {
    pub(super) fn check(self, expected: &Expected, now: Timestamp) -> Result<Verified, Rejection> {
        self.check_meant_for(expected)?;
        self.verified(now)
    }

    /// The subject. A workload's token is made for its audience, so one without is meant for somebody else.
    pub(super) fn check_workload(self, expected: &Expected, now: Timestamp) -> Result<String, Rejection> {
        self.check_meant_for(expected)?;
        if self.aud.is_none() {
            return Err(Rejection::WrongAudience);
        }
        self.check_times(now.as_second())?;
        Ok(self.sub)
    }

    fn check_meant_for(&self, expected: &Expected) -> Result<(), Rejection> {
        if self.iss != expected.issuer {
            return Err(Rejection::WrongIssuer);
        }
        if !self.is_meant_for(&expected.audience) {
            return Err(Rejection::WrongAudience);
        }
        if self.token_use.as_deref().is_some_and(|token_use| token_use != "access") {
            return Err(Rejection::WrongUse);
        }
        Ok(())
    }

    /// An ID token names the one client it is for; a token for others as well is none.
    pub(super) fn check_sign_in(
        self,
        issuer: &str,
        client: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Verified, Rejection> {
        if self.iss != issuer {
            return Err(Rejection::WrongIssuer);
        }
        let for_the_page = match &self.aud {
            Some(Audience::One(aud)) => aud == client,
            Some(Audience::Several(auds)) => matches!(auds.as_slice(), [aud] if aud == client),
            None => false,
        };
        if !for_the_page {
            return Err(Rejection::WrongAudience);
        }
        if self.token_use.as_deref().is_some_and(|token_use| token_use != "id") {
            return Err(Rejection::WrongUse);
        }
        if !self.nonce.as_deref().is_some_and(|said| said.as_bytes().ct_eq(nonce.as_bytes()).into()) {
            return Err(Rejection::WrongNonce);
        }
        // The browser carries the wish for a fresh sign-in, so whoever sits there can leave it out. The token cannot.
        let since = self.auth_time.ok_or(Rejection::SignedInBefore)?.min(self.iat);
        if now.as_second() >= since.saturating_add(PAGE_SESSION) {
            return Err(Rejection::SignedInBefore);
        }
        self.verified(now)
    }

    fn verified(self, now: Timestamp) -> Result<Verified, Rejection> {
        self.check_times(now.as_second())?;
        let principal: PrincipalId = self.sub.parse().map_err(|_| Rejection::NoSubject)?;
        let authenticated_at = Timestamp::from_second(self.auth_time.unwrap_or(self.iat));
        let mfa = self.amr.is_some_and(|methods| methods.iter().any(|method| method == "mfa"));
        Ok(Verified { principal, authenticated_at: authenticated_at.map_err(|_| Rejection::Malformed)?, mfa })
    }

    /// By `aud`, or, where a token has none as Cognito's access tokens do, by the client it was given to. The gateway
    /// decides in the same way.
    fn is_meant_for(&self, audience: &[String]) -> bool {
        match (&self.aud, &self.client_id) {
            (Some(Audience::One(aud)), _) => audience.contains(aud),
            (Some(Audience::Several(auds)), _) => auds.iter().any(|aud| audience.contains(aud)),
            (None, Some(client)) => audience.contains(client),
            (None, None) => false,
        }
    }

    fn check_times(&self, now: i64) -> Result<(), Rejection> {
        if now >= self.exp.saturating_add(LEEWAY) {
            return Err(Rejection::Expired);
        }
        let begins = self.nbf.unwrap_or(self.iat).max(self.iat);
        if begins > now.saturating_add(LEEWAY) {
            return Err(Rejection::NotYetValid);
        }
        Ok(())
    }
}
