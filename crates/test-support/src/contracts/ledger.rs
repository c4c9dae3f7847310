//! A record and its events: together, once, and only on top of what was read.

use super::{circumstances, fresh_id, submission};
use jiff::Timestamp;
use stint_app::ports::{Ledger, StoreError};
use stint_domain::record::{Change, Recorded};
use stint_domain::transition::Event;

#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
fn cancelled(recorded: &Recorded, now: Timestamp) -> Change {
    recorded
        .advance(Event::Cancelled, &circumstances(&recorded.request, now))
        .expect("a pending request can be cancelled")
}

#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
pub async fn a_ledger_commits_all_or_nothing(store: &impl Ledger, now: Timestamp) {
    let id = fresh_id(now);
    assert_eq!(store.load(id).await.expect("load"), None, "what was never committed is not there");

    let first = submission(id, now);
    store.commit(&first, None).await.expect("the first commit");
    assert_eq!(
        store.load(id).await.expect("load").as_ref(),
        Some(first.after()),
        "what was committed reads back as it was"
    );
    store.commit(&first, None).await.expect("a repeated commit succeeds");

    let other = submission(id, super::after(now, 1));
    assert!(
        matches!(store.commit(&other, None).await, Err(StoreError::Conflict)),
        "a second submission conflicts"
    );

    let refusal = Event::Refused { attempted: "approve".to_owned(), reason: "late".to_owned() };
    let refused =
        first.after().advance(refusal, &circumstances(&first.after().request, now)).expect("follows");
    store.commit(&refused, None).await.expect("the next commit");
    assert!(
        matches!(store.commit(&cancelled(first.after(), now), None).await, Err(StoreError::Conflict)),
        "a commit on top of what is not the latest conflicts"
    );
    assert_eq!(store.load(id).await.expect("load").as_ref(), Some(refused.after()), "and changes nothing");
    store.commit(&cancelled(refused.after(), now), None).await.expect("on top of the latest it does not");
    store.commit(&first, None).await.expect_err("an old commit does not come back");
}

#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
pub async fn a_ledger_commits_two_changes_or_neither(store: &impl Ledger, now: Timestamp) {
    let (one, two) = (submission(fresh_id(now), now), submission(fresh_id(now), now));
    for submitted in [&one, &two] {
        store.commit(submitted, None).await.expect("the submissions");
    }
    let both = [cancelled(one.after(), now), cancelled(two.after(), now)];
    let [first, second] = &both;
    store.commit_both([first, second]).await.expect("on top of what was read");
    store.commit_both([first, second]).await.expect("a repeated commit succeeds");
    for change in &both {
        let id = change.after().request.scope.request_id;
        assert_eq!(store.load(id).await.expect("load").as_ref(), Some(change.after()), "both are made");
    }

    let three = submission(fresh_id(now), now);
    store.commit(&three, None).await.expect("another submission");
    let (fresh, stale) = (cancelled(three.after(), now), cancelled(two.after(), super::after(now, 1)));
    for changes in [[&fresh, &stale], [&stale, &fresh]] {
        let refused = store.commit_both(changes).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict)),
            "one on top of what is not the latest: {refused:?}"
        );
    }
    let id = three.after().request.scope.request_id;
    assert_eq!(store.load(id).await.expect("load").as_ref(), Some(three.after()), "neither is made");
}
