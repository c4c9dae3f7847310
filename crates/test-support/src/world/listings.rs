//! Listings, by the same rules as the indexes.

use super::World;
use jiff::Timestamp;
use stint_app::ports::{
    AuditTrail, DUE_SHARDS, ListError, Page, PageQuery, Register, StoreError, StoredEvent,
};
use stint_domain::audit::{SealedEvent, Stream};
use stint_domain::due::Timetable;
use stint_domain::ids::{EntitlementId, PrincipalId, RequestId};
use stint_domain::request::AccessRequest;

fn page<T>(items: Vec<T>, query: &PageQuery) -> Result<Page<T>, ListError> {
    let skip: usize = query.cursor.as_deref().map_or(Ok(0), str::parse).map_err(|_| ListError::BadCursor)?;
    let limit = usize::try_from(query.limit).unwrap_or(1).max(1);
    let next = (items.len() > skip + limit).then(|| (skip + limit).to_string());
    Ok(Page { items: items.into_iter().skip(skip).take(limit).collect(), next })
}

fn stored(sealed: &SealedEvent) -> StoredEvent {
    StoredEvent { canonical: sealed.canonical.clone(), hash: sealed.hash.as_str().to_owned() }
}

impl World {
    fn newest_first(&self, of: impl Fn(&AccessRequest) -> bool) -> Vec<AccessRequest> {
        let mut found: Vec<_> = self.state().records.values().map(|r| r.request.clone()).filter(of).collect();
        found.sort_by_key(|request| std::cmp::Reverse((request.submitted_at, request.scope.request_id)));
        found
    }
}

impl Register for World {
    async fn of_requester(
        &self,
        who: &PrincipalId,
        query: &PageQuery,
    ) -> Result<Page<AccessRequest>, ListError> {
        page(self.newest_first(|request| request.scope.requester == *who), query)
    }

    async fn of_approver(
        &self,
        who: &PrincipalId,
        query: &PageQuery,
    ) -> Result<Page<AccessRequest>, ListError> {
        let asked: Vec<_> = self
            .state()
            .links
            .keys()
            .filter(|(_, approver, _)| approver == who)
            .map(|(id, ..)| *id)
            .collect();
        page(self.newest_first(|request| asked.contains(&request.scope.request_id)), query)
    }

    async fn of_entitlement(
        &self,
        id: &EntitlementId,
        query: &PageQuery,
    ) -> Result<Page<AccessRequest>, ListError> {
        page(self.newest_first(|request| request.scope.entitlement == *id), query)
    }

    async fn live(&self, shard: u8, query: &PageQuery) -> Result<Page<RequestId>, ListError> {
        let live = self.due(Timetable::Grants, shard, Timestamp::MAX, u32::MAX).await?;
        page(live, query)
    }

    async fn due(
        &self,
        timetable: Timetable,
        shard: u8,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<RequestId>, StoreError> {
        self.tables()?;
        let state = self.state();
        let mut due: Vec<_> = state
            .records
            .values()
            .filter(|r| r.request.timetable() == timetable)
            .filter_map(|r| Some((r.request.due_at()?, r.request.scope.request_id)))
            .filter(|(at, id)| *at <= before && shard_of(*id) == shard)
            .collect();
        due.sort();
        Ok(due.into_iter().map(|(_, id)| id).take(usize::try_from(limit).unwrap_or(1)).collect())
    }
}

fn shard_of(id: RequestId) -> u8 {
    id.to_string().bytes().fold(0u8, u8::wrapping_add) % DUE_SHARDS
}

impl AuditTrail for World {
    async fn between(
        &self,
        from: Timestamp,
        to: Timestamp,
        query: &PageQuery,
    ) -> Result<Page<StoredEvent>, ListError> {
        let mut events: Vec<_> =
            self.state().events.values().filter(|e| (from..to).contains(&e.event.at)).cloned().collect();
        events.sort_by_key(|e| (e.event.at, e.event.stream.clone(), e.event.sequence));
        page(events.iter().map(stored).collect(), query)
    }

    async fn stream(&self, stream: &Stream, query: &PageQuery) -> Result<Page<StoredEvent>, ListError> {
        let name = stream.to_string();
        let events =
            self.state().events.iter().filter(|((of, _), _)| *of == name).map(|(_, e)| stored(e)).collect();
        page(events, query)
    }
}
