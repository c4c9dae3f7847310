//! A login whose password is replaced after every checkout.
//!
//! Guards: the server is told a SCRAM verifier and never a password; whoever is connected by an older password is
//! disconnected, also whoever came in between; a rotation that died half way is taken up by whatever opens the server.

use crate::connection::{SignIn, refused, sign_in, unavailable};
use crate::secret::{BadSecret, LoginSecret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use postgres_protocol::password::scram_sha_256;
use std::future::Future;
use stint_app::ports::{ProviderError, RotatedLogin, Secret};
use tokio_postgres::Client;

/// Where the secret of an administrator is to be had, by the name that a login's own secret gives.
pub trait Administrators: Send + Sync {
    fn secret(&self, name: &str) -> impl Future<Output = Result<Secret, ProviderError>> + Send;
}

pub struct PostgresLogins<A> {
    administrators: A,
}

impl<A: Administrators> PostgresLogins<A> {
    #[must_use]
    pub const fn new(administrators: A) -> Self {
        Self { administrators }
    }

    /// Whoever may set the password now: somebody else by preference, since a holder may have changed it.
    async fn opened(&self, next: &LoginSecret, older: &[Secret]) -> Result<Client, ProviderError> {
        if let Some(name) = &next.administrator {
            let secret = self.administrators.secret(name).await?;
            let administrator = read(&secret)?;
            return match sign_in(&administrator, &administrator.password).await? {
                SignIn::In(client) => Ok(client),
                SignIn::Refused => Err(refused("the administrator's password is refused", "administrator")),
            };
        }
        for secret in older {
            if let SignIn::In(client) = sign_in(next, &read(secret)?.password).await? {
                return Ok(client);
            }
        }
        Err(refused("no password that is known opens the login", "password"))
    }
}

fn read(secret: &Secret) -> Result<LoginSecret, ProviderError> {
    LoginSecret::read(secret).map_err(|bad: BadSecret| refused(bad, "secret"))
}

impl<A: Administrators> RotatedLogin for PostgresLogins<A> {
    async fn renew(&self, current: &Secret, random: [u8; 32]) -> Result<Secret, ProviderError> {
        let password = Secret::new(URL_SAFE_NO_PAD.encode(random));
        Ok(read(current)?.with_password(&password))
    }

    async fn replace(&self, next: &Secret, older: &[Secret], _now: Timestamp) -> Result<(), ProviderError> {
        let next = read(next)?;
        if let SignIn::In(client) = sign_in(&next, &next.password).await? {
            return disconnect_others(&client).await;
        }
        let client = self.opened(&next, older).await?;
        set_password(&client, &next).await?;
        match sign_in(&next, &next.password).await? {
            // Whoever signed in before has none of the new password's connections.
            SignIn::In(client) => disconnect_others(&client).await,
            SignIn::Refused => Err(ProviderError::Unavailable("the new password is not taken yet".into())),
        }
    }

    async fn works(&self, login: &Secret) -> Result<bool, ProviderError> {
        let login = read(login)?;
        Ok(matches!(sign_in(&login, &login.password).await?, SignIn::In(_)))
    }
}

/// The name keeps to letters, digits and `_`, and a verifier to base64 and `$:`; neither can end its quotes.
async fn set_password(client: &Client, next: &LoginSecret) -> Result<(), ProviderError> {
    let verifier = scram_sha_256(next.password.reveal().as_bytes());
    let statement = format!("ALTER ROLE \"{}\" PASSWORD '{verifier}'", next.user);
    client.batch_execute(&statement).await.map_err(unavailable)
}

/// By the login itself, which needs no right for it.
async fn disconnect_others(client: &Client) -> Result<(), ProviderError> {
    let others = "SELECT count(pg_terminate_backend(pid, 2000)) FROM pg_stat_activity \
                  WHERE usename = current_user AND pid <> pg_backend_pid()";
    client.query_one(others, &[]).await.map(drop).map_err(unavailable)
}
