//! A token issuer's public keys: of the stack's own pool from a place that is known, of any other from where it says they are.
//!
//! Guards: an issuer is believed about its keys only under the name that its tokens have, and only over `https`. It must not
//! know tokens.

use crate::client::ConfigError;
use crate::fetch::{FetchError, Fetcher};
use serde::Deserialize;
use std::sync::OnceLock;
use stint_app::ports::{Cause, KeySource};
use thiserror::Error;

/// No issuer's key set is larger, in bytes, nor what it says of itself.
const LARGEST_ANSWER: usize = 64 * 1024;

pub struct IssuersKeys(Place);

enum Place {
    Known {
        fetcher: Fetcher,
        url: String,
    },
    /// The system's roots are parsed when the first token comes.
    Discovered {
        fetcher: OnceLock<Fetcher>,
        issuer: String,
    },
}

/// What an issuer says of itself, as OpenID Connect Discovery has it; of it what is needed here.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Debug, Error)]
enum DiscoveryError {
    #[error("what the issuer says of itself cannot be read")]
    Unreadable(#[from] serde_json::Error),
    #[error("it is what another issuer says of itself")]
    AnotherIssuer,
    #[error("it, or its keys, are not to be had by https")]
    InTheClear,
}

impl IssuersKeys {
    /// Of the stack's `pool`, or of another issuer where there is none.
    pub fn of(issuer: &str, pool: Option<&str>) -> Result<Self, ConfigError> {
        if pool.is_none() {
            return Ok(Self::discovered(issuer));
        }
        let url = format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'));
        Ok(Self(Place::Known { fetcher: Fetcher::new()?, url }))
    }

    /// Of an issuer outside AWS.
    #[must_use]
    pub fn discovered(issuer: &str) -> Self {
        Self(Place::Discovered { fetcher: OnceLock::new(), issuer: issuer.to_owned() })
    }
}

impl KeySource for IssuersKeys {
    async fn fetch(&self) -> Result<Vec<u8>, Cause> {
        match &self.0 {
            Place::Known { fetcher, url } => Ok(get(fetcher, url).await?),
            Place::Discovered { fetcher, issuer } => {
                let url = discovery_url(issuer)?;
                let fetcher = opened(fetcher)?;
                let said = get(fetcher, &url).await?;
                Ok(get(fetcher, &keys_url(issuer, &said)?).await?)
            }
        }
    }
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<Vec<u8>, FetchError> {
    fetcher.get(url, LARGEST_ANSWER).await
}

pub(super) fn opened(fetcher: &OnceLock<Fetcher>) -> Result<&Fetcher, ConfigError> {
    match fetcher.get() {
        Some(fetcher) => Ok(fetcher),
        None => {
            let opened = Fetcher::outside()?;
            Ok(fetcher.get_or_init(|| opened))
        }
    }
}

/// Some issuers have a slash at the end of their names, and none have two in this.
fn discovery_url(issuer: &str) -> Result<String, DiscoveryError> {
    if !issuer.starts_with("https://") {
        return Err(DiscoveryError::InTheClear);
    }
    Ok(format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))
}

fn keys_url(issuer: &str, said: &[u8]) -> Result<String, DiscoveryError> {
    let said: Discovery = serde_json::from_slice(said)?;
    match said.jwks_uri.starts_with("https://") {
        _ if said.issuer != issuer => Err(DiscoveryError::AnotherIssuer),
        false => Err(DiscoveryError::InTheClear),
        true => Ok(said.jwks_uri),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ISSUER: &str = "https://token.example.org";

    fn found(issuer: &str, jwks_uri: &str) -> Result<String, DiscoveryError> {
        keys_url(
            ISSUER,
            json!({ "issuer": issuer, "jwks_uri": jwks_uri, "claims_supported": [] }).to_string().as_bytes(),
        )
    }

    #[test]
    fn an_issuer_is_believed_under_its_own_name_and_its_keys_come_by_https() {
        let keys = "https://token.example.org/.well-known/jwks";
        assert_eq!(found(ISSUER, keys).unwrap(), keys);
        for other in ["https://token.example.org/", "https://evil.example", ""] {
            assert!(matches!(found(other, keys), Err(DiscoveryError::AnotherIssuer)), "{other}");
        }
        for clear in ["http://token.example.org/.well-known/jwks", "file:///keys", ""] {
            assert!(matches!(found(ISSUER, clear), Err(DiscoveryError::InTheClear)), "{clear}");
        }
        assert!(matches!(keys_url(ISSUER, b"<html>"), Err(DiscoveryError::Unreadable(_))));
    }

    #[test]
    fn an_issuer_says_what_it_is_at_one_place_whether_its_name_ends_in_a_slash_or_not() {
        for issuer in ["https://token.example.org", "https://token.example.org/"] {
            let place = "https://token.example.org/.well-known/openid-configuration";
            assert_eq!(discovery_url(issuer).unwrap(), place);
        }
        assert!(matches!(discovery_url("http://token.example.org"), Err(DiscoveryError::InTheClear)));
    }

    #[test]
    fn a_pools_keys_are_at_a_place_that_is_known_and_any_others_where_it_says() {
        let place = |pool| IssuersKeys::of(ISSUER, pool).unwrap().0;
        assert!(
            matches!(place(Some("pool")), Place::Known { url, .. } if url == format!("{ISSUER}/.well-known/jwks.json"))
        );
        assert!(matches!(place(None), Place::Discovered { issuer, .. } if issuer == ISSUER));
    }

    #[test]
    fn the_systems_roots_can_be_had_once_and_are_kept() {
        let place = OnceLock::new();
        let (first, second) = (opened(&place).unwrap(), opened(&place).unwrap());
        assert!(std::ptr::eq(first, second));
    }
}
