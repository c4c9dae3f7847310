//! The state machine's definition: it knows no error that no task has, and leaves none unhandled where it can occur.

use crate::file;
use serde_json::Value;
use std::collections::BTreeSet;
use stint_edge::task_error::ALL;

/// How the task of each state can end, if not well. `AwaitApproval` ends by the answers to its token, too.
const RAISED: [(&str, &[&str]); 4] = [
    (
        "AwaitApproval",
        &[
            "Stint.Invalid",
            "Stint.Transient",
            "Stint.Conflict",
            "Stint.Bug",
            "Stint.Denied",
            "Stint.Cancelled",
            "Stint.AskAgain",
            "Stint.Rejected",
        ],
    ),
    (
        "Grant",
        &[
            "Stint.Invalid",
            "Stint.Rejected",
            "Stint.Conflict",
            "Stint.Transient",
            "Stint.Bug",
            "Stint.NotYet",
            "Stint.InUse",
        ],
    ),
    (
        "Expire",
        &[
            "Stint.Invalid",
            "Stint.Conflict",
            "Stint.Transient",
            "Stint.Bug",
            "Stint.WindowMoved",
            "Stint.Rotating",
        ],
    ),
    (
        "RotateCredential",
        &["Stint.Invalid", "Stint.Conflict", "Stint.Transient", "Stint.Bug", "Stint.WindowMoved"],
    ),
];

/// What a crash, a time-out or a throttle of a function is called.
const OF_LAMBDA: [&str; 7] = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
];

fn states() -> serde_json::Map<String, Value> {
    let definition: Value = serde_json::from_str(&file("statemachines/access.asl.json")).unwrap();
    definition["States"].as_object().unwrap().clone()
}

fn names(handler: &Value) -> Vec<&str> {
    handler["ErrorEquals"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

/// The first of a state's `Retry` or `Catch` that takes `error`, as Step Functions chooses it.
fn handler<'a>(state: &'a Value, kind: &str, error: &str) -> Option<&'a Value> {
    let takes = |handler: &&Value| names(handler).iter().any(|name| *name == error || *name == "States.ALL");
    state[kind].as_array()?.iter().find(takes)
}

fn retried(state: &Value, error: &str) -> bool {
    handler(state, "Retry", error).is_some_and(|retry| retry["MaxAttempts"] != 0)
}

fn next<'a>(state: &'a Value, error: &str) -> Option<&'a str> {
    handler(state, "Catch", error)?["Next"].as_str()
}

#[test]
fn the_machine_has_four_states_on_the_way_of_a_request_that_is_approved() {
    let (states, mut way) = (states(), vec!["AwaitApproval"]);
    while let Some(next) = states[*way.last().unwrap()]["Next"].as_str() {
        way.push(next);
    }
    assert_eq!(way, ["AwaitApproval", "Grant", "AccessWindow", "Expire"]);
}

#[test]
fn every_error_the_machine_names_is_one_that_a_task_has_and_every_one_a_task_has_is_named_here() {
    let states = states();
    let handlers = states.values().flat_map(|state| ["Retry", "Catch"].map(|kind| &state[kind]));
    let handlers: Vec<_> = handlers.filter_map(Value::as_array).flatten().collect();
    let named = handlers.iter().flat_map(|handler| names(handler)).filter(|name| name.starts_with("Stint."));
    let all = BTreeSet::from(ALL);
    assert_eq!(named.filter(|name| !all.contains(name)).collect::<Vec<_>>(), Vec::<&str>::new());
    assert_eq!(RAISED.iter().flat_map(|(_, errors)| *errors).copied().collect::<BTreeSet<_>>(), all);
}

#[test]
fn whatever_a_task_can_end_with_is_retried_or_caught_where_it_can_occur() {
    let states = states();
    let tasks = states.iter().filter(|(_, state)| state["Type"] == "Task").map(|(name, _)| name.as_str());
    assert_eq!(tasks.collect::<BTreeSet<_>>(), RAISED.iter().map(|(state, _)| *state).collect());
    for (name, errors) in RAISED {
        for error in errors.iter().chain(&OF_LAMBDA) {
            let handled = retried(&states[name], error) || next(&states[name], error).is_some();
            assert!(handled, "{name}: {error}");
        }
    }
}

#[test]
fn what_may_pass_is_tried_again_before_it_is_caught() {
    let states = states();
    for (name, _) in RAISED {
        for error in ["Stint.Transient", "Stint.Conflict"].iter().chain(&OF_LAMBDA) {
            assert!(retried(&states[name], error), "{name}: {error}");
        }
    }
}

#[test]
fn what_is_no_failure_is_not_tried_again_and_leads_where_it_should() {
    let states = states();
    for (state, error, target) in [
        ("AwaitApproval", "Stint.Denied", "Closed"),
        ("AwaitApproval", "Stint.Cancelled", "Closed"),
        ("AwaitApproval", "Stint.Rejected", "Expire"),
        ("AwaitApproval", "States.Timeout", "Expire"),
        ("Grant", "Stint.NotYet", "AwaitStart"),
        ("Grant", "Stint.Rejected", "Expire"),
        ("Grant", "Stint.Bug", "Expire"),
        ("Expire", "Stint.WindowMoved", "Grant"),
        ("Expire", "Stint.Rotating", "RotateCredential"),
    ] {
        assert!(!retried(&states[state], error), "{state}: {error}");
        assert_eq!(next(&states[state], error), Some(target), "{state}: {error}");
    }
    assert_eq!(states["Closed"]["Type"], "Succeed");
}

#[test]
fn a_removal_is_tried_again_whatever_it_failed_with_and_for_longer_than_an_outage() {
    let expire = &states()["Expire"];
    for error in ["Stint.Transient", "Stint.Bug", "Stint.Invalid", "States.TaskFailed", "Something.Else"] {
        let retry = handler(expire, "Retry", error).unwrap();
        assert!(retry["MaxAttempts"].as_i64() >= Some(1000), "{error}");
    }
}

#[test]
fn a_rotation_is_waited_for_for_as_long_as_it_takes_and_so_is_ones_turn() {
    let states = states();
    let most =
        |state: &str, error: &str| handler(&states[state], "Retry", error).unwrap()["MaxAttempts"].as_i64();
    for error in ["States.Timeout", "Stint.Transient", "Stint.Bug"] {
        assert!(most("RotateCredential", error) >= Some(1000), "{error}");
    }
    assert_eq!(states["RotateCredential"]["End"], true);
    assert!(most("Grant", "Stint.InUse") >= Some(1000));
}

/// Pauses that grow to a minute left IAM idle while many grants waited for it: `cargo xtask bench expiry`.
#[test]
fn a_removal_that_was_throttled_or_turned_away_comes_again_within_seconds() {
    let expire = &states()["Expire"];
    for (error, most) in [("Stint.Transient", 20), ("Lambda.TooManyRequestsException", 15)] {
        let retry = handler(expire, "Retry", error).unwrap();
        assert!(retry["MaxDelaySeconds"].as_i64() <= Some(most), "{error}");
        assert_eq!(retry["JitterStrategy"], "FULL", "{error}");
    }
}

/// An execution that has used up its 25,000 events fails; each attempt writes three.
#[test]
fn the_history_of_an_execution_has_room_for_every_attempt_at_a_removal() {
    let expire = &states()["Expire"];
    let attempts =
        expire["Retry"].as_array().unwrap().iter().map(|retry| retry["MaxAttempts"].as_i64().unwrap());
    assert!(attempts.sum::<i64>() * 3 < 20_000);
}

/// Whose mail has gone can still decide, so that others' mail cannot go is no reason to give up. What nobody decides in time
/// lapses by the sweep.
#[test]
fn approvers_are_asked_for_longer_than_an_outage_of_hours_and_the_history_has_room_for_that_and_for_the_removal()
 {
    let states = states();
    for error in ["Stint.Transient", "Stint.Conflict"].iter().chain(&OF_LAMBDA) {
        let retry = handler(&states["AwaitApproval"], "Retry", error).unwrap();
        let number = |name: &str| retry[name].as_i64().unwrap();
        let grown = |pause: &i64| Some((pause * number("BackoffRate")).min(number("MaxDelaySeconds")));
        let pauses = std::iter::successors(Some(number("IntervalSeconds")), grown);
        let attempts = usize::try_from(number("MaxAttempts")).unwrap();
        assert_eq!(
            (number("MaxDelaySeconds"), retry["JitterStrategy"].as_str()),
            (60, Some("FULL")),
            "{error}"
        );
        // Of a pause with full jitter half is left, on average.
        assert!(pauses.take(attempts).sum::<i64>() / 2 > 6 * 3600, "{error}");
    }
    let attempts = |state: &str| {
        let retries = states[state]["Retry"].as_array().unwrap().iter();
        retries.map(|retry| retry["MaxAttempts"].as_i64().unwrap()).sum::<i64>()
    };
    // An attempt that waits for its token writes one event more.
    assert!(attempts("AwaitApproval") * 4 + attempts("Expire") * 3 < 24_000);
}

#[test]
fn every_next_leads_to_a_state_and_the_name_for_all_errors_stands_alone_at_the_end() {
    let states = states();
    for (name, state) in &states {
        let catches = state["Catch"].as_array().into_iter().flatten();
        for target in catches.map(|catch| &catch["Next"]).chain(state.get("Next")) {
            assert!(states.contains_key(target.as_str().unwrap()), "{name}: {target}");
        }
        for handlers in ["Retry", "Catch"].iter().filter_map(|kind| state[*kind].as_array()) {
            let all = handlers.iter().position(|handler| names(handler).contains(&"States.ALL"));
            assert!(
                all.is_none_or(|at| at + 1 == handlers.len() && names(&handlers[at]).len() == 1),
                "{name}"
            );
        }
    }
}
