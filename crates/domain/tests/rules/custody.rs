//! One holder at a time, the others in the order of coming.

use crate::fixtures::{at, every_state};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use stint_domain::custody::sets::{SET_SETTLE_SECONDS, SetAttempt, Unsettled};
use stint_domain::custody::{
    CHECKOUTS_A_DAY, Custody, CustodyChange, Handover, Occupied, QUEUE_LENGTH, Waiting,
};
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use uuid::Uuid;

fn free() -> Custody {
    Custody::unknown("stint/vault/orders-owner".parse().unwrap())
}

fn nth(n: u128) -> RequestId {
    RequestId::new(Uuid::from_u128(n))
}

fn waiting(n: u128) -> Waiting {
    Waiting { request_id: nth(n), duration: "30m".parse().unwrap() }
}

fn after(change: Option<CustodyChange>) -> Custody {
    change.expect("a change").after().clone()
}

/// To set the version of this number.
fn attempt(version: u8, token: u128) -> SetAttempt {
    SetAttempt::of(&version.to_string(), Uuid::from_u128(token), day(0))
}

fn day(hours: i64) -> Timestamp {
    at("10:00:00").saturating_add(SignedDuration::from_hours(hours)).unwrap()
}

#[test]
fn a_credential_has_one_holder_and_is_free_again_only_when_that_one_releases_it() {
    let held = after(free().take(nth(1), day(0)).unwrap());
    assert_eq!(held.holder(), Some(nth(1)));
    assert_eq!(held.take(nth(1), day(0)), Ok(None), "taking it twice is taking it once");
    assert_eq!(held.take(nth(2), day(0)), Err(Occupied::Held { by: nth(1) }));
    assert_eq!(held.release(nth(2)), None, "nobody gives back what somebody else has");
    let given_back = after(held.release(nth(1)));
    assert_eq!(after(given_back.take(nth(2), day(0)).unwrap()).holder(), Some(nth(2)));
}

#[test]
fn whoever_waits_longest_is_next() {
    let held = after(free().take(nth(1), day(0)).unwrap());
    let queued = after(after(held.join(waiting(2)).unwrap()).join(waiting(3)).unwrap());
    assert_eq!(queued.join(waiting(2)), Ok(None), "waiting twice is waiting once");
    let free = after(queued.release(nth(1)));
    assert_eq!(free.take(nth(3), day(0)), Err(Occupied::NotYourTurn { first: nth(2) }));
    assert_eq!(free.take(nth(4), day(0)), Err(Occupied::NotYourTurn { first: nth(2) }));
    assert_eq!(free.queue(), [waiting(2), waiting(3)]);
    let without_two = after(free.leave(nth(2)));
    assert_eq!(without_two.queue(), [waiting(3)]);
    assert_eq!(without_two.leave(nth(2)), None, "nobody leaves twice");
    assert_eq!(after(without_two.take(nth(3), day(0)).unwrap()).queue(), []);
}

#[test]
fn a_credential_is_taken_before_anything_is_given_and_released_by_what_ends_a_removal_and_nothing_else() {
    let grants: Vec<_> = every_state().iter().filter_map(|(_, request)| request.grant().cloned()).collect();
    let handovers = grants.iter().flat_map(|before| {
        let between =
            |after: &GrantState| Some((before.name(), after.name(), Handover::between(before, after)?));
        grants.iter().filter_map(between).collect::<Vec<_>>()
    });
    let expected = [
        ("SCHEDULED", "ACTIVATING", Handover::Taken),
        ("DEACTIVATING", "ENDED", Handover::Released),
        ("DEACTIVATING", "ACTIVATION_FAILED", Handover::Released),
    ];
    let handovers: Vec<_> = handovers.collect();
    assert!(handovers.iter().all(|one| expected.contains(one)), "{handovers:?}");
    assert!(expected.iter().all(|one| handovers.contains(one)), "{handovers:?}");
}

#[test]
fn as_many_may_wait_as_the_queue_is_long() {
    let mut custody = after(free().take(nth(0), day(0)).unwrap());
    for n in 1..=QUEUE_LENGTH as u128 {
        custody = after(custody.join(waiting(n)).unwrap());
    }
    assert_eq!(custody.join(waiting(1_000)), Err(Occupied::QueueFull));
}

#[test]
fn a_credential_is_checked_out_no_more_often_than_its_versions_can_be_kept() {
    let mut custody = free();
    for n in 0..CHECKOUTS_A_DAY as u128 {
        custody = after(custody.take(nth(n), day(0)).unwrap());
        custody = after(custody.release(nth(n)));
    }
    assert_eq!(custody.take(nth(999), day(23)), Err(Occupied::TooOften { until: day(24) }));
    assert!(custody.take(nth(999), day(24)).is_ok());
}

#[test]
fn nothing_else_is_set_before_every_attempt_is_over_and_the_same_version_may_be() {
    let begun = |custody: Custody, token| after(Some(custody.begin_set(attempt(1, token)).unwrap()));
    let thrice = [1, 2, 3].into_iter().fold(free(), begun);
    let settles_at = day(0).saturating_add(SignedDuration::from_secs(SET_SETTLE_SECONDS)).unwrap();
    let refused = Err(Unsettled { settles_at });
    assert_eq!(thrice.begin_set(attempt(2, 4)).map(drop), refused);
    let twice = after(thrice.end_set(&attempt(1, 2)));
    assert_eq!(twice.end_set(&attempt(1, 2)), None, "it was over before");
    let once = after(twice.end_set(&attempt(1, 1)));
    assert_eq!(once.begin_set(attempt(2, 4)).map(drop), refused, "the third one is not");
    assert!(after(once.end_set(&attempt(1, 3))).begin_set(attempt(2, 4)).is_ok());
}

#[test]
fn an_attempt_of_which_nothing_is_heard_holds_others_up_until_it_has_settled_and_no_longer() {
    let begun = after(Some(free().begin_set(attempt(1, 1)).unwrap()));
    let settles_at = day(0).saturating_add(SignedDuration::from_secs(SET_SETTLE_SECONDS)).unwrap();
    let just_before = settles_at.saturating_sub(SignedDuration::from_nanos(1)).unwrap();
    assert_eq!(begun.may_be_set_to("2", just_before), Err(Unsettled { settles_at }));
    assert_eq!(begun.may_be_set_to("1", just_before), Ok(()));
    assert_eq!(begun.may_be_set_to("2", settles_at), Ok(()));
    let next = SetAttempt::of("2", Uuid::from_u128(2), settles_at);
    let next = after(Some(begun.begin_set(next.clone()).unwrap())).end_set(&next);
    let kept = serde_json::to_value(after(next)).unwrap();
    assert_eq!(kept.get("sets"), None, "what has settled is not kept");
    let writes_until = attempt(1, 1).writes_until();
    assert!(day(0) < writes_until && writes_until < settles_at, "a call on its way has time to arrive");
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Take(u8),
    Join(u8),
    Leave(u8),
    Release(u8),
    Set(u8),
    Settle(u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = (0..6_u8, 0..6_u8).prop_map(|(kind, who)| match kind {
        0 => Act::Take(who),
        1 => Act::Join(who),
        2 => Act::Leave(who),
        3 => Act::Release(who),
        4 => Act::Set(who),
        _ => Act::Settle(who),
    });
    prop::collection::vec(act, 1..200)
}

proptest! {
    #[test]
    fn whatever_is_tried_the_holder_changes_hands_by_a_release_only_and_in_turn(acts in acts()) {
        let mut custody = free();
        for act in acts {
            let (before, id) = (custody.clone(), |n: u8| nth(u128::from(n)));
            let change = match act {
                Act::Take(n) => custody.take(id(n), day(0)).ok().flatten(),
                Act::Join(n) => custody.join(waiting(u128::from(n))).ok().flatten(),
                Act::Leave(n) => custody.leave(id(n)),
                Act::Release(n) => custody.release(id(n)),
                Act::Set(n) => custody.begin_set(attempt(n, u128::from(n))).ok(),
                Act::Settle(n) => custody.end_set(&attempt(n, u128::from(n))),
            };
            let Some(change) = change else { continue };
            custody = change.after().clone();
            prop_assert_eq!(custody.version, before.version + 1);
            prop_assert_eq!(change.before_version().unwrap_or(0), before.version);
            match (before.holder(), custody.holder()) {
                (Some(one), Some(other)) => prop_assert_eq!(one, other),
                (Some(one), None) => prop_assert!(matches!(act, Act::Release(n) if id(n) == one)),
                (None, Some(one)) => {
                    prop_assert!(before.queue().first().is_none_or(|first| first.request_id == one));
                }
                (None, None) => {}
            }
            let waits = |n: RequestId| custody.queue().iter().filter(|one| one.request_id == n).count();
            prop_assert!((0..6).all(|n| waits(id(n)) <= 1));
            prop_assert!(custody.holder().is_none_or(|holder| waits(holder) == 0));
        }
    }

    #[test]
    fn a_custody_reads_back_what_was_written(acts in acts()) {
        let mut custody = free();
        for act in acts {
            let id = |n: u8| nth(u128::from(n));
            let change = match act {
                Act::Take(n) => custody.take(id(n), day(0)).ok().flatten(),
                Act::Join(n) => custody.join(waiting(u128::from(n))).ok().flatten(),
                Act::Leave(n) => custody.leave(id(n)),
                Act::Release(n) => custody.release(id(n)),
                Act::Set(n) => custody.begin_set(attempt(n, u128::from(n))).ok(),
                Act::Settle(n) => custody.end_set(&attempt(n, u128::from(n))),
            };
            custody = change.map_or(custody, |change| change.after().clone());
        }
        let text = serde_json::to_string(&custody).unwrap();
        prop_assert_eq!(serde_json::from_str::<Custody>(&text).unwrap(), custody);
    }
}
