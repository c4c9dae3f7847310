//! What all AWS clients of a function share: region, credentials, retries, time limits and one pool of connections.
//!
//! Built by hand, since a Lambda has everything in its environment. TLS is rustls with ring, which skips the
//! expensive entropy collection of the SDK's default, and trusts the five roots of Amazon's own endpoints, which
//! skips parsing every root of the system. It must not know any single service.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector, http_client_fn};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
pub use aws_types::SdkConfig;
use aws_types::region::Region;
use std::sync::OnceLock;
use std::time::Duration;
use thiserror::Error;

/// To connect, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// One attempt of an operation; the SDK makes up to three.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// All attempts together: less than any function has, so that a function still sees its call fail.
pub(crate) const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);

const AMAZON_ROOTS: [&[u8]; 5] = [
    include_bytes!("../roots/amazon-root-ca-1.pem"),
    include_bytes!("../roots/amazon-root-ca-2.pem"),
    include_bytes!("../roots/amazon-root-ca-3.pem"),
    include_bytes!("../roots/amazon-root-ca-4.pem"),
    include_bytes!("../roots/starfield-services-root-ca-g2.pem"),
];

/// What is wrong with the function's environment. It names the variable and never its value.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("the environment has no {0}")]
    Missing(&'static str),
    #[error("the trusted roots cannot be used")]
    Roots(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The configuration of every client, from the environment that Lambda gives its functions.
pub fn from_environment() -> Result<SdkConfig, ConfigError> {
    from_variables(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

/// The same, from any source of those variables.
pub fn from_variables(variable: impl Fn(&'static str) -> Option<String>) -> Result<SdkConfig, ConfigError> {
    let required = |name| variable(name).ok_or(ConfigError::Missing(name));
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts())
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
        .http_client({
            let connections = connections()?;
            http_client_fn(move |_, _| connections.clone())
        });
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    Ok(config.build())
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

/// The process's one pool of connections to AWS. Whoever speaks to it does it here: roots are parsed once.
pub(crate) fn connections() -> Result<SharedHttpConnector, ConfigError> {
    static POOL: OnceLock<SharedHttpConnector> = OnceLock::new();
    if let Some(pool) = POOL.get() {
        return Ok(pool.clone());
    }
    let connector = connector(&amazons_roots())?;
    Ok(POOL.get_or_init(|| connector).clone())
}

/// Connections to what is not Amazon's, by the roots that the system trusts; they are parsed when this is first called, and
/// nothing that AWS is asked or tells goes over these.
pub(crate) fn outside_connections() -> Result<SharedHttpConnector, ConfigError> {
    connector(&TrustStore::default())
}

fn connector(roots: &TrustStore) -> Result<SharedHttpConnector, ConfigError> {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build();
    let connector = Connector::builder()
        .connector_settings(settings)
        .sleep_impl(TokioSleep::new())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls(roots)?)
        .build();
    Ok(SharedHttpConnector::new(connector))
}

/// Amazon's roots and nobody else's.
fn amazons_roots() -> TrustStore {
    AMAZON_ROOTS.iter().fold(TrustStore::empty(), |store, pem| store.with_pem_certificate(*pem))
}

fn tls(roots: &TrustStore) -> Result<TlsContext, ConfigError> {
    TlsContext::builder()
        .with_trust_store(roots.clone())
        .build()
        .map_err(|cause| ConfigError::Roots(cause.into()))
}

/// A client of a service that not every call needs, built when it is first used: each reads tables of endpoints.
pub(crate) struct OnFirstUse<C> {
    config: SdkConfig,
    build: fn(&SdkConfig) -> C,
    built: OnceLock<C>,
}

impl<C> OnFirstUse<C> {
    pub(crate) fn new(config: &SdkConfig, build: fn(&SdkConfig) -> C) -> Self {
        Self { config: config.clone(), build, built: OnceLock::new() }
    }

    pub(crate) fn get(&self) -> &C {
        self.built.get_or_init(|| (self.build)(&self.config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(name: &'static str) -> Option<String> {
        Some(name.to_lowercase())
    }

    #[test]
    fn the_environment_gives_region_and_endpoint() {
        let config = from_variables(complete).unwrap();
        assert_eq!(config.region().map(Region::as_ref), Some("aws_region"));
        assert_eq!(config.endpoint_url(), Some("aws_endpoint_url"));
        let on_aws = from_variables(|name| complete(name).filter(|_| name != "AWS_ENDPOINT_URL")).unwrap();
        assert_eq!(on_aws.endpoint_url(), None);
    }

    #[test]
    fn a_missing_variable_is_named() {
        for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            let error = from_variables(|asked| complete(asked).filter(|_| asked != name)).unwrap_err();
            assert_eq!(error.to_string(), format!("the environment has no {name}"));
        }
    }
}
