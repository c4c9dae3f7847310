//! Idempotency keys.

use super::{after, fresh_id, submission};
use jiff::Timestamp;
use stint_app::ports::{Beside, IdempotencyKeys, IdempotencyRecord, Ledger, StoreError};

#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
pub async fn idempotency_keys_stand_for_one_request(store: &(impl Ledger + IdempotencyKeys), now: Timestamp) {
    let (first, second) = (fresh_id(now), fresh_id(now));
    let caller = super::principal("ana", first);
    let record = |request_id, expires_at| IdempotencyRecord {
        caller: caller.clone(),
        key: "key-1".to_owned(),
        body_hash: "b1".to_owned(),
        request_id,
        expires_at,
    };
    assert_eq!(store.find(&caller, "key-1", now).await.expect("find"), None);
    let kept = record(first, after(now, 3600));
    store.commit(&submission(first, now), Some(Beside::Key(&kept))).await.expect("commit with a key");
    assert_eq!(
        store.find(&caller, "key-1", now).await.expect("find"),
        Some(kept),
        "a key leads to its request"
    );
    assert_eq!(
        store.find(&super::principal("ben", first), "key-1", now).await.expect("find"),
        None,
        "of its caller only"
    );

    let again =
        store.commit(&submission(second, now), Some(Beside::Key(&record(second, after(now, 3600))))).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "a live key is not taken again");
    assert_eq!(store.load(second).await.expect("load"), None, "and nothing else of that commit is there");
    assert_eq!(
        store.find(&caller, "key-1", after(now, 3600)).await.expect("find"),
        None,
        "a key past its end counts as none"
    );
}
