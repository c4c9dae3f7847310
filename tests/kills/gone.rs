//! What holds after every case, whatever was killed.

use crate::life::Life;
use crate::patience::eventually;
use serde_json::{Value, json};
use stint_local::probe::Access;

/// Waits for the end and holds the request to everything that is promised. Returns the outcome in a few words.
pub(crate) fn nothing_is_left(life: &Life<'_>) -> String {
    let last = eventually(&format!("the end of {}", life.id), || life.over());
    assert_eq!(life.policies(), [] as [&str; 0], "{} at the target", life.id);
    assert_eq!(life.access(), Access::Denied, "{}", life.id);
    let status = eventually("the end of the workflow", || {
        let status = life.stage.execution(&life.id).unwrap().status().unwrap();
        (status != "RUNNING").then_some(status)
    });
    assert_eq!(status, "SUCCEEDED", "the workflow of {}", life.id);
    if last["action"] == "request.lapsed" {
        return lapsed(life, &last);
    }
    intents_come_first(life);
    let shown = life.look();
    let grant = &shown["grant"];
    assert!(["ENDED", "ACTIVATION_FAILED"].contains(&grant["state"].as_str().unwrap()), "{shown}");
    let events = life.events();
    assert_eq!(events.last(), Some(&last), "nothing follows the end of {}", life.id);
    proven(&events, grant);
    outcome(&events)
}

/// Nobody decided, so nothing was ever begun.
fn lapsed(life: &Life<'_>, last: &Value) -> String {
    let shown = life.look();
    let said = [&shown["state"], &shown["decision"]["because"], &shown["grant"]];
    assert_eq!(said, [&json!("LAPSED"), &json!("nobody_decided_in_time"), &Value::Null], "{shown}");
    let mut actions = life.actions();
    actions.retain(|action| action != "request.settled_told");
    assert_eq!(actions, ["request.submitted", "request.approvers_notified", "request.lapsed"]);
    format!("request.lapsed by {}", last["actor"]["component"].as_str().unwrap_or("?"))
}

/// No activation without an intent before it: in the audit, and call by call. An intent is one transaction that also
/// writes the audit, so there are at least as many as there were attempts to touch the target.
fn intents_come_first(life: &Life<'_>) {
    let actions = life.actions();
    let position = |wanted: &str| actions.iter().position(|action| action == wanted);
    if let Some(activated) = position("grant.activated") {
        assert!(position("grant.activation_started").is_some_and(|intent| intent < activated), "{actions:?}");
    }
    let puts = |calls: &[String]| calls.iter().position(|call| call == "PutUserPolicy");
    let mut touched = 0;
    for run in life.invocations("grant") {
        let Some(put) = puts(&run.calls) else { continue };
        assert!(run.calls[..put].iter().any(|call| call == "ExecuteTransaction"), "{run:?}");
        touched += 1;
    }
    let intents = actions.iter().filter(|action| *action == "grant.activation_started").count();
    assert!(intents >= touched, "{touched} attempts at the target of {}, {intents} intents", life.id);
}

/// Whoever might have had something is only done with a receipt; who never had an intent needs none.
fn proven(events: &[Value], grant: &Value) {
    let tried = events.iter().any(|event| event["action"] == "grant.activation_started");
    let proof = &grant["proof"];
    if tried {
        assert_eq!(proof["kind"], "receipt", "{grant}");
        assert_eq!(proof["receipt"]["answered"], "NoSuchEntity", "{grant}");
    } else {
        assert_eq!(proof["kind"], "never_activated", "{grant}");
    }
}

fn outcome(events: &[Value]) -> String {
    let last = events.last().unwrap();
    let attempts = events.iter().filter(|event| event["action"] == "grant.activation_started").count();
    let detail = &last["detail"];
    let why = detail["ended_by"].as_str().or(detail["reason"].as_str()).unwrap_or_default();
    let action = last["action"].as_str().unwrap();
    format!("{action} ({why}) by {}, {attempts} attempts", last["actor"]["component"].as_str().unwrap_or("?"))
}
