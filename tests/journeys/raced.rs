//! Many who race for one credential, through the functions themselves.
//!
//! They ask the function that gives access once more whenever it is free again, ten at the same time: the workflow does so
//! too, but pauses for up to half a minute, and fifty of them would take a quarter of an hour.

use crate::scene::{Journey, stage};
use crate::vaulted::{LOGIN, alone, answered, psql, refused};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;
use stint_local::hooks::invoke;

const CLIENTS: usize = 50;
/// Who begin at once: more would only wait for the machine.
const AT_ONCE: usize = 10;

/// Does it for all of them, side by side.
fn race<T: Sync, R: Send>(all: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    std::thread::scope(|scope| {
        let racing: Vec<_> = all.iter().map(|one| scope.spawn(|| each(one))).collect();
        racing.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn in_line() -> Journey {
    let ask = json!({"entitlement": LOGIN, "duration": "30m", "justification": "a race", "queue": true});
    let journey = Journey::asking(&ask);
    journey.decided("approve");
    journey
}

/// Whether it is theirs now.
fn gets_it(journey: &Journey) -> bool {
    match invoke(&stage().admin, "stint-grant", &json!({"request_id": journey.id})).unwrap() {
        Ok(_) => true,
        Err(told) => {
            let why = told["errorType"].as_str().unwrap_or_default();
            assert!(["Stint.InUse", "Stint.Conflict", "Stint.Transient"].contains(&why), "{told}");
            false
        }
    }
}

/// Whose it is, once it is somebody's. They race ten by ten, those who came first before the others.
fn winner(waiting: &[Journey]) -> usize {
    loop {
        for (first, some) in waiting.chunks(AT_ONCE).enumerate().map(|(at, some)| (at * AT_ONCE, some)) {
            let won = race(some, gets_it);
            let winners: Vec<_> = (0..won.len()).filter(|place| won[*place]).collect();
            assert!(winners.len() < 2, "I5: {} have it at once", winners.len());
            if let [winner] = winners[..] {
                return first + winner;
            }
        }
    }
}

/// By the audit: from before it could be shown until it was seen to be rotated.
fn from_intent_to_proof(journey: &Journey) -> (Timestamp, Timestamp) {
    let at = |action| journey.event(action)["at"].as_str().unwrap().parse().unwrap();
    (at("grant.activation_started"), at("grant.ended"))
}

fn password(fields: &Value) -> String {
    fields["password"].as_str().unwrap().to_owned()
}

#[test]
fn all_who_race_for_one_password_get_it_one_after_the_other_and_each_another() {
    let _alone = alone();
    let began = Instant::now();
    let mut waiting = Vec::new();
    while waiting.len() < CLIENTS {
        waiting.extend(race(&[(); AT_ONCE], |()| in_line()));
    }
    println!("{CLIENTS} in line after {:?}", began.elapsed());
    let (mut passwords, mut before, mut held) = (BTreeSet::new(), None, Vec::new());
    while !waiting.is_empty() {
        let journey = waiting.remove(winner(&waiting));
        let fields = answered(&journey).ok("credentials").unwrap().json()["fields"].clone();
        assert!(waiting.last().is_none_or(|next| answered(next).status == 409), "nobody else is shown it");
        assert_eq!(psql(&fields, "SELECT 1"), Ok("1".to_owned()));
        assert!(
            before.is_none_or(|before| refused(&psql(&before, "SELECT 1"))),
            "the one before is worth nothing"
        );
        assert!(passwords.insert(password(&fields)), "each gets another");
        journey.withdraw("return");
        journey.until_grant("ENDED");
        held.push(from_intent_to_proof(&journey));
        before = Some(fields);
    }
    assert_eq!(passwords.len(), CLIENTS);
    held.sort();
    assert!(held.is_sorted_by(|one, next| one.1 <= next.0), "I5, by the audit: {held:?}");
    println!("{CLIENTS} one after the other in {:?}", began.elapsed());
}
