//! One transaction for a change and its audit events.
//!
//! Guards I3 and I4: state and events are written together or not at all, on condition of the head that was read.
//! Guards I8: when the transaction did not report success, the head is read back, and one that equals the change's
//! own says that an earlier attempt had made it.

use super::DynamoStore;
use super::custodies::custody_statement;
use super::idempotency::{insert_key, replace_key};
use super::item::{corrupt, head, insert_request, n, s, update_request};
use super::keys::{BY_DAY, Key, at_id, day_shard};
use super::transact::{Outcome, transact};
use crate::partiql::{Insert, Statement, TableName};
use stint_app::ports::{Beside, StoreError};
use stint_domain::audit::{Head, SealedEvent};
use stint_domain::record::Change;

/// A commit that did not fail.
#[derive(PartialEq, Eq)]
enum Committed {
    Yes,
    /// The change would stand, but what goes beside it does not: a key exists, or a custody has changed.
    InTheWay,
}

impl DynamoStore {
    /// The key is inserted at first, since almost always it is new. Only if it exists, it is looked at: one that had
    /// expired before the change is replaced, on condition that it is still the one looked at.
    pub(super) async fn commit_change(
        &self,
        change: &Change,
        beside: Option<Beside<'_>>,
    ) -> Result<(), StoreError> {
        let grants = &self.tables.grants;
        let statement = match beside {
            None => None,
            Some(Beside::Key(key)) => Some(insert_key(grants, key)),
            Some(Beside::Custody(custody)) => Some(custody_statement(grants, custody)?),
        };
        let key = match (self.try_commit(change, statement).await?, beside) {
            (Committed::Yes, _) => return Ok(()),
            (Committed::InTheWay, Some(Beside::Key(key))) => key,
            // Somebody else has moved the credential.
            (Committed::InTheWay, _) => return Err(StoreError::Conflict),
        };
        let at = change.events().first().map(|sealed| sealed.event.at);
        let stale = self
            .stored_key(&key.caller, &key.key)
            .await?
            .filter(|old| at.is_some_and(|at| old.expires_at <= at));
        let stale = stale.ok_or(StoreError::Conflict)?;
        match self.try_commit(change, Some(replace_key(grants, &stale, key))).await? {
            Committed::Yes => Ok(()),
            Committed::InTheWay => Err(StoreError::Conflict),
        }
    }

    async fn try_commit(&self, change: &Change, beside: Option<Statement>) -> Result<Committed, StoreError> {
        let mut statements = vec![self.request_statement(change)?];
        statements.extend(change.events().iter().map(|event| insert_event(&self.tables.audit, event)));
        let beside_at = beside.map(|beside| {
            statements.push(beside);
            statements.len() - 1
        });
        let outcome = transact(&self.client, &statements).await;
        if matches!(outcome, Outcome::Committed) {
            return Ok(Committed::Yes);
        }
        let id = Key::request(change.after().request.scope.request_id);
        let found = match (self.stored_head(&id).await, outcome) {
            // Neither the write nor the look at it worked: what is known is that the write did not answer.
            (Err(StoreError::Unavailable(_)), Outcome::Unknown(cause)) => {
                return Err(StoreError::Unavailable(cause));
            }
            (found, outcome) => (found?, outcome),
        };
        match found {
            (Some(found), _) if found == change.after().head => Ok(Committed::Yes),
            (found, _) if found.as_ref() != change.before() => Err(StoreError::Conflict),
            (_, Outcome::Unknown(cause)) => Err(StoreError::Unavailable(cause)),
            (_, Outcome::Refused(which)) if beside_at.is_some_and(|at| which.contains(&at)) => {
                Ok(Committed::InTheWay)
            }
            // The request is as it was read, so what was in the way is an event: the audit is ahead of the ledger.
            (_, _) => Err(corrupt(&id, "the audit has events that the request does not know of")),
        }
    }

    /// The first change's head says for both whether they were made, since neither is made alone.
    pub(super) async fn commit_changes(&self, changes: [&Change; 2]) -> Result<(), StoreError> {
        let mut statements = Vec::new();
        for change in changes {
            statements.push(self.request_statement(change)?);
            statements.extend(change.events().iter().map(|event| insert_event(&self.tables.audit, event)));
        }
        let cause = match transact(&self.client, &statements).await {
            Outcome::Committed => return Ok(()),
            Outcome::Refused(_) => None,
            Outcome::Unknown(cause) => Some(cause),
        };
        let [first, _] = changes;
        let key = Key::request(first.after().request.scope.request_id);
        match (self.stored_head(&key).await, cause) {
            (Ok(found), _) if found.as_ref() == Some(&first.after().head) => Ok(()),
            (Err(StoreError::Unavailable(_)) | Ok(_), Some(cause)) => Err(StoreError::Unavailable(cause)),
            (Ok(_), None) => Err(StoreError::Conflict),
            (Err(error), _) => Err(error),
        }
    }

    fn request_statement(&self, change: &Change) -> Result<Statement, StoreError> {
        match change.before() {
            None => insert_request(&self.tables.grants, change.after()),
            Some(before) => update_request(&self.tables.grants, before, change.after()),
        }
    }

    pub(super) async fn stored_head(&self, key: &Key) -> Result<Option<Head>, StoreError> {
        let item = self.get(key).await?;
        item.map(|item| head(&item).map_err(|cause| corrupt(key, cause))).transpose()
    }
}

/// An event as stored: its canonical text is all of it, the rest is for finding it.
pub(super) fn insert_event(table: &TableName, sealed: &SealedEvent) -> Statement {
    let event = &sealed.event;
    Insert::into(table)
        .value("stream", s(&event.stream))
        .value("seq", n(event.sequence))
        .value("doc", s(&sealed.canonical))
        .value("hash", s(sealed.hash.as_str()))
        .value(BY_DAY.partition, s(day_shard(&event.stream, event.at)))
        .value(BY_DAY.sort, s(at_id(&event.stream, event.sequence, event.at)))
        .build()
}
