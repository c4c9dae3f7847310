//! The audit, as it was written: complete, in order, and verifiable.

use super::{circumstances, fresh_id, submission};
use jiff::Timestamp;
use stint_app::ports::{AuditTrail, Ledger, PageQuery, StoredEvent};
use stint_domain::audit::{Authorization, Outcome, Stream, verify};
use stint_domain::record::{Circumstances, SystemEvent, first_use};
use stint_domain::transition::Event;

#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
pub async fn an_audit_trail_gives_back_what_was_committed(
    store: &(impl AuditTrail + Ledger),
    now: Timestamp,
) {
    let id = fresh_id(now);
    let first = submission(id, now);
    store.commit(&first, None).await.expect("commit");
    let mut head = first.after().clone();
    for reason in ["one", "two", "three"] {
        let event = Event::Refused { attempted: "approve".to_owned(), reason: reason.to_owned() };
        let change = head.advance(event, &circumstances(&head.request, now)).expect("follows");
        store.commit(&change, None).await.expect("commit");
        head = change.after().clone();
    }
    let events = stream(store, &Stream::Request(id)).await;
    let rows = events.iter().map(|stored| (stored.canonical.as_str(), stored.hash.as_str()));
    assert_eq!(verify(rows), Ok(head.head.clone()), "the stream verifies and ends where the record says");

    for n in 0..4 {
        let event = SystemEvent {
            action: "request.refused",
            outcome: Outcome::Denied,
            entitlement: None,
            detail: serde_json::json!({ "of": id.to_string(), "n": n }),
        };
        store.append(event, circumstances(&head.request, now)).await.expect("append");
    }
    let all = between(store, super::after(now, -1), super::after(now, 1)).await;
    let mine = all.iter().filter(|stored| stored.canonical.contains(&id.to_string())).count();
    assert_eq!(mine, 8, "everything of the time, of requests and of the system");
    let times: Vec<_> = all.iter().filter_map(|stored| time_of(&stored.canonical)).collect();
    assert!(times.is_sorted() && times.len() == all.len(), "in order of time");
    let ends_open = between(store, super::after(now, -1), now).await;
    assert!(
        !ends_open.iter().any(|stored| stored.canonical.contains(&id.to_string())),
        "the end itself is outside"
    );
}

/// Two stores on the same tables, as two processes have them.
#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
pub async fn a_stream_is_opened_once(
    (one, other): (&(impl AuditTrail + Ledger), &(impl AuditTrail + Ledger)),
    now: Timestamp,
) {
    let id = fresh_id(now);
    let version = format!("of-{id}");
    let request = submission(id, now).after().request.clone();
    let used = |at| {
        let policies = ["a-policy".to_owned()].into();
        let authorization = Authorization { policy_version: version.clone(), policies, weighed: None };
        let about = Circumstances { authorization: Some(authorization), ..circumstances(&request, at) };
        first_use(&about).expect("policy has decided")
    };
    let (first, later) = (used(now), used(super::after(now, 1)));
    for (store, event) in [(0, &first), (1, &later), (0, &first), (1, &later)] {
        let opened = if store == 0 { one.open(event).await } else { other.open(event).await };
        opened.expect("whoever comes later is not refused");
    }
    let found = stream(other, &Stream::Policy { version }).await;
    assert_eq!(found.len(), 1, "and nothing comes beside it");
    let stored = found.first().map(|stored| (stored.canonical.as_str(), stored.hash.as_str()));
    assert_eq!(stored, Some((first.canonical.as_str(), first.hash.as_str())), "the first one stays");
    assert_eq!(verify(stored), Ok(first.head()));
    let all = between(one, super::after(now, -1), super::after(now, 2)).await;
    assert_eq!(all.iter().filter(|event| event.hash == first.hash.as_str()).count(), 1, "it is listed");
}

fn time_of(canonical: &str) -> Option<Timestamp> {
    let value: serde_json::Value = serde_json::from_str(canonical).ok()?;
    value.get("at")?.as_str()?.parse().ok()
}

#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
async fn stream(store: &impl AuditTrail, stream: &Stream) -> Vec<StoredEvent> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.stream(stream, &PageQuery { cursor, limit: 3 }).await.expect("a page of a stream");
        found.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return found;
        }
    }
}

#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
async fn between(store: &impl AuditTrail, from: Timestamp, to: Timestamp) -> Vec<StoredEvent> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page =
            store.between(from, to, &PageQuery { cursor, limit: 5 }).await.expect("a page of the trail");
        found.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return found;
        }
    }
}
