//! Who people are, how they are written to, and whose word about them is believed.

use super::Cause;
use crate::letter::Letter;
use std::future::Future;
use stint_domain::ids::GroupName;
use stint_domain::ids::PrincipalId;
use stint_domain::principal::Person;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum DirectoryError {
    #[error("the directory did not answer")]
    Unavailable(#[source] Cause),
    #[error("the directory's entry `{entry}` cannot be read")]
    Corrupt {
        entry: String,
        #[source]
        cause: Cause,
    },
}

/// Who people are now. It answers where no token is at hand.
pub trait Directory: Send + Sync {
    /// `None` for somebody unknown or disabled.
    fn person(&self, id: &PrincipalId)
    -> impl Future<Output = Result<Option<Person>, DirectoryError>> + Send;
    /// Everybody in a group who is enabled, with all of their groups.
    fn members(&self, group: &GroupName) -> impl Future<Output = Result<Vec<Person>, DirectoryError>> + Send;
}

#[derive(Debug, Error)]
pub enum MailError {
    /// This address will never get it.
    #[error("the mail was refused")]
    Refused(#[source] Cause),
    #[error("the mail service did not answer")]
    Unavailable(#[source] Cause),
}

pub trait Mailer: Send + Sync {
    fn send(&self, letter: &Letter) -> impl Future<Output = Result<(), MailError>> + Send;
}

#[derive(Debug, Error)]
pub enum ExchangeError {
    /// The code is not good, or not any more.
    #[error("the issuer gave no token for the code")]
    Refused(#[source] Cause),
    #[error("the issuer did not answer")]
    Unavailable(#[source] Cause),
}

/// What is shown to the issuer for a token: the code that it gave the browser, and the proof that this browser had asked
/// (RFC 7636).
pub struct Code<'a> {
    pub code: &'a str,
    pub verifier: &'a str,
    /// Where the issuer sent the browser.
    pub redirect_uri: &'a str,
    pub client_id: &'a str,
}

/// Where the token issuer gives ID tokens for codes.
pub trait CodeExchange: Send + Sync {
    /// The ID token, which nobody has verified yet.
    fn exchange(&self, code: &Code<'_>) -> impl Future<Output = Result<String, ExchangeError>> + Send;
}

/// Where the token issuer's key set (RFC 7517) comes from.
pub trait KeySource: Send + Sync {
    fn fetch(&self) -> impl Future<Output = Result<Vec<u8>, Cause>> + Send;
}
