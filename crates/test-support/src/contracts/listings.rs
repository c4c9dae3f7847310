//! Listings show what is on record, page by page.

use super::{circumstances, fresh_id, principal, submission};
use jiff::Timestamp;
use std::collections::BTreeSet;
use stint_app::ports::{ApprovalLinks, DUE_SHARDS, Ledger, ListError, PageQuery, Register};
use stint_domain::due::Timetable;
use stint_domain::ids::RequestId;
use stint_domain::link::{ApprovalLink, LinkSecret};
use stint_domain::request::{Approval, Decider};
use stint_domain::transition::Event;

#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
async fn due(store: &impl Register, timetable: Timetable, before: Timestamp) -> Vec<RequestId> {
    let mut found = Vec::new();
    for shard in 0..DUE_SHARDS {
        found.extend(store.due(timetable, shard, before, 1000).await.expect("due"));
    }
    found
}

#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
async fn live(store: &impl Register) -> Vec<RequestId> {
    let mut found = Vec::new();
    for shard in 0..DUE_SHARDS {
        let mut query = PageQuery { cursor: None, limit: 2 };
        loop {
            let page = store.live(shard, &query).await.expect("live");
            found.extend(page.items);
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
    }
    found
}

#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
pub async fn a_register_lists_what_is_on_record(
    store: &(impl Register + Ledger + ApprovalLinks),
    now: Timestamp,
) {
    let ids: Vec<_> = (0..3).map(|_| fresh_id(now)).collect();
    let (Some(first), Some(last)) = (ids.first().copied(), ids.last().copied()) else { return };
    let requester = principal("ana", first);
    for (seconds, id) in (0..).zip(&ids) {
        let mut change = submission(*id, super::after(now, seconds));
        let mut request = change.after().request.clone();
        request.scope.requester = requester.clone();
        let circumstances = circumstances(&request, request.submitted_at);
        change = stint_domain::record::Recorded::submission(request, None, &circumstances).expect("follows");
        store.commit(&change, None).await.expect("commit");
    }
    let query = |cursor: Option<String>| PageQuery { cursor, limit: 2 };
    let page = store.of_requester(&requester, &query(None)).await.expect("first page");
    let rest = store.of_requester(&requester, &query(page.next.clone())).await.expect("second page");
    let seen: Vec<_> = page.items.iter().chain(&rest.items).map(|request| request.scope.request_id).collect();
    let newest_first: Vec<_> = ids.iter().rev().copied().collect();
    assert_eq!(seen, newest_first, "all of mine, newest first");
    assert!(page.items.len() == 2 && rest.next.is_none(), "in pages");
    let nonsense = store.of_requester(&requester, &query(Some("nonsense".to_owned()))).await;
    assert!(matches!(nonsense, Err(ListError::BadCursor)), "a cursor is not made up");
    assert!(store.of_requester(&principal("ben", first), &query(None)).await.expect("page").items.is_empty());

    let thing = format!("thing-{first}").parse().expect("an entitlement's name");
    let mut change = submission(fresh_id(now), now);
    let mut of_thing = change.after().request.clone();
    of_thing.scope.entitlement = thing;
    let about = circumstances(&of_thing, now);
    change = stint_domain::record::Recorded::submission(of_thing.clone(), None, &about).expect("follows");
    store.commit(&change, None).await.expect("commit");
    let listed = store.of_entitlement(&of_thing.scope.entitlement, &query(None)).await.expect("page");
    let listed: Vec<_> = listed.items.iter().map(|request| request.scope.request_id).collect();
    assert_eq!(listed, [of_thing.scope.request_id], "of one entitlement");
    let asked = of_thing.scope.request_id;
    let of_requests = async |before| due(store, Timetable::Requests, before).await;
    let of_grants = async |before| due(store, Timetable::Grants, before).await;
    let late = super::after(now, 86_400);
    assert!(!live(store).await.contains(&asked), "nothing is given yet");
    assert!(of_requests(late).await.contains(&asked) && !of_grants(late).await.contains(&asked));
    let by = Decider::Policy { policies: BTreeSet::new() };
    let approval = Approval::of(by, of_thing.scope.hash());
    let approved = change.after().advance(Event::Approved { approval }, &about).expect("follows");
    store.commit(&approved, None).await.expect("commit");
    assert!(live(store).await.contains(&asked), "a grant that is not over is live");
    assert!(of_grants(late).await.contains(&asked) && !of_requests(late).await.contains(&asked));

    let approver = principal("ben", first);
    let recorded = store.load(first).await.expect("load").expect("committed");
    let secret: [u8; 32] = std::array::from_fn(|i| first.to_string().as_bytes().get(i).copied().unwrap_or(9));
    let link = ApprovalLink {
        hash: LinkSecret::new(secret).hash(),
        request_id: first,
        approver: approver.clone(),
        scope_hash: recorded.request.scope.hash(),
        reminder: 0,
        seal: None,
    };
    let reminder =
        ApprovalLink { reminder: 1, hash: LinkSecret::new(secret.map(|byte| !byte)).hash(), ..link.clone() };
    store.reserve(&link, now, super::after(now, 30)).await.expect("reserve");
    store.reserve(&reminder, now, super::after(now, 30)).await.expect("reserve");
    let asked = store.of_approver(&approver, &query(None)).await.expect("page");
    assert_eq!(asked.items.iter().map(|request| request.scope.request_id).collect::<Vec<_>>(), [first]);

    let due_at = recorded.request.due_at().expect("a pending request is due at some time");
    assert!(of_requests(super::after(due_at, 1)).await.contains(&first), "what is due is found");
    assert!(!of_requests(super::after(due_at, -1)).await.contains(&first), "and not before it is");
    let cancelled =
        recorded.advance(Event::Cancelled, &circumstances(&recorded.request, now)).expect("follows");
    store.commit(&cancelled, None).await.expect("commit");
    let left = of_requests(super::after(due_at, 10)).await;
    assert!(!left.contains(&first) && left.contains(&last), "what is final is not due any more");
}
