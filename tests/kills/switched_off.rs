//! With everything of Stint's that removes switched off, access ends by its date alone; and nothing is forgotten.

use crate::alone;
use crate::life::{AT_ONCE, Life};
use crate::patience::{SWEEP, eventually, sweep, until};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use stint_app::ports::DUE_SHARDS;
use stint_domain::due::GRACE_SECONDS;
use stint_local::hooks::{Side, invocations, kill_at, kills, no_more_kills, switch_off, switch_on};
use stint_local::probe::Access;
use stint_local::stage::Stage;

const EXPIRE: &str = "stint-expire";

/// Switches everything on again, whatever happens.
struct Off(&'static Stage);

impl Drop for Off {
    fn drop(&mut self) {
        for function in [EXPIRE, SWEEP] {
            let _ = switch_on(&self.0.admin, function);
        }
        schedule_is(self.0, "EnableRule");
    }
}

#[test]
fn access_ends_by_its_date_with_expire_and_reconcile_off_and_is_removed_when_they_are_back() {
    let (stage, _alone) = alone();
    let life = Life::asked(stage, AT_ONCE, "8s");
    let off = Off(stage);
    for function in [EXPIRE, SWEEP] {
        switch_off(&stage.admin, function).unwrap();
    }
    life.reaches("grant.activated");
    assert_eq!(life.access(), Access::Allowed);
    until(life.ends_at().unwrap());
    assert_eq!(life.access(), Access::Denied, "by the date in the policy");
    assert_eq!(life.policies().len(), 1, "which is still there");
    assert_eq!(life.over(), None);
    assert!(sweep(stage).is_err(), "nobody sweeps");
    switch_on(&stage.admin, SWEEP).unwrap();
    let last = eventually("what reconcile does alone", || {
        sweep(stage).unwrap().unwrap();
        life.over()
    });
    assert!(life.invocations("expire").is_empty(), "expire is still off");
    removed(&life, &last);
    drop(off);
    let status = eventually("the workflow's own end", || {
        let status = stage.execution(&life.id).unwrap().status().unwrap();
        (status != "RUNNING").then_some(status)
    });
    assert_eq!(status, "SUCCEEDED");
    assert_eq!(life.over(), Some(last), "expire found it done");
}

fn removed(life: &Life<'_>, last: &Value) {
    assert!(life.policies().is_empty());
    assert_eq!(life.access(), Access::Denied);
    assert_eq!(
        (&last["action"], &last["actor"]["component"]),
        (&"grant.ended".into(), &"reconcile".into()),
        "{last}"
    );
    let receipt = &last["detail"]["receipt"];
    assert_eq!(receipt["answered"], "NoSuchEntity", "{last}");
    assert!(receipt["looked_at"].as_str().unwrap().contains(&life.user), "{last}");
}

/// With `expire` off, sweep after sweep dies one call later than the one before. One that dies after it has begun a
/// removal leaves that to a later one; so there are more of them than shards, and two in one of them.
#[test]
fn however_often_reconcile_dies_on_its_way_it_gets_there() {
    let (stage, _alone) = alone();
    let _off = Off(stage);
    switch_off(&stage.admin, EXPIRE).unwrap();
    schedule_is(stage, "DisableRule");
    let lives: Vec<_> = (0..LIVES).map(|_| active(stage)).collect();
    let last = lives.iter().map(|life| life.ends_at().unwrap()).max().unwrap();
    until(last + SignedDuration::from_secs(GRACE_SECONDS + 1));
    let died = (1..=LONGEST)
        .take_while(|call| dies_at(stage, *call, Side::Before) && dies_at(stage, *call, Side::After))
        .count();
    let places = died_in(stage);
    assert!(died >= 2 + usize::from(DUE_SHARDS), "at every call for the lease and the timetable: {places:?}");
    assert!(places.contains("DeleteUserPolicy"), "and in removals: {places:?}");
    // A removal that was begun and left is due again after its grace.
    for life in &lives {
        let last = eventually("what sweeps do that nobody kills", || {
            sweep(stage).unwrap().expect("a sweep");
            life.over()
        });
        removed(life, &last);
        assert_eq!(life.actions().iter().filter(|action| *action == "grant.ended").count(), 1);
    }
}

fn active(stage: &'static Stage) -> Life<'static> {
    let life = Life::asked(stage, AT_ONCE, "5s");
    life.reaches("grant.activated");
    assert_eq!(life.access(), Access::Allowed);
    life
}

/// `DisableRule`: nobody sweeps but the test. `EnableRule`: as deployed.
fn schedule_is(stage: &Stage, operation: &str) {
    let rule = json!({"Name": "stint-every-minute"});
    stage.admin.json("events", &format!("AWSEvents.{operation}"), &rule).unwrap();
}

/// The calls at which sweeps have died.
fn died_in(stage: &Stage) -> BTreeSet<String> {
    let all = invocations(&stage.http).unwrap().into_iter();
    let dead = all.filter(|one| one.function == SWEEP && one.error.as_deref() == Some("Runtime.ExitError"));
    dead.filter_map(|one| one.calls.last().cloned()).collect()
}

const LIVES: u8 = DUE_SHARDS + 4;
/// No sweep makes more calls for so few requests.
const LONGEST: u32 = 100;

/// Kills the next sweep at this call; `false` if it made fewer.
fn dies_at(stage: &Stage, call: u32, side: Side) -> bool {
    kill_at(&stage.http, SWEEP, call, side, 1).unwrap();
    let swept = sweep(stage).unwrap();
    let killed = kills(&stage.http, SWEEP).unwrap() > 0;
    no_more_kills(&stage.http).unwrap();
    assert_eq!(swept.is_err(), killed, "{swept:?}");
    killed
}
