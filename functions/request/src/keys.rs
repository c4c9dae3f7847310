//! The token issuer's public keys, from where OpenID Connect says they are.

use stint_app::ports::Cause;
use stint_aws::client::ConfigError;
use stint_aws::fetch::Fetcher;
use stint_edge::identity::KeySource;

/// No issuer's key set is larger, in bytes.
const LARGEST_KEY_SET: usize = 64 * 1024;

pub(crate) struct IssuersKeys {
    fetcher: Fetcher,
    url: String,
}

impl IssuersKeys {
    pub(crate) fn of(issuer: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            fetcher: Fetcher::new()?,
            url: format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/')),
        })
    }
}

impl KeySource for IssuersKeys {
    async fn fetch(&self) -> Result<Vec<u8>, Cause> {
        Ok(self.fetcher.get(&self.url, LARGEST_KEY_SET).await?)
    }
}
