//! Items, and how they are read: whatever is not what Stint writes is reported as corrupt, never guessed at.

use super::keys::{BY_DUE, BY_ENTITLEMENT, BY_REQUESTER, Key, PK, SK, due_shard, sortable};
use crate::partiql::{Attribute, Insert, Statement, TableName, Update};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use std::collections::HashMap;
use stint_app::ports::{Cause, StoreError};
use stint_domain::audit::{EventHash, Head};
use stint_domain::record::Recorded;
use stint_domain::request::AccessRequest;

pub(super) type Item = HashMap<String, AttributeValue>;

/// The version of a request item's layout.
const SCHEMA: u32 = 1;

pub(super) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn key_pair(key: &Key) -> [(Attribute, AttributeValue); 2] {
    [(PK, s(&key.pk)), (SK, s(&key.sk))]
}

/// An insert of an item of the table of grants.
pub(super) fn insert<'a>(table: &'a TableName, key: &Key) -> Insert<'a> {
    Insert::into(table).value(PK, s(&key.pk)).value(SK, s(&key.sk))
}

/// An update of an item of the table of grants.
pub(super) fn update<'a>(table: &'a TableName, key: &Key) -> Update<'a> {
    Update::of(table, key_pair(key))
}

pub(super) fn corrupt(key: &Key, cause: impl Into<Cause>) -> StoreError {
    StoreError::Corrupt { item: format!("{}/{}", key.pk, key.sk), cause: cause.into() }
}

pub(super) fn text(item: &Item, name: Attribute) -> Result<&str, Cause> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    Ok(value.ok_or_else(|| format!("it has no text `{name}`"))?)
}

pub(super) fn time(item: &Item, name: Attribute) -> Result<Timestamp, Cause> {
    text(item, name)?.parse().map_err(|error: jiff::Error| error.to_string().into())
}

pub(super) fn number(item: &Item, name: Attribute) -> Result<u64, Cause> {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    Ok(value.ok_or_else(|| format!("it has no number `{name}`"))?.parse()?)
}

/// The end of the stream that the item is the head of.
pub(super) fn head(item: &Item) -> Result<Head, Cause> {
    Ok(Head { sequence: number(item, "sequence")?, hash: EventHash::stored(text(item, "hash")?.to_owned()) })
}

pub(super) fn recorded(item: &Item) -> Result<Recorded, Cause> {
    Ok(Recorded { request: request(item)?, head: head(item)? })
}

pub(super) fn request(item: &Item) -> Result<AccessRequest, Cause> {
    let schema = number(item, "schema")?;
    if schema != u64::from(SCHEMA) {
        return Err(format!("its schema is {schema}, not {SCHEMA}").into());
    }
    let request: AccessRequest = serde_json::from_str(text(item, "doc")?)?;
    let id = request.scope.request_id;
    if text(item, PK)? != Key::request(id).pk {
        return Err(format!("it holds {id}").into());
    }
    Ok(request)
}

/// The first write of a request.
pub(super) fn insert_request(table: &TableName, after: &Recorded) -> Result<Statement, StoreError> {
    let (request, key) = (&after.request, Key::request(after.request.scope.request_id));
    let due = Due::of(request);
    Ok(insert(table, &key)
        .value("schema", n(SCHEMA))
        .value("doc", document(request, &key)?)
        .value("sequence", n(after.head.sequence))
        .value("hash", s(after.head.hash.as_str()))
        .value(BY_REQUESTER.partition, s(request.scope.requester.as_str()))
        .value(BY_ENTITLEMENT.partition, s(request.scope.entitlement.as_str()))
        .value(BY_REQUESTER.sort, s(sortable(request.submitted_at)))
        .maybe(BY_DUE.partition, due.shard)
        .maybe(BY_DUE.sort, due.at)
        .build())
}

/// Every later write, on condition of the head that was read.
pub(super) fn update_request(
    table: &TableName,
    before: &Head,
    after: &Recorded,
) -> Result<Statement, StoreError> {
    let (request, key) = (&after.request, Key::request(after.request.scope.request_id));
    let due = Due::of(request);
    Ok(update(table, &key)
        .set("schema", n(SCHEMA))
        .set("doc", document(request, &key)?)
        .set("sequence", n(after.head.sequence))
        .set("hash", s(after.head.hash.as_str()))
        .set_or_remove(BY_DUE.partition, due.shard)
        .set_or_remove(BY_DUE.sort, due.at)
        .when("sequence", n(before.sequence))
        .when("hash", s(before.hash.as_str()))
        .build())
}

fn document(request: &AccessRequest, key: &Key) -> Result<AttributeValue, StoreError> {
    serde_json::to_string(request).map(s).map_err(|cause| corrupt(key, cause))
}

/// Where reconcile finds the request, and nowhere once it is final.
struct Due {
    shard: Option<AttributeValue>,
    at: Option<AttributeValue>,
}

impl Due {
    fn of(request: &AccessRequest) -> Self {
        let at = request.due_at();
        let shard = at.map(|_| s(due_shard(request.timetable(), request.scope.request_id)));
        Self { shard, at: at.map(|at| s(sortable(at))) }
    }
}
