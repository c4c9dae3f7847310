//! Every guard is needed: with any one of them removed, a test that watches over it goes red.
//!
//! The crates without AWS are copied aside, one guard is taken out of the copy, and the tests named beside it are run
//! there. First they are run untouched: a test that is red anyway proves nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up should stop")]

mod copy;
mod list;

use copy::Copy;
use list::{GUARDS, Guard};

#[test]
fn with_any_guard_removed_a_test_goes_red() {
    let copy = Copy::make();
    for suite in ["journeys", "rules", "model"] {
        assert!(copy.passes(suite, ""), "{suite}: untouched");
    }
    let survivors: Vec<_> = GUARDS.iter().filter(|guard| survives(&copy, guard)).map(|g| g.what).collect();
    println!("{} guards removed, {} not missed", GUARDS.len(), survivors.len());
    assert_eq!(survivors, Vec::<&str>::new(), "removed, and no test has noticed");
}

fn survives(copy: &Copy, guard: &Guard) -> bool {
    let _taken = copy.without(guard);
    let green = copy.passes(guard.suite, guard.tests);
    println!("{}: {}", guard.what, if green { "NOT MISSED" } else { "missed" });
    green
}
