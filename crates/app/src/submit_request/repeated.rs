//! The same ask again, under the same `Idempotency-Key`: it is answered with what came of the first.

use super::{SubmitError, SubmitRequest};
use crate::caller::Caller;
use crate::ports::{IdempotencyKeys, IdempotencyRecord, Ledger};
use jiff::{SignedDuration, Timestamp};
use stint_domain::BadInput;
use stint_domain::ids::RequestId;
use stint_domain::record::Recorded;

/// The caller's `Idempotency-Key` and a hash of the body it came with.
#[derive(Debug, Clone)]
pub struct IdempotencyClaim {
    pub key: String,
    pub body_hash: String,
}

impl IdempotencyClaim {
    /// `body_hash`: SHA-256 of the body, in lower-case hex.
    pub fn new(key: &str, body_hash: &str) -> Result<Self, BadInput> {
        if (1..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self { key: key.to_owned(), body_hash: body_hash.to_owned() })
        } else {
            Err(BadInput::new(
                "Idempotency-Key",
                "must be 1 to 128 printable ASCII characters without spaces",
            ))
        }
    }
}

/// How long an `Idempotency-Key` is remembered.
const KEY_LIVES: SignedDuration = SignedDuration::from_hours(24);

pub(super) async fn replayed(
    ledger: &(impl Ledger + IdempotencyKeys),
    caller: &Caller,
    ask: &SubmitRequest,
    now: Timestamp,
) -> Result<Option<Recorded>, SubmitError> {
    let Some(claim) = ask.idempotency.as_ref().filter(|_| !ask.dry_run) else { return Ok(None) };
    match ledger.find(&caller.principal, &claim.key, now).await? {
        None => Ok(None),
        Some(record) if record.body_hash != claim.body_hash => Err(SubmitError::KeyReused),
        Some(record) => Ok(Ledger::load(ledger, record.request_id).await?),
    }
}

pub(super) fn record_of(
    caller: &Caller,
    claim: &IdempotencyClaim,
    id: RequestId,
    now: Timestamp,
) -> IdempotencyRecord {
    IdempotencyRecord {
        caller: caller.principal.clone(),
        key: claim.key.clone(),
        body_hash: claim.body_hash.clone(),
        request_id: id,
        expires_at: now.saturating_add(KEY_LIVES).unwrap_or(now),
    }
}
