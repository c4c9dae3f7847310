//! What is on record: requests with their audit, and the keys of callers who repeat themselves.

use super::Cause;
use jiff::Timestamp;
use std::future::Future;
use stint_domain::audit::SealedEvent;
use stint_domain::custody::Custody;
use stint_domain::custody::CustodyChange;
use stint_domain::ids::PrincipalId;
use stint_domain::ids::RequestId;
use stint_domain::ids::SecretName;
use stint_domain::record::Change;
use stint_domain::record::Circumstances;
use stint_domain::record::Recorded;
use stint_domain::record::SystemEvent;
use thiserror::Error;

/// What a store could not do.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Somebody else was faster: read again and decide again.
    #[error("the record has changed since it was read")]
    Conflict,
    /// Throttled, timed out or down: try again later.
    #[error("the store did not answer")]
    Unavailable(#[source] Cause),
    /// What is stored is not what Stint writes: a person has to look.
    #[error("the stored item `{item}` cannot be read")]
    Corrupt {
        item: String,
        #[source]
        cause: Cause,
    },
}

/// The request ledger: records and their audit, always together.
pub trait Ledger: Send + Sync {
    /// Strongly consistent.
    fn load(&self, id: RequestId) -> impl Future<Output = Result<Option<Recorded>, StoreError>> + Send;

    /// All of the change and of `beside`, or nothing. A repeated commit of the same change succeeds: whether the first
    /// reply was lost is found out by reading back.
    fn commit(
        &self,
        change: &Change,
        beside: Option<Beside<'_>>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Strongly consistent; of a credential that nobody has had yet as well.
    fn custody(&self, secret: &SecretName) -> impl Future<Output = Result<Custody, StoreError>> + Send;

    /// A change of a custody alone, such as of its queue. Safe to repeat.
    fn change_custody(&self, change: &CustodyChange) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Two changes of two requests, both or neither, and as safely repeated as one.
    fn commit_both(&self, changes: [&Change; 2]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Adds an event to a system stream of its own choice.
    fn append(
        &self,
        event: SystemEvent,
        circumstances: Circumstances,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes the first event of a stream. If there is one already, that one stays, and nothing is written. Cheap for whoever
    /// does it again and again.
    fn open(&self, first: &SealedEvent) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What is committed together with a change of a request, or not at all.
#[derive(Debug, Clone, Copy)]
pub enum Beside<'a> {
    Key(&'a IdempotencyRecord),
    /// Of the credential that the request is about.
    Custody(&'a CustodyChange),
}

/// What an `Idempotency-Key` stands for: the caller's key, what was sent under it, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    pub caller: PrincipalId,
    pub key: String,
    /// SHA-256 of the body, lower-case hex.
    pub body_hash: String,
    pub request_id: RequestId,
    pub expires_at: Timestamp,
}

pub trait IdempotencyKeys: Send + Sync {
    /// The live record under this key; one past its `expires_at` counts as none.
    fn find(
        &self,
        caller: &PrincipalId,
        key: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<IdempotencyRecord>, StoreError>> + Send;
}
