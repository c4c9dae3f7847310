//! Every guard is needed: with any one of them removed, a test that watches over it goes red.
//!
//! The crates without AWS are copied aside, one guard is taken out of the copy, and the tests named beside it are run
//! there. They are run untouched as well: a test that is red anyway proves nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up should stop")]

mod copy;
mod list;

use copy::Copy;
use list::{GUARDS, Guard};
use std::collections::BTreeSet;

/// Before anything is compiled, since what takes minutes should not end in a slip of the pen.
#[test]
fn every_guard_is_where_the_list_says() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for guard in GUARDS {
        let text = std::fs::read_to_string(root.join(guard.file)).unwrap();
        assert_eq!(text.matches(guard.is).count(), 1, "{}: `{}` is not there once", guard.file, guard.is);
        assert_ne!(guard.is, guard.becomes);
    }
}

#[test]
fn with_any_guard_removed_a_test_goes_red() {
    let copy = Copy::make();
    for (suite, tests) in GUARDS.iter().map(|guard| (guard.suite, guard.tests)).collect::<BTreeSet<_>>() {
        assert!(copy.passes(suite, tests), "{suite} {tests}: untouched");
    }
    let survivors: Vec<_> =
        GUARDS.iter().filter(|guard| survives(&copy, guard)).map(|guard| guard.what).collect();
    println!("{} guards removed, {} not missed", GUARDS.len(), survivors.len());
    assert_eq!(survivors, Vec::<&str>::new(), "removed, and no test has noticed");
}

fn survives(copy: &Copy, guard: &Guard) -> bool {
    let _taken = copy.without(guard);
    let green = copy.passes(guard.suite, guard.tests);
    println!("{}: {}", guard.what, if green { "NOT MISSED" } else { "missed" });
    green
}
