//! Reading what is on record, in pages; and claims on work that goes round.

use super::StoreError;
use jiff::Timestamp;
use std::future::Future;
use stint_domain::audit::Stream;
use stint_domain::due::Timetable;
use stint_domain::ids::EntitlementId;
use stint_domain::ids::PrincipalId;
use stint_domain::ids::RequestId;
use stint_domain::request::AccessRequest;
use thiserror::Error;

/// A page of a listing. The cursor is opaque to the caller and good for the same query only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// Why a listing failed.
#[derive(Debug, Error)]
pub enum ListError {
    #[error("the cursor does not belong to this listing")]
    BadCursor,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Listings, by indexes that lag behind the ledger by moments: for showing, never for deciding.
pub trait Register: Send + Sync {
    /// A requester's own requests, newest first.
    fn of_requester(
        &self,
        who: &PrincipalId,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<AccessRequest>, ListError>> + Send;

    /// Requests an approver was mailed about, newest first.
    fn of_approver(
        &self,
        who: &PrincipalId,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<AccessRequest>, ListError>> + Send;

    /// Everything that was ever asked of this, newest first.
    fn of_entitlement(
        &self,
        id: &EntitlementId,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<AccessRequest>, ListError>> + Send;

    /// Every grant that is not over, of one shard, the next due first.
    fn live(
        &self,
        shard: u8,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<RequestId>, ListError>> + Send;

    /// What is due before `before`, oldest first, of one shard of [`DUE_SHARDS`].
    fn due(
        &self,
        timetable: Timetable,
        shard: u8,
        before: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RequestId>, StoreError>> + Send;
}

/// Over how many keys each timetable of reconcile is spread.
pub const DUE_SHARDS: u8 = 8;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageQuery {
    pub cursor: Option<String>,
    /// At least 1; at most 100 for requests, 1,000 for events.
    pub limit: u32,
}

/// An event as stored: its canonical text and its hash, untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    pub canonical: String,
    pub hash: String,
}

/// Reading the audit. Whoever writes to it needs none of this.
pub trait AuditTrail: Send + Sync {
    /// All streams, in order of time, `from` included and `to` not.
    fn between(
        &self,
        from: Timestamp,
        to: Timestamp,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<StoredEvent>, ListError>> + Send;

    /// One stream from its start.
    fn stream(
        &self,
        stream: &Stream,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<StoredEvent>, ListError>> + Send;
}

/// A claim on a job that must not run twice at the same time.
pub trait Leases: Send + Sync {
    /// `true` if `holder` has it now, until `until`; its own lease may be taken again. All claims of a name are for about
    /// as long, so one that lasts for more than twice this one's time from now is a mistake, and keeps nobody off.
    fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Whether somebody's claim, which lasts until `held`, keeps off whoever wants one from `now` until `until`. Clocks differ a
/// little, and a claim may have been made since `now` was looked at.
#[must_use]
pub fn keeps_off(held: Timestamp, now: Timestamp, until: Timestamp) -> bool {
    let latest = until.saturating_add(until.duration_since(now)).unwrap_or(until);
    held > now && held <= latest
}

/// Where a job that goes round and round has got to.
pub trait Bookmarks: Send + Sync {
    fn bookmark(&self, job: &str) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
    /// `None`: at the start again.
    fn set_bookmark(
        &self,
        job: &str,
        place: Option<&str>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
