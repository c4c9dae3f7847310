//! What a removal costs, call by call. IAM allows an account only some calls a second, for all that is done there, so
//! each call more is paid for whenever many grants end at once.

use crate::alone;
use crate::life::{BY_A_PERSON, Life, What};
use crate::patience::eventually;
use crate::revealed::{A_SESSION, A_USER, active, revealed};
use crate::switched_off::{Off, schedule_is};
use stint_local::hooks::Invocation;

/// Of Stint's own: the request, the intent with its event, the end with its event.
const OF_THE_TABLES: [&str; 2] = ["GetItem", "ExecuteTransaction"];

/// The calls in order, and how many of them IAM counts.
type Cost = (&'static [&'static str], usize);

const ELEVATION: Cost =
    (&["GetItem", "ExecuteTransaction", "DeleteUserPolicy", "GetUserPolicy", "ExecuteTransaction"], 2);
const USER: Cost = (
    &[
        "GetItem",
        "ExecuteTransaction",
        "DeleteUserPolicy",
        "ListAccessKeys",
        "DeleteAccessKey",
        "DeleteUser",
        "GetUser",
        "ExecuteTransaction",
    ],
    5,
);
const SESSION: Cost =
    (&["GetItem", "ExecuteTransaction", "DeleteRolePolicy", "GetRolePolicy", "ExecuteTransaction"], 2);

#[test]
fn a_removal_costs_two_calls_of_iam_for_an_elevation_five_for_a_user_and_two_for_sessions() {
    let (stage, _alone) = alone();
    let _on = Off(stage);
    schedule_is(stage, "DisableRule"); // or a sweep may have begun
    let lives = [BY_A_PERSON, A_USER, A_SESSION].map(|what: What| {
        let life = active(stage, what, "15s");
        if what != BY_A_PERSON {
            revealed(&life); // as its holder usually has
        }
        life
    });
    for (life, cost) in lives.iter().zip([ELEVATION, USER, SESSION]) {
        let last = eventually("the end", || life.over());
        assert_eq!(last["detail"]["receipt"]["answered"], "NoSuchEntity", "{last}");
        costs(&only_run(life), cost);
    }
}

fn only_run(life: &Life<'_>) -> Invocation {
    let runs = eventually("its return", || {
        let runs = life.invocations("expire");
        runs.iter().all(|run| run.ended.is_some()).then_some(runs)
    });
    let [run] = runs.as_slice() else { panic!("one attempt is enough: {runs:?}") };
    assert_eq!(run.error, None, "{run:?}");
    run.clone()
}

fn costs(run: &Invocation, (calls, of_iam): Cost) {
    assert_eq!(run.calls, calls, "a call more is one too many, a call less has to be looked at");
    let counted = run.calls.iter().filter(|call| !OF_THE_TABLES.contains(&call.as_str())).count();
    assert_eq!(counted, of_iam, "{run:?}");
}
