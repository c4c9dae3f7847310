//! Two of a kind at the same moment: one artefact, one outcome, one mail.
//!
//! To have both come first, the workflow's own attempts are killed at their first call until the next is some seconds
//! away.

use crate::alone;
use crate::life::{AT_ONCE, BY_A_PERSON, Life};
use crate::patience::eventually;
use crate::post::notification;
use serde_json::{Value, json};
use std::sync::Barrier;
use std::thread::scope;
use stint_local::Stage;
use stint_local::hooks::{Side, invoke, kill_at, kills, no_more_kills};
use stint_local::mail::inbox;
use stint_local::probe::Access;

type Answer = Result<Value, Value>;

/// The same event to the same function from both sides.
fn both(stage: &Stage, function: &str, event: &Value) -> [Answer; 2] {
    let barrier = Barrier::new(2);
    let one = || {
        barrier.wait();
        invoke(&stage.admin, function, event).unwrap()
    };
    scope(|scope| {
        let other = scope.spawn(one);
        [one(), other.join().unwrap()]
    })
}

/// Kills the workflow's attempts at this call until the next one is eight seconds away.
fn hold_off(stage: &Stage, function: &str) {
    eventually("four attempts", || (kills(&stage.http, function).unwrap() >= 4).then_some(()));
    no_more_kills(&stage.http).unwrap();
}

fn count(life: &Life<'_>, action: &str) -> usize {
    life.actions().iter().filter(|one| *one == action).count()
}

#[test]
fn two_grants_at_once_give_one_access() {
    let (stage, _alone) = alone();
    kill_at(&stage.http, "stint-grant", 1, Side::Before, 1000).unwrap();
    let life = Life::asked(stage, AT_ONCE, "20s");
    hold_off(stage, "stint-grant");
    let answers = both(stage, "stint-grant", &json!({"request_id": life.id}));
    let granted: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert!(!granted.is_empty(), "{answers:?}");
    let end = life.ends_at().unwrap().to_string();
    assert!(granted.iter().all(|one| one["ends_at"] == end.as_str()), "one window: {answers:?}");
    life.reaches("grant.activated");
    assert_eq!((life.policies().len(), count(&life, "grant.activated")), (1, 1), "{:?}", life.actions());
    assert_eq!(life.access(), Access::Allowed);
    // The workflow's own attempt comes third, and the end comes once.
    let last = eventually("the end", || life.over());
    assert_eq!(last["detail"]["ended_by"], "EXPIRED", "{last}");
    assert_eq!((life.policies().len(), count(&life, "grant.ended")), (0, 1), "{:?}", life.actions());
    assert_eq!((count(&life, "grant.activated"), life.access()), (1, Access::Denied));
}

#[test]
fn two_expiries_at_once_end_it_once() {
    let (stage, _alone) = alone();
    let life = Life::asked(stage, AT_ONCE, "10m");
    life.reaches("grant.activated");
    assert_eq!((life.policies().len(), life.access()), (1, Access::Allowed));
    let answers = both(stage, "stint-expire", &json!({"request_id": life.id, "trigger": "returned"}));
    assert!(answers.iter().any(Result::is_ok), "{answers:?}");
    let last = eventually("the end", || life.over());
    assert_eq!(last["detail"]["ended_by"], "RETURNED", "{last}");
    let said = [
        count(&life, "grant.removal_started"),
        count(&life, "grant.ended"),
        count(&life, "grant.removal_failed"),
    ];
    assert_eq!(said, [1, 1, 0], "{:?}", life.actions());
    assert_eq!((life.policies().len(), life.access()), (0, Access::Denied));
}

#[test]
fn two_notifications_at_once_send_one_mail_to_an_approver() {
    let (stage, _alone) = alone();
    // After its first call, so that the workflow's token is kept.
    kill_at(&stage.http, "stint-notify", 1, Side::After, 1000).unwrap();
    let life = Life::asked(stage, BY_A_PERSON, "10m");
    hold_off(stage, "stint-notify");
    assert!(mails(&life).is_empty(), "nobody has been asked yet");
    let answers = both(stage, "stint-notify", &notification(&life));
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    life.reaches("request.approvers_notified");
    // The workflow's own attempt, with a token of its own, comes third.
    eventually("the workflow's own attempt", || {
        let alive =
            life.invocations("notify").into_iter().filter(|run| run.ended.is_some() && run.error.is_none());
        (alive.count() >= 3).then_some(())
    });
    let mut asked = mails(&life);
    asked.sort();
    let all = asked.len();
    asked.dedup();
    assert_eq!(asked.len(), all, "one mail to each: {asked:?}");
    assert!(asked.contains(&"ben@example.com".to_owned()), "{asked:?}");
    assert_eq!(count(&life, "request.approvers_notified"), 1, "{:?}", life.actions());
    // And the token that was kept last is the one that is waited for.
    stage.decide_by_mail("ben@example.com", &life.id, "approve").unwrap();
    life.reaches("grant.activated");
    assert_eq!(life.access(), Access::Allowed);
}

fn mails(life: &Life<'_>) -> Vec<String> {
    let all = inbox(&life.stage.http).unwrap();
    all.into_iter().filter(|mail| mail.body_text.contains(&life.id)).flat_map(|mail| mail.to).collect()
}
