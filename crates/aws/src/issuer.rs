//! The token issuer's public keys, from where OpenID Connect says they are.

use crate::client::ConfigError;
use crate::fetch::Fetcher;
use stint_app::ports::{Cause, KeySource};

/// No issuer's key set is larger, in bytes.
const LARGEST_KEY_SET: usize = 64 * 1024;

pub struct IssuersKeys {
    fetcher: Fetcher,
    url: String,
}

impl IssuersKeys {
    pub fn of(issuer: &str) -> Result<Self, ConfigError> {
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
