//! The deployed workflow against the definition in the repository, and its role against both.

use crate::deployed::{configuration, statements, texts};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use stint_domain::custody::sets::SET_SECONDS;
use stint_domain::grant::SETTLE_SECONDS;
use stint_local::Stage;

const DEFINITION: &str = include_str!("../../statemachines/access.asl.json");

fn machine(stage: &Stage) -> Value {
    let ask = json!({"stateMachineArn": stage.outputs.get("StateMachineArn").unwrap()});
    stage.admin.json("states", "AWSStepFunctions.DescribeStateMachine", &ask).unwrap()
}

fn definition(stage: &Stage) -> Value {
    serde_json::from_str(machine(stage)["definition"].as_str().unwrap()).unwrap()
}

fn arn(stage: &Stage, function: &str) -> String {
    configuration(stage, function)["FunctionArn"].as_str().unwrap().to_owned()
}

#[test]
fn the_workflow_that_runs_is_the_one_that_is_written() {
    let stage = Stage::shared().unwrap();
    let mut written = DEFINITION.to_owned();
    for (name, function) in [
        ("Notify", "stint-notify"),
        ("Grant", "stint-grant"),
        ("Expire", "stint-expire"),
        ("RotateCredential", "stint-rotate-credential"),
    ] {
        let placeholder = format!("${{{name}FunctionArn}}");
        assert!(written.contains(&placeholder), "{placeholder}");
        written = written.replace(&placeholder, &arn(stage, function));
    }
    let written: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(definition(stage), written);
    assert_eq!(machine(stage)["type"], "STANDARD");
}

#[test]
fn the_workflows_role_may_call_the_functions_of_the_definition_and_no_others() {
    let stage = Stage::shared().unwrap();
    let definition = definition(stage);
    let states = definition["States"].as_object().unwrap().values();
    let called: BTreeSet<_> =
        states.filter_map(|state| Some(state["Parameters"]["FunctionName"].as_str()?.to_owned())).collect();
    let mut may = BTreeSet::new();
    for statement in statements(stage, "stint-access") {
        if texts(&statement["Action"]).contains(&"lambda:InvokeFunction".to_owned()) {
            may.extend(texts(&statement["Resource"]));
        }
    }
    assert_eq!(may, called);
    assert_eq!(called.len(), 4, "{called:?}");
    let role = machine(stage)["roleArn"].as_str().unwrap().to_owned();
    assert!(role.ends_with(":role/stint/stint-access"), "{role}");
}

#[test]
fn no_activation_outlives_the_time_that_a_removal_waits_for_it() {
    let stage = Stage::shared().unwrap();
    let seconds = configuration(stage, "stint-grant")["Timeout"].as_i64().unwrap();
    assert!(0 < seconds && seconds < SETTLE_SECONDS, "{seconds} s of {SETTLE_SECONDS} s");
}

#[test]
fn no_set_of_a_credential_outlives_the_time_that_the_next_rotation_waits_for_it() {
    let stage = Stage::shared().unwrap();
    let seconds = configuration(stage, "stint-rotate-credential")["Timeout"].as_i64().unwrap();
    assert!(0 < seconds && seconds <= SET_SECONDS, "{seconds} s of {SET_SECONDS} s");
}

#[test]
fn every_error_that_the_workflow_names_is_one_that_a_task_can_end_with() {
    let stage = Stage::shared().unwrap();
    let mut named = BTreeSet::new();
    for state in definition(stage)["States"].as_object().unwrap().values() {
        for handler in ["Retry", "Catch"] {
            for rule in state[handler].as_array().into_iter().flatten() {
                named.extend(texts(&rule["ErrorEquals"]));
            }
        }
    }
    let ours: BTreeSet<_> =
        named.iter().filter(|name| name.starts_with("Stint.")).map(String::as_str).collect();
    let known = BTreeSet::from(stint_edge::task_error::ALL);
    assert!(ours.is_subset(&known), "{ours:?} and {known:?}");
    for error in [
        "Stint.Denied",
        "Stint.Cancelled",
        "Stint.AskAgain",
        "Stint.NotYet",
        "Stint.WindowMoved",
        "Stint.Transient",
    ] {
        assert!(ours.contains(error), "nobody listens to {error}");
    }
}
