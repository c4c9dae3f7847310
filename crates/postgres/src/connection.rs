//! A connection to a server that the given root vouches for.
//!
//! Guards: a host that does not answer, answers slowly or has another certificate has not refused a login, and is never
//! taken for one that has.

use crate::secret::LoginSecret;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::sync::Arc;
use std::time::Duration;
use stint_app::ports::{ProviderError, Secret};
use tokio::time::timeout;
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

/// To connect and sign in.
const CONNECT: Duration = Duration::from_secs(4);
/// For one statement, in the server's own words.
const STATEMENTS: &str =
    "-c statement_timeout=4000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000";

/// What came of trying to sign in.
pub(crate) enum SignIn {
    In(Client),
    /// The server does not take this password.
    Refused,
}

pub(crate) fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> ProviderError {
    ProviderError::Unavailable(Box::new(error))
}

pub(crate) fn refused(reason: impl ToString, cause: &'static str) -> ProviderError {
    ProviderError::Refused { reason: reason.to_string(), cause: cause.into() }
}

pub(crate) async fn sign_in(login: &LoginSecret, password: &Secret) -> Result<SignIn, ProviderError> {
    let mut config = Config::new();
    config
        .host(&login.host)
        .port(login.port)
        .dbname(&login.database)
        .user(&login.user)
        .password(password.reveal())
        .application_name("stint")
        .options(STATEMENTS)
        .connect_timeout(CONNECT)
        .ssl_mode(SslMode::Require)
        .channel_binding(ChannelBinding::Prefer);
    let tls = MakeRustlsConnect::new(tls(&login.root_certificate)?);
    match timeout(CONNECT, config.connect(tls)).await {
        Err(elapsed) => Err(unavailable(elapsed)),
        Ok(Err(error)) if error.code() == Some(&SqlState::INVALID_PASSWORD) => Ok(SignIn::Refused),
        Ok(Err(error)) => Err(unavailable(error)),
        Ok(Ok((client, connection))) => {
            // It ends with the client.
            tokio::spawn(async move { drop(connection.await) });
            Ok(SignIn::In(client))
        }
    }
}

/// Trusts the given root and nobody else.
fn tls(root: &str) -> Result<ClientConfig, ProviderError> {
    let bad = || refused("the secret's `root_certificate` is no certificate", "root certificate");
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(root.as_bytes()) {
        roots.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
    }
    if roots.is_empty() {
        return Err(bad());
    }
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions.map_err(unavailable)?.with_root_certificates(roots).with_no_client_auth())
}
