//! A vaulted login whose password is replaced after every checkout.
//!
//! Guards: a rotation that died half way is taken up by whatever opens the server; whoever is in by an older password is
//! put out, also whoever came in between; a password that comes later than its attempt may write is not set.

use crate::rotation::{can_log_in, set_password, terminate_sessions};
use crate::{BadSecret, Error, Login, LoginSecret, Server, scram};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;
use std::future::Future;
use stint_app::ports::{ProviderError, RotatedLogin, Secret};
use stint_domain::custody::SetAttempt;

/// The field by which a login's secret names that of its administrator, as Amazon RDS does.
const ADMINISTRATOR: &str = "masterarn";

/// Where the secret of an administrator is to be had.
pub trait Administrators: Send + Sync {
    fn secret(&self, name: &str) -> impl Future<Output = Result<Secret, ProviderError>> + Send;
}

pub struct VaultedLogins<A> {
    administrators: A,
}

impl<A: Administrators> VaultedLogins<A> {
    #[must_use]
    pub const fn new(administrators: A) -> Self {
        Self { administrators }
    }

    /// Whoever may set the password now: somebody else by preference, since a holder may have changed it.
    async fn opener(&self, next: &Secret, older: &[Secret]) -> Result<Login, ProviderError> {
        if let Some(name) = administrator(next) {
            return Ok(read(&self.administrators.secret(&name).await?)?.login);
        }
        for secret in older {
            let LoginSecret { server, login } = read(secret)?;
            if can_log_in(&server, &login).await.map_err(told)? {
                return Ok(login);
            }
        }
        let reason = "no password that is known opens the login".to_owned();
        Err(ProviderError::Refused { cause: reason.clone().into(), reason })
    }
}

impl<A: Administrators> RotatedLogin for VaultedLogins<A> {
    async fn renew(&self, current: &Secret, random: [u8; 32]) -> Result<Secret, ProviderError> {
        // A version keeps what it was made with. One that leads nowhere could never be mended, so nothing is made of a
        // secret whose server does not answer, whatever it says to the password.
        let LoginSecret { server, login } = read(current)?;
        can_log_in(&server, &login).await.map_err(told)?;
        let password = URL_SAFE_NO_PAD.encode(random);
        let mut fields: Value =
            serde_json::from_str(current.reveal()).map_err(|_| bad(BadSecret::NotJson))?;
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("password".to_owned(), password.into());
        }
        Ok(Secret::new(fields.to_string()))
    }

    async fn replace(
        &self,
        next: &Secret,
        older: &[Secret],
        attempt: &SetAttempt,
    ) -> Result<(), ProviderError> {
        let LoginSecret { server, login } = read(next)?;
        if !can_log_in(&server, &login).await.map_err(told)? {
            let opener = self.opener(next, older).await?;
            set(&server, &opener, &login, attempt.writes_until()).await.map_err(told)?;
        }
        // By the login itself, which needs no right for it.
        terminate_sessions(&server, &login, &login.user).await.map_err(told)
    }

    async fn works(&self, login: &Secret) -> Result<bool, ProviderError> {
        let LoginSecret { server, login } = read(login)?;
        can_log_in(&server, &login).await.map_err(told)
    }
}

async fn set(server: &Server, opener: &Login, login: &Login, until: Timestamp) -> crate::Result<()> {
    let verifier = scram::verifier(&login.password, &scram::salt_of(&login.password), scram::ITERATIONS);
    set_password(server, opener, &login.user, &verifier, until).await
}

fn read(secret: &Secret) -> Result<LoginSecret, ProviderError> {
    LoginSecret::parse(secret.reveal()).map_err(bad)
}

fn administrator(secret: &Secret) -> Option<String> {
    let fields: Value = serde_json::from_str(secret.reveal()).ok()?;
    fields.get(ADMINISTRATOR)?.as_str().map(str::to_owned)
}

fn bad(secret: BadSecret) -> ProviderError {
    ProviderError::Refused { reason: secret.to_string(), cause: Box::new(secret) }
}

fn told(error: Error) -> ProviderError {
    match error {
        Error::Refused { ref reason } => {
            ProviderError::Refused { reason: reason.clone(), cause: Box::new(error) }
        }
        Error::Unavailable { .. } => ProviderError::Unavailable(Box::new(error)),
    }
}
