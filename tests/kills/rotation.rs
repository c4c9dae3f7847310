//! `rotate-credential` dies between any two of its calls to AWS, in each step of a rotation and while a workflow waits
//! for its end. Afterwards the secret is clean: the new one in, the old one out, and the next holder can have it.
//!
//! Before a call and after the one before it is the same moment, so each call is died after, and the first one before.

use crate::alarm::Alarm;
use crate::datapoints::logged;
use crate::life::{Life, What};
use crate::patience::{SWEEP, eventually, now, sweep};
use crate::switched_off::EXPIRE;
use crate::vaulted::{A_KEY, A_LOGIN, ROTATE, Shown, checked_out, ended, given_back, is_clean, seed, shown};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::thread::{scope, spawn};
use stint_local::Stage;
use stint_local::hooks::{
    Invocation, Side, forget_invocations, invocations, kill_at_step, kills, no_more_kills,
};
use stint_local::vault;

struct Case {
    /// Of Secrets Manager's; empty for the workflow's call.
    step: String,
    call: u32,
    side: Side,
    operation: String,
}

/// What one undisturbed checkout makes of its rotation, call by call.
fn cases(stage: &Stage, life: &Life<'_>) -> Vec<Case> {
    let mine = |run: &Invocation| run.event_request_id.as_ref().is_none_or(|id| *id == life.id);
    let runs =
        || invocations(&stage.http).unwrap().into_iter().filter(|run| run.function == ROTATE && mine(run));
    eventually("the last step's end", || {
        runs().any(|run| run.step == "finishSecret" && run.ended.is_some()).then_some(())
    });
    runs().flat_map(|run| of(&run)).collect()
}

fn of(run: &Invocation) -> Vec<Case> {
    let step = run.step.clone();
    let case = |call, side, operation: &String| Case {
        step: step.clone(),
        call,
        side,
        operation: operation.clone(),
    };
    let first = run.calls.first().map(|operation| case(1, Side::Before, operation));
    first.into_iter().chain((1..).zip(&run.calls).map(|(n, call)| case(n, Side::After, call))).collect()
}

fn undisturbed(stage: &Stage, what: What) -> Vec<Case> {
    forget_invocations(&stage.http).unwrap();
    let life = checked_out(stage, what);
    given_back(&life);
    ended(&life);
    cases(stage, &life)
}

fn dies(stage: &Stage, what: What, secret: &str, case: &Case) {
    let Case { step, call, side, operation } = case;
    let life = checked_out(stage, what);
    let old: Shown = shown(&life);
    assert!(old.opens(stage), "{step} {call} {operation}");
    kill_at_step(&stage.http, ROTATE, step, *call, *side, 1).unwrap();
    given_back(&life);
    let killed =
        eventually("the kill", || Some(kills(&stage.http, ROTATE).unwrap()).filter(|kills| *kills > 0));
    ended(&life);
    no_more_kills(&stage.http).unwrap();
    assert_eq!(killed, 1, "{step} {call} {operation}");
    is_clean(&life, secret, &old);
    eprintln!("{step:12} {side:?} {call} {operation}: clean");
}

/// As long as this lasts nobody else gets it, and somebody is told; then it ends like any other.
fn dies_for_good(stage: &Stage) {
    let life = checked_out(stage, A_LOGIN);
    let old = shown(&life);
    kill_at_step(&stage.http, ROTATE, "testSecret", 1, Side::After, u32::MAX).unwrap();
    given_back(&life);
    let since = now().as_millisecond();
    let error = eventually("a report of what does not end", || {
        let _ = sweep(stage).unwrap();
        let grant = life.look()["grant"].clone();
        grant["error"].as_str().map(str::to_owned).filter(|_| grant["state"] == "REMOVAL_FAILED")
    });
    assert_eq!(error, format!("still under way: secret {}", vault::LOGIN));
    let alarm = Alarm::deployed(stage, "stint-removal-failed", "Stint RemovalFailed");
    eventually("the alarm", || {
        let logged = |function: &&str| logged(stage, function, "RemovalFailed", since);
        alarm.on_at_the_latest(&[EXPIRE, SWEEP, ROTATE].iter().flat_map(logged).collect::<Vec<_>>())
    });
    let other = stage.sign_in(&stage.another("ana").unwrap()).unwrap();
    let body = json!({"entitlement": A_LOGIN.0, "duration": "10m", "justification": "me too"});
    let told = other.post("/v1/requests", &body).unwrap();
    assert_eq!(told.json()["type"], "urn:stint:problem:in-use", "{}", told.body);
    no_more_kills(&stage.http).unwrap();
    ended(&life);
    is_clean(&life, vault::LOGIN, &old);
}

/// The steps of a key's are the same; what is different are the calls to IAM.
fn to_iam(case: &Case) -> bool {
    case.side == Side::After
        && ["AccessKey", "PutUserPolicy"].iter().any(|part| case.operation.contains(part))
}

/// A fault hits everybody on its cloud, so there are a few side by side: most of the time is waiting.
#[test]
fn a_rotation_that_dies_between_any_two_calls_ends_clean_and_one_that_always_does_is_alarmed() {
    let clouds: Vec<_> = (0..3).map(|_| spawn(Stage::start)).collect();
    let stages: Vec<_> = clouds.into_iter().map(|cloud| cloud.join().unwrap().unwrap()).collect();
    stages.iter().for_each(seed);
    let keys: Vec<_> = undisturbed(&stages[0], A_KEY).into_iter().filter(to_iam).collect();
    let logins = undisturbed(&stages[0], A_LOGIN);
    assert!(keys.len() >= 5 && logins.len() > 20, "{} {}", keys.len(), logins.len());
    let queue = Mutex::new(VecDeque::from(logins));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    scope(|lanes| {
        lanes.spawn(|| {
            dies_for_good(&stages[0]);
            keys.iter().for_each(|case| dies(&stages[0], A_KEY, vault::KEY, case));
        });
        for stage in &stages[1..] {
            lanes.spawn(|| {
                while let Some(case) = next() {
                    dies(stage, A_LOGIN, vault::LOGIN, &case);
                }
            });
        }
    });
}
