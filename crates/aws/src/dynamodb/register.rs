//! Listings of requests, from the indexes.
//!
//! Guards I6: one item that is no request's does not hide the others that are due.

use super::cursor::{decode, encode};
use super::item::{Item, corrupt, request, s, text};
use super::keys::{
    BY_APPROVER, BY_DUE, BY_ENTITLEMENT, BY_REQUESTER, Index, Key, PK, SK, due_partition, request_of,
    sortable,
};
use super::{DynamoStore, unavailable};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stint_app::ports::{Cause, Ledger as _, ListError, Page, PageQuery, Register, StoreError};
use stint_domain::due::Timetable;
use stint_domain::ids::{EntitlementId, PrincipalId, RequestId};
use stint_domain::request::AccessRequest;

/// How many requests of a page are read at the same time.
const READS_AT_ONCE: usize = 16;

impl Register for DynamoStore {
    async fn of_requester(
        &self,
        who: &PrincipalId,
        page: &PageQuery,
    ) -> Result<Page<AccessRequest>, ListError> {
        let found = self.a_page(&BY_REQUESTER, who.as_str(), page, Order::NewestFirst).await?;
        let items: Result<_, StoreError> = found.items.iter().map(projected).collect();
        Ok(Page { items: items?, next: found.next })
    }

    async fn of_approver(
        &self,
        who: &PrincipalId,
        page: &PageQuery,
    ) -> Result<Page<AccessRequest>, ListError> {
        let found = self.a_page(&BY_APPROVER, who.as_str(), page, Order::NewestFirst).await?;
        let ids: Vec<_> = found.items.iter().map(id_of).collect::<Result<_, StoreError>>()?;
        let loads = futures_util::stream::iter(ids).map(|id| self.load(id)).buffered(READS_AT_ONCE);
        let items: Vec<_> = loads.try_collect().await?;
        Ok(Page {
            items: items.into_iter().flatten().map(|recorded| recorded.request).collect(),
            next: found.next,
        })
    }

    async fn of_entitlement(
        &self,
        id: &EntitlementId,
        page: &PageQuery,
    ) -> Result<Page<AccessRequest>, ListError> {
        let found = self.a_page(&BY_ENTITLEMENT, id.as_str(), page, Order::NewestFirst).await?;
        let items: Result<_, StoreError> = found.items.iter().map(projected).collect();
        Ok(Page { items: items?, next: found.next })
    }

    async fn live(&self, shard: u8, page: &PageQuery) -> Result<Page<RequestId>, ListError> {
        let found =
            self.a_page(&BY_DUE, &due_partition(Timetable::Grants, shard), page, Order::OldestFirst).await?;
        Ok(Page { items: requests_in(&found.items), next: found.next })
    }

    async fn due(
        &self,
        timetable: Timetable,
        shard: u8,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<RequestId>, StoreError> {
        let query =
            self.query(&BY_DUE, &due_partition(timetable, shard), "#sort < :before").scan_index_forward(true);
        let query = query
            .expression_attribute_names("#sort", BY_DUE.sort)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let found = query.expression_attribute_values(":before", s(sortable(before))).send().await;
        Ok(requests_in(found.map_err(unavailable)?.items()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    NewestFirst,
    OldestFirst,
}

/// The position after an item of an index, and of which listing.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    index: String,
    of: String,
    pk: String,
    sk: String,
    at: String,
}

impl Position {
    fn after(item: &Item, index: &Index) -> Result<Self, Cause> {
        let read = |name| Ok::<_, Cause>(text(item, name)?.to_owned());
        let (of, at) = (read(index.partition)?, read(index.sort)?);
        Ok(Self { index: index.name.to_owned(), of, pk: read(PK)?, sk: read(SK)?, at })
    }

    fn of_cursor(cursor: &str, index: &Index, partition: &str) -> Result<Self, ListError> {
        let position: Self = decode(cursor)?;
        let fits = position.index == index.name && position.of == partition;
        fits.then_some(position).ok_or(ListError::BadCursor)
    }

    fn start_key(self, index: &Index) -> Item {
        [(PK, self.pk), (SK, self.sk), (index.partition, self.of), (index.sort, self.at)]
            .map(|(name, value)| (name.to_owned(), s(value)))
            .into()
    }
}

impl DynamoStore {
    fn query(&self, index: &Index, partition: &str, and: &str) -> QueryFluentBuilder {
        let condition = if and.is_empty() { "#of = :of".to_owned() } else { format!("#of = :of AND {and}") };
        self.client
            .query()
            .table_name(self.tables.grants.as_str())
            .index_name(index.name)
            .key_condition_expression(condition)
            .expression_attribute_names("#of", index.partition)
            .expression_attribute_values(":of", s(partition))
    }

    /// One item more than asked for says whether there is a next page.
    async fn a_page(
        &self,
        index: &Index,
        partition: &str,
        page: &PageQuery,
        order: Order,
    ) -> Result<Page<Item>, ListError> {
        let limit = page.limit.clamp(1, 100);
        let start =
            page.cursor.as_deref().map(|text| Position::of_cursor(text, index, partition)).transpose()?;
        let query = self.query(index, partition, "").scan_index_forward(order == Order::OldestFirst);
        let query = query.limit(i32::try_from(limit + 1).unwrap_or(i32::MAX));
        let query = query.set_exclusive_start_key(start.map(|position| position.start_key(index)));
        let found = query.send().await.map_err(unavailable)?;
        let more = found.last_evaluated_key.is_some() || found.items().len() > limit as usize;
        let items: Vec<_> = found.items.unwrap_or_default().into_iter().take(limit as usize).collect();
        let last = items.last().filter(|_| more).map(|item| Position::after(item, index));
        let last = last.transpose().map_err(|cause| corrupt_index(index, cause))?;
        Ok(Page { next: last.as_ref().and_then(encode), items })
    }
}

fn id_of(item: &Item) -> Result<RequestId, StoreError> {
    let pk = text(item, PK).unwrap_or_default();
    request_of(pk)
        .ok_or_else(|| StoreError::Corrupt { item: pk.to_owned(), cause: "it belongs to no request".into() })
}

/// Of the timetable. What is no request's must not keep the others from what they are due for.
fn requests_in(items: &[Item]) -> Vec<RequestId> {
    let read = |item| match id_of(item) {
        Ok(id) => Some(id),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "passed over on the timetable");
            None
        }
    };
    items.iter().filter_map(read).collect()
}

fn projected(item: &Item) -> Result<AccessRequest, StoreError> {
    request(item).map_err(|cause| match id_of(item) {
        Ok(id) => corrupt(&Key::request(id), cause),
        Err(error) => error,
    })
}

fn corrupt_index(index: &Index, cause: Cause) -> StoreError {
    StoreError::Corrupt { item: index.name.to_owned(), cause }
}
