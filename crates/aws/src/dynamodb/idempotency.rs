//! Idempotency keys. DynamoDB removes them some time after they expire; until then their own time decides.

use super::DynamoStore;
use super::item::{Item, corrupt, insert, n, s, text, time, update};
use super::keys::Key;
use crate::partiql::{Statement, TableName};
use jiff::Timestamp;
use stint_app::ports::{Cause, IdempotencyKeys, IdempotencyRecord, StoreError};
use stint_domain::ids::PrincipalId;

impl IdempotencyKeys for DynamoStore {
    async fn find(
        &self,
        caller: &PrincipalId,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        Ok(self.stored_key(caller, key).await?.filter(|record| record.expires_at > now))
    }
}

impl DynamoStore {
    /// The record under this key, expired or not.
    pub(super) async fn stored_key(
        &self,
        caller: &PrincipalId,
        key: &str,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let at = Key::idempotency(caller, key);
        let item = self.get(&at).await?;
        item.map(|item| record(&item, caller, key).map_err(|cause| corrupt(&at, cause))).transpose()
    }
}

fn record(item: &Item, caller: &PrincipalId, key: &str) -> Result<IdempotencyRecord, Cause> {
    Ok(IdempotencyRecord {
        caller: caller.clone(),
        key: key.to_owned(),
        body_hash: text(item, "body_hash")?.to_owned(),
        request_id: text(item, "request_id")?.parse()?,
        expires_at: time(item, "valid_until")?,
    })
}

pub(super) fn insert_key(table: &TableName, record: &IdempotencyRecord) -> Statement {
    insert(table, &Key::idempotency(&record.caller, &record.key))
        .value("body_hash", s(&record.body_hash))
        .value("request_id", s(record.request_id))
        .value("valid_until", s(record.expires_at.to_string()))
        .value("expires_at", n(expiry(record.expires_at)))
        .build()
}

/// In place of the one that expired.
pub(super) fn replace_key(
    table: &TableName,
    stale: &IdempotencyRecord,
    record: &IdempotencyRecord,
) -> Statement {
    update(table, &Key::idempotency(&record.caller, &record.key))
        .set("body_hash", s(&record.body_hash))
        .set("request_id", s(record.request_id))
        .set("valid_until", s(record.expires_at.to_string()))
        .set("expires_at", n(expiry(record.expires_at)))
        .when("request_id", s(stale.request_id))
        .when("valid_until", s(stale.expires_at.to_string()))
        .build()
}

/// What DynamoDB's expiry reads: epoch seconds, never before the time itself.
pub(super) fn expiry(at: Timestamp) -> i64 {
    at.as_second().saturating_add(1)
}
