//! Every guard is needed: with any one of them removed, a test that watches over it goes red.
//!
//! The crates without AWS are copied aside, one guard is taken out of the copy, and the tests named beside it are run
//! there. They are run untouched as well: a test that is red anyway proves nothing. Two copies are worked on side by side,
//! since compiling one is mostly a chain.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up should stop")]

mod copy;
mod list;

use copy::Copy;
use list::{GUARDS, Guard};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

#[test]
fn with_any_guard_removed_a_test_goes_red() {
    let next = AtomicUsize::new(0);
    let survivors = thread::scope(|threads| {
        let (one, other) =
            (threads.spawn(|| first(&next)), threads.spawn(|| survivors(&Copy::make("other"), &next)));
        [one.join().unwrap(), other.join().unwrap()].concat()
    });
    println!("{} guards removed, {} not missed", GUARDS.len(), survivors.len());
    assert_eq!(survivors, Vec::<&str>::new(), "removed, and no test has noticed");
}

fn first(next: &AtomicUsize) -> Vec<&'static str> {
    let copy = Copy::make("one");
    for suite in ["journeys", "rules", "model"] {
        assert!(copy.passes(suite, ""), "{suite}: untouched");
    }
    survivors(&copy, next)
}

/// Of those that nobody else has taken.
fn survivors(copy: &Copy, next: &AtomicUsize) -> Vec<&'static str> {
    let taken = std::iter::from_fn(|| GUARDS.get(next.fetch_add(1, Ordering::Relaxed)));
    taken.filter(|guard| survives(copy, guard)).map(|guard| guard.what).collect()
}

fn survives(copy: &Copy, guard: &Guard) -> bool {
    let _taken = copy.without(guard);
    let green = copy.passes(guard.suite, guard.tests);
    println!("{}: {}", guard.what, if green { "NOT MISSED" } else { "missed" });
    green
}
