//! Executions that end by themselves and not well: one fails where no Catch sees it, one runs out of its time. That they
//! did reaches `expire` by the rule, as it would on AWS.

use crate::alone;
use crate::definition::Changed;
use crate::life::{AT_ONCE, BY_A_PERSON, Life};
use crate::patience::eventually;
use serde_json::json;
use stint_local::probe::Access;

#[test]
fn access_ends_when_its_execution_fails() {
    let (stage, _alone) = alone();
    let nowhere = |definition: &mut serde_json::Value| {
        definition["States"]["AccessWindow"]["TimestampPath"] = json!("$.grant.nowhere");
    };
    let changed = Changed::by(stage, nowhere);
    let life = Life::asked(stage, AT_ONCE, "30m");
    let last = eventually("the end", || life.over());
    assert_eq!(life.ended(), "FAILED");
    drop(changed);
    let said = [&last["action"], &last["detail"]["ended_by"], &last["detail"]["receipt"]["answered"]];
    assert_eq!(said, ["grant.ended", "REVOKED", "NoSuchEntity"], "{last}");
    assert!(life.actions().contains(&"grant.activated".to_owned()), "it was given: {:?}", life.actions());
    assert_eq!((life.policies(), life.access()), (Vec::new(), Access::Denied));
    let events = life.events();
    let started = events.iter().find(|event| event["action"] == "grant.removal_started").unwrap();
    assert_eq!(started["detail"]["why"]["cause"], "workflow_ended", "{started}");
    assert_eq!(started["actor"]["component"], "expire", "by the rule, not by a sweep: {started}");
    undisturbed(stage);
}

#[test]
fn a_request_whose_execution_runs_out_of_its_time_lapses() {
    let (stage, _alone) = alone();
    let changed = Changed::by(stage, |definition| definition["TimeoutSeconds"] = json!(5));
    let life = Life::asked(stage, BY_A_PERSON, "30m");
    let last = eventually("the end", || life.over());
    assert_eq!(life.ended(), "TIMED_OUT");
    drop(changed);
    let shown = life.look();
    let said = [&shown["state"], &shown["decision"]["because"], &last["actor"]["component"]];
    assert_eq!(said, ["LAPSED", "workflow_ended", "expire"], "by the rule, not by a sweep: {last}");
    undisturbed(stage);
}

/// As deployed, an execution waits for what it is to wait for.
fn undisturbed(stage: &stint_local::Stage) {
    let life = Life::asked(stage, AT_ONCE, "4s");
    let last = eventually("an end like any other", || life.over());
    assert_eq!(
        (life.ended().as_str(), &last["detail"]["ended_by"]),
        ("SUCCEEDED", &json!("EXPIRED")),
        "{last}"
    );
}
