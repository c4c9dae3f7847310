//! The function that reveals dies at each of its calls, and whatever takes credentials away is switched off.
//!
//! Nobody repeats for a caller what has died: they ask again. What was issued without ever being answered must then be
//! worth nothing.

use crate::alone;
use crate::life::{Life, What};
use crate::patience::{SWEEP, eventually, sweep, until};
use crate::switched_off::{EXPIRE, Off, schedule_is};
use stint_local::admin::elements;
use stint_local::hooks::{Side, invocations, kill_at, kills, no_more_kills, switch_off, switch_on};
use stint_local::probe::{Access, Probe};
use stint_local::stage::Stage;

const REVEAL: &str = "stint-reveal";
pub(crate) const A_USER: What = ("payments-repair", "payments");
pub(crate) const A_SESSION: What = ("incident-read", "payments");

/// Asked, approved by Ben, active.
pub(crate) fn active(stage: &'static Stage, what: What, duration: &str) -> Life<'static> {
    let life = Life::asked(stage, what, duration);
    stage.decide_by_mail("ben@example.com", &life.id, "approve").unwrap();
    life.reaches("grant.activated");
    life
}

pub(crate) fn grant(life: &Life<'_>) -> String {
    life.id.replacen("req-", "grant-", 1)
}

pub(crate) fn own_user(life: &Life<'_>) -> String {
    life.id.replacen("req-", "stint-", 1)
}

/// What the holder is handed, which works.
pub(crate) fn revealed(life: &Life<'_>) -> Probe {
    let key = life.session.credentials(&grant(life)).unwrap();
    let probe = life.stage.probe_with(&key).unwrap();
    assert_eq!(probe.read("payments").unwrap(), Access::Allowed);
    probe
}

pub(crate) fn keys(life: &Life<'_>) -> usize {
    let user = own_user(life);
    let listed =
        life.stage.admin.form("iam", "ListAccessKeys", "2010-05-08", &[("UserName", &user)]).unwrap();
    elements(&listed, "AccessKeyId").count()
}

#[test]
fn whoever_asks_again_after_a_death_at_any_call_has_one_key_and_no_other_works() {
    let (stage, _alone) = alone();
    let life = active(stage, A_USER, "30m");
    let mut before = revealed(&life);
    let calls =
        invocations(&stage.http).unwrap().into_iter().rfind(|run| run.function == REVEAL).unwrap().calls;
    assert!(calls.iter().any(|call| call == "CreateAccessKey"), "{calls:?}");
    for (n, operation) in (1..).zip(&calls) {
        for side in [Side::Before, Side::After] {
            kill_at(&stage.http, REVEAL, n, side, 1).unwrap();
            let dead = life.session.ask_for_credentials(&grant(&life)).unwrap();
            let killed = kills(&stage.http, REVEAL).unwrap();
            no_more_kills(&stage.http).unwrap();
            assert_eq!((dead.status >= 500, killed), (true, 1), "{side:?} {n} {operation}: {}", dead.status);
            let now = revealed(&life);
            assert_eq!(keys(&life), 1, "{side:?} {n} {operation}");
            assert_eq!(before.read("payments").unwrap(), Access::NoSuchKey, "{side:?} {n} {operation}");
            before = now;
        }
    }
    let actions = life.actions();
    let count = |wanted: &str| actions.iter().filter(|action| *action == wanted).count();
    let (intents, issued) = (count("grant.credential_requested"), count("grant.credential_revealed"));
    assert!(issued > 2 * calls.len() && intents > issued, "each that was answered is on record: {actions:?}");

    let path = format!("/v1/grants/{}/return", grant(&life));
    life.session.post(&path, &serde_json::Value::Null).unwrap().ok(&path).unwrap();
    eventually("the end", || life.over());
    assert!(!stage.has_user(&own_user(&life)).unwrap());
    assert_eq!(before.read("payments").unwrap(), Access::NoSuchKey);
}

#[test]
fn keys_and_sessions_end_by_their_date_with_all_cleanup_off_and_are_removed_when_it_is_back() {
    let (stage, _alone) = alone();
    let lives = [active(stage, A_USER, "12s"), active(stage, A_SESSION, "12s")];
    let off = Off(stage);
    [EXPIRE, SWEEP].iter().for_each(|function| switch_off(&stage.admin, function).unwrap());
    schedule_is(stage, "DisableRule");
    let probes = lives.each_ref().map(revealed);
    for (life, probe) in lives.iter().zip(&probes) {
        until(life.ends_at().unwrap());
        assert_eq!(probe.read("payments").unwrap(), Access::Denied, "by the date in the policy");
        assert_eq!(life.over(), None);
    }
    assert!(stage.has_user(&own_user(&lives[0])).unwrap(), "the user is still there");
    switch_on(&stage.admin, SWEEP).unwrap();
    for (life, probe) in lives.iter().zip(&probes) {
        let last = eventually("what reconcile does alone", || {
            sweep(stage).unwrap().unwrap();
            life.over()
        });
        assert_eq!(last["actor"]["component"], "reconcile", "{last}");
        assert_ne!(probe.read("payments").unwrap(), Access::Allowed);
    }
    assert!(!stage.has_user(&own_user(&lives[0])).unwrap());
    drop(off);
}
