//! Reconcile itself dies, again and again, and nobody else is there to remove anything.

use crate::alone;
use crate::life::{AT_ONCE, Life};
use crate::patience::{SWEEP, eventually, sweep, until};
use crate::switched_off::{EXPIRE, Off, removed, schedule_is};
use jiff::SignedDuration;
use stint_app::ports::DUE_SHARDS;
use stint_domain::due::GRACE_SECONDS;
use stint_local::hooks::{Side, kill_at, kill_at_operation, kills, no_more_kills, switch_off};
use stint_local::probe::Access;
use stint_local::stage::Stage;

/// With `expire` off, sweeps die at each of their calls for the lease and the timetable, then in removals. One that
/// dies after it has begun removals leaves them to a later one, after their grace.
#[test]
fn however_often_reconcile_dies_on_its_way_it_gets_there() {
    let (stage, _alone) = alone();
    let _off = Off(stage);
    switch_off(&stage.admin, EXPIRE).unwrap();
    schedule_is(stage, "DisableRule");
    let lives: Vec<_> = (0..LIVES).map(|_| active(stage)).collect();
    let last = lives.iter().map(|life| life.ends_at().unwrap()).max().unwrap();
    until(last + SignedDuration::from_secs(GRACE_SECONDS + 1));
    for call in 1..=1 + u32::from(DUE_SHARDS) {
        for side in SIDES {
            assert!(dies(stage, || kill_at(&stage.http, SWEEP, call, side, 1)), "{call} {side:?}");
        }
    }
    for operation in ["GetItem", "DeleteUserPolicy", "GetUserPolicy"] {
        for side in SIDES {
            eventually(operation, || {
                dies(stage, || kill_at_operation(&stage.http, SWEEP, operation, side)).then_some(())
            });
        }
    }
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

/// More than a sweep works on at the same time, so that what dies at one's removal leaves another to the next.
const LIVES: u8 = 6;
const SIDES: [Side; 2] = [Side::Before, Side::After];

/// Whether the next sweep dies of this; it is reported as dead just then.
fn dies(stage: &Stage, arm: impl Fn() -> stint_local::Result<()>) -> bool {
    arm().unwrap();
    let swept = sweep(stage).unwrap();
    let killed = kills(&stage.http, SWEEP).unwrap() > 0;
    no_more_kills(&stage.http).unwrap();
    assert_eq!(swept.is_err(), killed, "{swept:?}");
    killed
}
