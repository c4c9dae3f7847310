//! Tasks as they were sent before a deployment, to functions as they are after it.
//!
//! Executions outlive deployments by up to a year, so what is in `golden/` is accepted for ever. A new form of a task
//! gets a new file; no file is changed.

use crate::scene::{Journey, stage};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use stint_local::hooks;

/// What a task says, by the name of its file.
fn golden(name: &str, request_id: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("journeys/golden/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = text.replace("REQUEST_ID", request_id).replace("TASK_TOKEN", "a token of another time");
    serde_json::from_str(&text).unwrap()
}

fn send(name: &str, request_id: &str) -> Result<Value, Value> {
    let function = name.split('-').next().unwrap().replace('_', "-");
    hooks::invoke(&stage().admin, &format!("stint-{function}"), &golden(name, request_id)).unwrap()
}

fn root(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap()
}

#[test]
fn notify_takes_what_it_was_ever_sent() {
    let journey = Journey::begin("payments-read", "30m");
    journey.asked();
    assert_eq!(send("notify", &journey.id), Ok(Value::Null));
    assert_eq!(journey.actions().len(), 2, "who has been asked is not asked again");
    journey.withdraw("cancel");
    journey.execution().stop().unwrap(); // its own token has been replaced
}

#[test]
fn grant_and_expire_take_what_they_were_ever_sent() {
    let journey = Journey::begin("build-logs-read", "30m");
    let active = journey.until_grant("ACTIVE");
    assert_eq!(send("grant", &journey.id), Ok(json!({"ends_at": active["grant"]["window"]["ends_at"]})));
    let too_early = send("expire", &journey.id).unwrap_err();
    assert_eq!(too_early["errorType"], "Stint.WindowMoved", "the workflow has no authority to end it early");
    assert_eq!(journey.look()["grant"]["state"], "ACTIVE");

    assert_eq!(send("expire-returned", &journey.id), Ok(json!({"state": "ENDED"})));
    assert_eq!(journey.look()["grant"]["ended_by"], "RETURNED");
    assert_eq!(send("expire", &journey.id), Ok(json!({"state": "ENDED"})));
    journey.execution().stop().unwrap();
}

#[test]
fn expire_takes_what_the_rule_for_ended_executions_ever_sent() {
    for name in ["expire-execution", "expire-restarted"] {
        let journey = Journey::begin("build-logs-read", "30m");
        journey.until_grant("ACTIVE");
        assert_eq!(send(name, &journey.id), Ok(json!({"state": "ENDED"})), "{name}");
        assert_eq!(journey.look()["grant"]["ended_by"], "REVOKED");
        journey.execution().stop().unwrap();
    }
}

#[test]
fn rotate_credential_takes_what_it_was_ever_sent() {
    let journey = Journey::begin("build-logs-read", "30m");
    journey.until_grant("ACTIVE");
    let too_early = send("rotate_credential", &journey.id).unwrap_err();
    assert_eq!(too_early["errorType"], "Stint.WindowMoved", "a rotation has no authority to end it");
    assert_eq!(journey.look()["grant"]["state"], "ACTIVE");
    journey.withdraw("return");
    let nobodys = send("rotate_credential", "req-01980000000070008000000000000001").unwrap_err();
    assert_eq!(nobodys["errorType"], "Stint.Invalid");
}

#[test]
fn reconcile_takes_what_it_was_ever_sent() {
    assert!(send("reconcile", "").is_ok());
}

#[test]
fn fields_that_a_later_deployment_adds_are_passed_over_and_nonsense_is_not() {
    let journey = Journey::begin("build-logs-read", "30m");
    let ends_at = journey.until_grant("ACTIVE")["grant"]["window"]["ends_at"].clone();
    let invoke = |event: Value| hooks::invoke(&stage().admin, "stint-grant", &event).unwrap();
    assert_eq!(
        invoke(json!({"request_id": journey.id, "added_later": {"x": 1}})),
        Ok(json!({"ends_at": ends_at}))
    );
    let unreadable = invoke(json!({"request_id": "nonsense"})).unwrap_err();
    assert_eq!(unreadable["errorType"], "Stint.Invalid");
    journey.withdraw("return");
}

/// The fields of the payload of a state, as the definition has them.
fn sent_by(machine: &Value, state: &str) -> BTreeSet<String> {
    let payload = machine["States"][state]["Parameters"]["Payload"].as_object().unwrap();
    payload.keys().map(|key| key.trim_end_matches(".$").to_owned()).collect()
}

#[test]
fn what_is_sent_today_is_among_what_is_kept() {
    let machine: Value = serde_json::from_str(&root("statemachines/access.asl.json")).unwrap();
    for (state, name) in [
        ("AwaitApproval", "notify"),
        ("Grant", "grant"),
        ("Expire", "expire"),
        ("RotateCredential", "rotate_credential"),
    ] {
        let kept: BTreeSet<_> = golden(name, "").as_object().unwrap().keys().cloned().collect();
        assert_eq!(sent_by(&machine, state), kept, "{state}");
    }
    let tasks = machine["States"].as_object().unwrap().values().filter(|state| state["Type"] == "Task");
    assert_eq!(tasks.count(), 4, "a new task needs a golden payload");
    let template = root("infra/template.yaml");
    for sent in [
        r#"{"request_id": "<name>", "trigger": "execution", "status": "<status>"}"#,
        r#"{"sweep": "minute"}"#,
    ] {
        assert!(template.contains(sent), "{sent} is not what the rules send any more");
    }
}
