//! Reconcile itself dies, again and again, and nobody else is there to remove anything.

use crate::alone;
use crate::life::{AT_ONCE, Life};
use crate::patience::{SWEEP, eventually, sweep, until};
use crate::switched_off::{EXPIRE, Off, removed, schedule_is};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use stint_app::ports::DUE_SHARDS;
use stint_domain::due::GRACE_SECONDS;
use stint_local::hooks::{Side, invocations, kill_at, kills, no_more_kills, switch_off};
use stint_local::probe::Access;
use stint_local::stage::Stage;

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
