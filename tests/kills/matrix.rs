//! Every kill point, on a few clouds side by side.

use crate::case::{Case, Decider, Times, all};
use crate::gone::nothing_is_left;
use crate::lane::{expire_killed, grant_killed};
use crate::life::Life;
use crate::patience::sweep;
use crate::watch::{Seen, watch};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Scope, scope, sleep, spawn};
use std::time::Duration;
use stint_local::Stage;

/// Clouds; more than the machine has cores for is no gain, and most of the time is waiting.
const LANES: usize = 3;
/// Between two sweeps; one a minute would do, later.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(2);

type Queue = Mutex<VecDeque<(usize, Case)>>;
type Row = (usize, String);

#[test]
fn a_function_killed_at_any_of_its_calls_leaves_nothing_behind() {
    let clouds: Vec<_> = (0..LANES).map(|_| spawn(Stage::start)).collect();
    let stages: Vec<_> = clouds.into_iter().map(|cloud| cloud.join().unwrap().unwrap()).collect();
    let (grants, expires): (Vec<_>, Vec<_>) =
        all(&stages[0]).into_iter().enumerate().partition(|(_, case)| case.function == "grant");
    let expected = grants.len() + expires.len();
    assert!(expected >= 8, "both functions make calls at which they can be killed");
    // Those that take longest first.
    let queue = |mut cases: Vec<(usize, Case)>| {
        cases.sort_by_key(|(_, case)| case.times == Times::Once);
        Mutex::new(VecDeque::from(cases))
    };
    let (grants, expires) = (queue(grants), queue(expires));
    let (rows, table) = channel();
    scope(|all| {
        for stage in &stages {
            let (rows, grants, expires) = (rows.clone(), &grants, &expires);
            all.spawn(move || lane(stage, grants, expires, &rows));
        }
    });
    drop(rows);
    let mut table: Vec<Row> = table.iter().collect();
    table.sort();
    eprintln!("function decider side call                      times     kills -> outcome");
    table.iter().for_each(|(_, row)| eprintln!("{row}"));
    assert_eq!(table.len(), expected, "every case has come to its end");
}

/// All of one cloud: first `grant`, then `expire`, because what follows a grant is an expiry.
fn lane(stage: &Stage, grants: &Queue, expires: &Queue, rows: &Sender<Row>) {
    let done = AtomicBool::new(false);
    scope(|sweeping| {
        sweeping.spawn(|| sweeper(stage, &done));
        let _done = Done(&done);
        scope(|after| work(after, stage, grants, rows, grant_killed));
        scope(|after| work(after, stage, expires, rows, expire_killed));
    });
}

/// Ends the sweeper also when a case has failed.
struct Done<'d>(&'d AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn sweeper(stage: &Stage, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        sweep(stage).unwrap().expect("a sweep succeeds");
        sleep(BETWEEN_SWEEPS);
    }
}

fn work<'scope, 's: 'scope, F>(
    after: &'scope Scope<'scope, '_>,
    stage: &'s Stage,
    queue: &Queue,
    rows: &Sender<Row>,
    phase: F,
) where
    F: Fn(&'s Stage, &Case, Box<dyn FnOnce(Life<'s>) + 'scope>) -> u64,
{
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    while let Some((place, case)) = next() {
        let (told, kills) = channel();
        let (rows, named) = (rows.clone(), case.clone());
        let begun = move |life: Life<'s>| {
            after.spawn(move || {
                let seen = watch(&life);
                let outcome = nothing_is_left(&life);
                let kills: u64 = kills.recv().unwrap();
                held_to(&named, seen, &outcome);
                rows.send((place, row(&named, kills, seen, &outcome))).unwrap();
            });
        };
        let kills = phase(stage, &case, Box::new(begun));
        told.send(kills).unwrap();
    }
}

/// One death costs nobody their access, and what nobody decided is none.
fn held_to(case: &Case, seen: Seen, outcome: &str) {
    if case.decider == Decider::Nobody {
        assert!(!seen.allowed && outcome.starts_with("request.lapsed"), "{case}: {outcome}");
    } else if case.times == Times::Once {
        assert!(seen.allowed, "{case}: never had access; {outcome}");
        assert!(outcome.starts_with("grant.ended (EXPIRED)"), "{case}: {outcome}");
    }
}

fn row(case: &Case, kills: u64, seen: Seen, outcome: &str) -> String {
    let access = match (seen.allowed, seen.denied_at_the_end) {
        (true, _) => "allowed, then denied on time",
        (false, true) => "never allowed, denied on time",
        (false, false) => "never allowed",
    };
    format!("{case} {kills:3}  -> {access}; {outcome}")
}
