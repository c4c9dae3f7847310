//! Reading the audit: one stream from its table, or all streams in order of time from the index by day.
//!
//! A day's events are spread over shards, so that writing never waits for one key; reading merges them. Each shard is
//! read up to some point, and what is returned ends where the shard that was read least ends: nothing is skipped.

use super::cursor::{decode, encode};
use super::item::{Item, n, s, text};
use super::keys::{BY_DAY, DAY_SHARDS, day_of, day_partition, sortable};
use super::{DynamoStore, unavailable};
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use stint_app::ports::{AuditTrail, Cause, ListError, Page, PageQuery, StoreError, StoredEvent};
use stint_domain::audit::Stream;

/// How many reads of a page find nothing before it is returned as it is: a quarter of a year without an event.
const LONGEST_SEARCH: u32 = 92;

impl AuditTrail for DynamoStore {
    /// A page may be short, or empty, and still have a next one: the search for events in a long quiet time is cut.
    async fn between(
        &self,
        from: Timestamp,
        to: Timestamp,
        page: &PageQuery,
    ) -> Result<Page<StoredEvent>, ListError> {
        let (first, end) = (bound(from), bound(to));
        let mut at = match &page.cursor {
            None => first,
            Some(cursor) => Place::of_cursor(cursor, &first, &end)?,
        };
        let (limit, mut items, mut searched) = (page.limit.clamp(1, 1000) as usize, Vec::new(), 0);
        while at < end && items.len() < limit && searched < LONGEST_SEARCH {
            let slice = self.slice(&at, &end, limit - items.len()).await?;
            searched += 1;
            items.extend(slice.events);
            at = slice.next;
        }
        let next = (at < end).then_some(Place { at }).as_ref().and_then(encode);
        Ok(Page { items, next })
    }

    async fn stream(&self, stream: &Stream, page: &PageQuery) -> Result<Page<StoredEvent>, ListError> {
        let name = stream.to_string();
        let after = match &page.cursor {
            None => 0,
            Some(cursor) => StreamPlace::of_cursor(cursor, &name)?,
        };
        let limit = page.limit.clamp(1, 1000) as usize;
        let found = self.client.query().table_name(self.tables.audit.as_str()).consistent_read(true);
        let found = found.key_condition_expression("#stream = :stream AND #seq > :after");
        let found =
            found.expression_attribute_names("#stream", "stream").expression_attribute_names("#seq", "seq");
        let found = found
            .expression_attribute_values(":stream", s(&name))
            .expression_attribute_values(":after", n(after));
        let found =
            found.limit(i32::try_from(limit + 1).unwrap_or(i32::MAX)).send().await.map_err(unavailable)?;
        let more = found.last_evaluated_key().is_some() || found.items().len() > limit;
        let items: Vec<_> = found.items().iter().take(limit).map(stored).collect::<Result<_, _>>()?;
        let after = after + items.len() as u64;
        let next = more.then_some(StreamPlace { stream: name, after }).as_ref().and_then(encode);
        Ok(Page { items, next })
    }
}

/// Where a page by time ended: the least place in the index that was not read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    at: String,
}

impl Place {
    fn of_cursor(cursor: &str, first: &String, end: &String) -> Result<String, ListError> {
        let place: Self = decode(cursor)?;
        let fits = place.at >= *first && place.at < *end && time_of(&place.at).is_some();
        fits.then_some(place.at).ok_or(ListError::BadCursor)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamPlace {
    stream: String,
    after: u64,
}

impl StreamPlace {
    fn of_cursor(cursor: &str, name: &str) -> Result<u64, ListError> {
        let place: Self = decode(cursor)?;
        (place.stream == name).then_some(place.after).ok_or(ListError::BadCursor)
    }
}

/// Events of one day from some place on, and the place to go on from.
struct Slice {
    events: Vec<StoredEvent>,
    next: String,
}

/// What was read of a shard; `read_to` is the place of its last event if it has more.
struct Shard {
    events: Vec<(String, StoredEvent)>,
    read_to: Option<String>,
}

impl DynamoStore {
    async fn slice(&self, at: &str, end: &str, limit: usize) -> Result<Slice, StoreError> {
        let start = time_of(at).ok_or_else(|| broken("by_day", "a place has no time".into()))?;
        let (day, next_day) = (day_of(start), next_day(start));
        let last = end.min(next_day.as_str());
        // A shard has a sixteenth of the events on average; twice that makes a second round rare.
        let each = (limit / usize::from(DAY_SHARDS / 2) + 1).max(limit.min(25));
        let shards = (0..DAY_SHARDS).map(|shard| self.shard(day_partition(&day, shard), at, last, each));
        Ok(merge(try_join_all(shards).await?, limit, last))
    }

    async fn shard(
        &self,
        partition: String,
        at: &str,
        last: &str,
        limit: usize,
    ) -> Result<Shard, StoreError> {
        let query = self.client.query().table_name(self.tables.audit.as_str()).index_name(BY_DAY.name);
        let query = query.key_condition_expression("#shard = :shard AND #at BETWEEN :at AND :last");
        let query = query.expression_attribute_names("#shard", BY_DAY.partition);
        let query = query.expression_attribute_names("#at", BY_DAY.sort);
        let query = query.expression_attribute_values(":shard", s(partition));
        let query =
            query.expression_attribute_values(":at", s(at)).expression_attribute_values(":last", s(last));
        let found =
            query.limit(i32::try_from(limit).unwrap_or(i32::MAX)).send().await.map_err(unavailable)?;
        let place =
            |item| text(item, BY_DAY.sort).map(str::to_owned).map_err(|cause| broken("by_day", cause));
        let events = found.items().iter().map(|item| Ok((place(item)?, stored(item)?)));
        let events: Vec<_> = events.collect::<Result<_, StoreError>>()?;
        let read_to =
            events.last().filter(|_| found.last_evaluated_key.is_some()).map(|(place, _)| place.clone());
        Ok(Shard { events, read_to })
    }
}

fn merge(shards: Vec<Shard>, limit: usize, last: &str) -> Slice {
    let read_to = shards.iter().filter_map(|shard| shard.read_to.clone()).min();
    let mut events: Vec<_> = shards.into_iter().flat_map(|shard| shard.events).collect();
    events.retain(|(place, _)| read_to.as_ref().is_none_or(|read_to| place <= read_to));
    events.sort_by(|(one, _), (other, _)| one.cmp(other));
    let more = read_to.is_some() || events.len() > limit;
    events.truncate(limit);
    let next = events.last().filter(|_| more).map_or(last.to_owned(), |(place, _)| after(place));
    Slice { events: events.into_iter().map(|(_, event)| event).collect(), next }
}

/// The least text after a place: places have no other place as their beginning.
fn after(place: &str) -> String {
    format!("{place}!")
}

/// Events are stored in whole milliseconds, so a bound counts as the next of those. Nothing is older than Stint.
fn bound(at: Timestamp) -> String {
    let at = at.max(Timestamp::UNIX_EPOCH);
    sortable(at.saturating_add(SignedDuration::from_nanos(999_999)).unwrap_or(at))
}

fn time_of(place: &str) -> Option<Timestamp> {
    place.get(..24)?.parse().ok()
}

fn next_day(at: Timestamp) -> String {
    let day = 86_400;
    let midnight = (at.as_second() / day + 1) * day;
    Timestamp::from_second(midnight).map_or_else(|_| sortable(Timestamp::MAX), sortable)
}

fn stored(item: &Item) -> Result<StoredEvent, StoreError> {
    let read = |name| text(item, name).map(str::to_owned);
    let event = read("doc").and_then(|canonical| Ok(StoredEvent { canonical, hash: read("hash")? }));
    event.map_err(|cause| broken(text(item, "stream").unwrap_or("audit"), cause))
}

fn broken(item: &str, cause: Cause) -> StoreError {
    StoreError::Corrupt { item: item.to_owned(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(places: &[&str], more: bool) -> Shard {
        let event = |place: &&str| StoredEvent { canonical: (*place).to_owned(), hash: String::new() };
        let events: Vec<_> = places.iter().map(|place| ((*place).to_owned(), event(place))).collect();
        Shard { read_to: places.last().filter(|_| more).map(ToString::to_string), events }
    }

    fn merged(shards: Vec<Shard>, limit: usize) -> (Vec<String>, String) {
        let slice = merge(shards, limit, "end");
        (slice.events.into_iter().map(|event| event.canonical).collect(), slice.next)
    }

    #[test]
    fn nothing_is_returned_beyond_what_every_shard_was_read_to() {
        let (events, next) = merged(vec![shard(&["a", "c"], true), shard(&["b", "d", "e"], false)], 10);
        assert_eq!((events.join(""), next.as_str()), ("abc".to_owned(), "c!"));
    }

    #[test]
    fn a_slice_ends_where_it_is_full_or_at_its_end() {
        let shards = || vec![shard(&["a", "d"], false), shard(&["b"], false), shard(&[], false)];
        assert_eq!(merged(shards(), 2), (vec!["a".to_owned(), "b".to_owned()], "b!".to_owned()));
        assert_eq!(merged(shards(), 3).1, "end");
        assert_eq!(merged(vec![shard(&[], false)], 3), (vec![], "end".to_owned()));
    }

    #[test]
    fn a_bound_between_two_milliseconds_counts_as_the_later() {
        assert_eq!(bound("2026-11-22T10:00:00.001Z".parse().unwrap()), "2026-11-22T10:00:00.001Z");
        assert_eq!(bound("2026-11-22T10:00:00.001000001Z".parse().unwrap()), "2026-11-22T10:00:00.002Z");
        assert_eq!(bound(Timestamp::MIN), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn the_next_day_begins_at_midnight() {
        assert_eq!(next_day("2026-11-22T00:00:00Z".parse().unwrap()), "2026-11-23T00:00:00.000Z");
        assert_eq!(next_day("2026-12-31T23:59:59.999Z".parse().unwrap()), "2027-01-01T00:00:00.000Z");
    }
}
