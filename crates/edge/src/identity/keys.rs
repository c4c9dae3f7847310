//! The issuer's keys, kept between invocations.
//!
//! Guards: nobody can make us ask the issuer more than once in [`PAUSE`], whatever key ids they invent; a key that
//! the issuer has withdrawn is not believed for longer than [`KEEP`].

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use stint_app::ports::{Cause, KeySource};

/// After this the keys are fetched again.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// For so long they may be used while fetching them again fails; the gateway keeps them as long.
const KEEP: SignedDuration = SignedDuration::from_hours(2);
/// The shortest time between two fetches.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);

type Keys = HashMap<String, Arc<DecodingKey>>;

pub(super) struct KeyCache<K> {
    pub(super) source: K,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    keys: Keys,
    asked_at: Option<Timestamp>,
    fetched_at: Option<Timestamp>,
}

impl Held {
    fn younger_than(&self, age: SignedDuration, now: Timestamp) -> bool {
        self.fetched_at.is_some_and(|at| now.duration_since(at) < age)
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        self.asked_at.is_none_or(|at| now.duration_since(at) >= PAUSE)
    }
}

impl<K: KeySource> KeyCache<K> {
    pub(super) fn new(source: K) -> Self {
        Self { source, held: Mutex::default() }
    }

    /// `None` if the issuer has no such key.
    pub(super) async fn key(&self, id: &str, now: Timestamp) -> Result<Option<Arc<DecodingKey>>, Cause> {
        let (kept, ask) = self.with(|held| {
            let kept = held.keys.get(id).filter(|_| held.younger_than(KEEP, now)).cloned();
            let wanted = kept.is_none() || !held.younger_than(FRESH, now);
            let ask = wanted && held.may_ask(now);
            if ask {
                held.asked_at = Some(now);
            }
            (kept, ask)
        });
        match (ask, kept) {
            (false, Some(key)) => Ok(Some(key)),
            (false, None) if self.with(|held| held.younger_than(KEEP, now)) => Ok(None),
            (false, None) => Err("the keys could not be fetched a moment ago".into()),
            (true, kept) => self.fetch(id, kept, now).await,
        }
    }

    async fn fetch(
        &self,
        id: &str,
        kept: Option<Arc<DecodingKey>>,
        now: Timestamp,
    ) -> Result<Option<Arc<DecodingKey>>, Cause> {
        let fetched = match self.source.fetch().await {
            Ok(bytes) => read(&bytes).map_err(Into::into),
            Err(error) => Err(error),
        };
        match (fetched, kept) {
            (Ok(keys), _) => {
                let found = keys.get(id).cloned();
                self.with(|held| *held = Held { keys, asked_at: Some(now), fetched_at: Some(now) });
                Ok(found)
            }
            (Err(_), Some(key)) => Ok(Some(key)),
            (Err(error), None) => Err(error),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Held) -> T) -> T {
        look(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct RsaKey {
    kid: String,
    kty: String,
    n: String,
    e: String,
    alg: Option<String>,
    r#use: Option<String>,
}

/// The RSA signing keys of a key set; keys of other kinds are passed over.
fn read(bytes: &[u8]) -> Result<Keys, serde_json::Error> {
    let set: KeySet = serde_json::from_slice(bytes)?;
    Ok(set.keys.into_iter().filter_map(|key| usable(serde_json::from_value(key).ok()?)).collect())
}

fn usable(key: RsaKey) -> Option<(String, Arc<DecodingKey>)> {
    let fits =
        key.kty == "RSA" && key.alg.is_none_or(|alg| alg == "RS256") && key.r#use.is_none_or(|u| u == "sig");
    let decoding = DecodingKey::from_rsa_components(&key.n, &key.e).ok()?;
    fits.then(|| (key.kid, Arc::new(decoding)))
}
