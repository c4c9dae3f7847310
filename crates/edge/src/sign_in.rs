//! Signing in from a link's page: OAuth's code flow with PKCE (RFC 7636), and the session of ten minutes that comes of it.
//!
//! Guards: a session is an ID token of the issuer, verified at every use, and nothing that Stint stores: whoever can write to
//! the tables cannot make one. It is good for the person whom the link was mailed to, for the link it was asked for, and in
//! the browser that asked. Starting and finishing change nothing. It must not know what is decided.
//!
//! The browser keeps a random secret. What the issuer sees (state, nonce, challenge) is made of it and tells nothing about it.

use crate::cookie::Cookie;
use crate::identity::{IdentityError, PAGE_SESSION, TokenVerifier, Verified};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::header::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stint_app::ports::{Code, CodeExchange, ExchangeError, KeySource};
use stint_domain::link::LinkHash;
use subtle::ConstantTimeEq as _;
use thiserror::Error;

const ATTEMPT: Cookie = Cookie { bound: "__Host-stint-sign-in", plain: "stint-sign-in" };
const SESSION: Cookie = Cookie { bound: "__Host-stint-session", plain: "stint-session" };
/// Browsers keep no larger cookie, in bytes of name and value.
const LARGEST_COOKIE: usize = 4096;
/// Under the base of mail links.
pub(crate) const CALLBACK: &str = "/approvals/callback";

/// Where people sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    pub authorize_url: String,
    /// The page's own: it has no secret, and may ask for a code and for nothing else.
    pub client_id: String,
}

pub struct SignIn<E> {
    issuer: Issuer,
    public_url: String,
    redirect_uri: String,
    secure: bool,
    exchange: E,
}

/// Why a sign-in came to nothing: for the log.
#[derive(Debug, Error)]
pub enum Failed {
    #[error("this browser has not asked to sign in, or too long ago")]
    NotAsked,
    #[error("the answer belongs to another attempt")]
    OtherAttempt,
    #[error("the issuer says `{0}`")]
    Issuer(String),
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error(transparent)]
    Token(#[from] IdentityError),
    #[error("the token is larger than a browser keeps")]
    TooLarge,
}

/// What the issuer sends the browser back with.
#[derive(Deserialize)]
pub struct Answer {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
}

/// One attempt, in one browser. It has no `Debug` and no `Serialize`.
pub struct Attempt {
    /// 32 random bytes in base64url.
    secret: String,
}

impl Attempt {
    fn read(text: &str) -> Option<Self> {
        let fits =
            text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Self { secret: text.to_owned() })
    }

    fn part(&self, of: &str) -> String {
        BASE64.encode(Sha256::digest(format!("stint sign-in 1\n{of}\n{}", self.secret)))
    }

    fn state(&self) -> String {
        self.part("state")
    }

    fn verifier(&self) -> String {
        self.part("verifier")
    }

    fn challenge(&self) -> String {
        BASE64.encode(Sha256::digest(self.verifier()))
    }

    fn nonce(&self, link: &LinkHash) -> String {
        self.part(&format!("nonce {}", link.as_str()))
    }
}

#[derive(Serialize)]
struct Ask<'a> {
    response_type: &'static str,
    client_id: &'a str,
    redirect_uri: &'a str,
    scope: &'static str,
    state: String,
    nonce: String,
    code_challenge: String,
    code_challenge_method: &'static str,
    /// Whoever left a session open has not signed in for this; what the token says of it is looked at.
    prompt: &'static str,
    /// In seconds. It obliges the issuer to say when somebody proved who they are.
    max_age: i64,
}

impl<E: CodeExchange> SignIn<E> {
    /// `public_url`: the base of mail links.
    pub fn new(issuer: Issuer, public_url: &str, exchange: E) -> Self {
        let secure = public_url.starts_with("https://");
        let redirect_uri = format!("{public_url}{CALLBACK}");
        Self { issuer, public_url: public_url.to_owned(), redirect_uri, secure, exchange }
    }

    /// Where codes are exchanged.
    pub const fn exchange(&self) -> &E {
        &self.exchange
    }

    /// The page of the link with this token.
    pub fn page(&self, token: &str) -> String {
        format!("{}/approvals/{token}", self.public_url)
    }

    /// Where to send the browser, and what it has to keep until it is back. `token` is the link's own, which is in the
    /// browser's address anyway.
    pub fn start(&self, token: &str, link: &LinkHash, random: [u8; 32]) -> Option<(String, HeaderValue)> {
        let attempt = Attempt { secret: BASE64.encode(random) };
        let ask = Ask {
            response_type: "code",
            client_id: &self.issuer.client_id,
            redirect_uri: &self.redirect_uri,
            scope: "openid",
            state: attempt.state(),
            nonce: attempt.nonce(link),
            code_challenge: attempt.challenge(),
            code_challenge_method: "S256",
            prompt: "login",
            max_age: PAGE_SESSION,
        };
        let kept = format!("{}.{token}", attempt.secret);
        let query = serde_html_form::to_string(&ask).ok()?;
        let cookie = ATTEMPT.set(&kept, Some(PAGE_SESSION), self.secure)?;
        Some((format!("{}?{query}", self.issuer.authorize_url), cookie))
    }

    /// The attempt that this browser is in the middle of, and the token of the link it began at.
    pub fn attempt<'a>(&self, headers: &'a HeaderMap) -> Result<(Attempt, &'a str), Failed> {
        let kept = ATTEMPT.of(headers, self.secure).and_then(|kept| kept.split_once('.'));
        let (secret, token) = kept.ok_or(Failed::NotAsked)?;
        Ok((Attempt::read(secret).ok_or(Failed::NotAsked)?, token))
    }

    /// Who has signed in, by what the issuer answered, and the session that the browser is to keep.
    pub async fn finish<K: KeySource>(
        &self,
        tokens: &TokenVerifier<K>,
        attempt: &Attempt,
        link: &LinkHash,
        answer: Answer,
        now: Timestamp,
    ) -> Result<(Verified, HeaderValue), Failed> {
        if !bool::from(answer.state.as_bytes().ct_eq(attempt.state().as_bytes())) {
            return Err(Failed::OtherAttempt);
        }
        let code = match (answer.code, answer.error) {
            (Some(code), None) => code,
            (_, error) => return Err(Failed::Issuer(error.unwrap_or_default().chars().take(100).collect())),
        };
        let (verifier, redirect_uri, client_id) =
            (&attempt.verifier(), &self.redirect_uri, &self.issuer.client_id);
        let token = self.exchange.exchange(&Code { code: &code, verifier, redirect_uri, client_id }).await?;
        let verified = tokens.verify_sign_in(&token, client_id, &attempt.nonce(link), now).await?;
        let kept = format!("{}.{token}", attempt.secret);
        if SESSION.name(self.secure).len() + kept.len() + 1 > LARGEST_COOKIE {
            return Err(Failed::TooLarge);
        }
        let cookie = SESSION.set(&kept, Some(PAGE_SESSION), self.secure).ok_or(Failed::TooLarge)?;
        Ok((verified, cookie))
    }

    /// What makes the browser forget the attempt.
    pub fn forget(&self) -> Option<HeaderValue> {
        ATTEMPT.set("", Some(0), self.secure)
    }

    /// Who has signed in for this link in this browser, in the last ten minutes.
    ///
    /// # Errors
    /// [`IdentityError::KeysUnavailable`], of which nothing follows; anything else is nobody.
    pub async fn session<K: KeySource>(
        &self,
        tokens: &TokenVerifier<K>,
        headers: &HeaderMap,
        link: &LinkHash,
        now: Timestamp,
    ) -> Result<Option<Verified>, IdentityError> {
        let kept = SESSION.of(headers, self.secure).and_then(|kept| kept.split_once('.'));
        let Some((Some(attempt), token)) = kept.map(|(secret, token)| (Attempt::read(secret), token)) else {
            return Ok(None);
        };
        match tokens.verify_sign_in(token, &self.issuer.client_id, &attempt.nonce(link), now).await {
            Ok(verified) => Ok(Some(verified)),
            Err(error @ IdentityError::KeysUnavailable(_)) => Err(error),
            Err(refused) => {
                tracing::info!(
                    reason = &refused as &dyn std::error::Error,
                    "a page's session was not believed"
                );
                Ok(None)
            }
        }
    }
}
