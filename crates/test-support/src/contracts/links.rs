//! What must be had by one at a time: the right to send a mail, the token of a wait, a lease.

use super::{after, fresh_id, principal};
use jiff::Timestamp;
use stint_app::ports::{ApprovalLinks, Leases, Reservation, TaskToken, TaskTokens, Wait};
use stint_domain::link::{ApprovalLink, LinkSecret};
use stint_domain::scope::ScopeHash;
use stint_domain::seal::Seal;

#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
pub async fn links_tokens_and_leases_are_taken_once(
    store: &(impl ApprovalLinks + TaskTokens + Leases),
    now: Timestamp,
) {
    let id = fresh_id(now);
    let request = super::request(id, now);
    let scope_hash: ScopeHash = request.scope.hash();
    let link = |seed: u8| ApprovalLink {
        hash: LinkSecret::new(std::array::from_fn(|i| {
            id.to_string().as_bytes().get(i).copied().unwrap_or(seed) ^ seed
        }))
        .hash(),
        request_id: id,
        approver: principal("ben", id),
        scope_hash: scope_hash.clone(),
        reminder: 0,
        seal: Some(Seal::new("bGlrZSBhIG1hcms=".to_owned())),
    };
    let (first, second) = (link(1), link(2));
    assert_eq!(
        store.find(&first.hash).await.expect("find"),
        None,
        "a link that was never made leads nowhere"
    );
    assert_eq!(
        store.reserve(&first, now, after(now, 30)).await.expect("reserve"),
        Reservation::Taken,
        "the first may send"
    );
    assert_eq!(
        store.reserve(&second, now, after(now, 30)).await.expect("reserve"),
        Reservation::Held,
        "nobody else meanwhile"
    );
    assert_eq!(
        store.find(&first.hash).await.expect("find"),
        Some(first.clone()),
        "the link leads to its request"
    );
    let later = after(now, 31);
    assert_eq!(
        store.reserve(&second, later, after(later, 30)).await.expect("reserve"),
        Reservation::Taken,
        "a reservation runs out"
    );
    store.sent(&second, later).await.expect("sent");
    let much_later = after(now, 3600);
    assert_eq!(
        store.reserve(&first, much_later, after(much_later, 30)).await.expect("reserve"),
        Reservation::Sent,
        "what was sent is not sent again"
    );
    assert_eq!(store.find(&second.hash).await.expect("find"), Some(second.clone()));
    let reminder = ApprovalLink { reminder: 1, ..link(3) };
    let again = ApprovalLink { reminder: 1, ..link(4) };
    assert_eq!(
        store.reserve(&reminder, later, after(later, 30)).await.expect("reserve"),
        Reservation::Taken,
        "a reminder is another mail"
    );
    assert_eq!(
        store.reserve(&again, later, after(later, 30)).await.expect("reserve"),
        Reservation::Held,
        "and is sent once, too"
    );
    store.sent(&reminder, later).await.expect("sent");
    assert_eq!(store.find(&reminder.hash).await.expect("find"), Some(reminder));
    assert_eq!(store.find(&second.hash).await.expect("find"), Some(second), "the earlier link stays good");

    assert!(store.kept(id, Wait::Decision).await.expect("kept").is_empty());
    for token in ["first", "first", "second", "first"] {
        store.keep(id, Wait::Decision, &TaskToken::new(token.to_owned())).await.expect("keep");
    }
    let kept = store.kept(id, Wait::Decision).await.expect("kept");
    let kept: Vec<_> = kept.iter().map(TaskToken::reveal).collect();
    assert_eq!(kept, ["first", "second"], "every token is kept, once, and none displaces another");

    let lease = format!("lease-{id}");
    assert!(store.acquire(&lease, "a", now, after(now, 55)).await.expect("acquire"));
    assert!(!store.acquire(&lease, "b", now, after(now, 55)).await.expect("acquire"), "one holder at a time");
    assert!(
        store.acquire(&lease, "a", now, after(now, 55)).await.expect("acquire"),
        "its holder may have it again"
    );
    let free = after(now, 56);
    assert!(store.acquire(&lease, "b", free, after(free, 55)).await.expect("acquire"), "a lease runs out");
    assert!(store.acquire(&lease, "b", free, after(free, 86_400)).await.expect("acquire"));
    assert!(
        store.acquire(&lease, "c", free, after(free, 55)).await.expect("acquire"),
        "no claim is believed that is much longer than any"
    );
}
