//! A removal that can never succeed: an administrator closes it and answers for it, and nobody else can.

use crate::alarm::Alarm;
use crate::alone;
use crate::datapoints::logged;
use crate::denying::Denying;
use crate::life::{AT_ONCE, Life};
use crate::patience::{SWEEP, eventually, until};
use crate::revealed::grant;
use crate::switched_off::EXPIRE;
use serde_json::{Value, json};
use stint_local::api::Session;
use stint_local::http::Answer;
use stint_local::probe::Access;
use stint_local::stage::Stage;

const WHY: &str = "The account was closed, OPS-1234";

#[test]
fn an_administrator_and_nobody_else_closes_a_removal_that_keeps_failing_and_answers_for_it() {
    let (stage, _alone) = alone();
    let denying = Denying::the(stage, &[EXPIRE, SWEEP], "iam:DeleteUserPolicy");
    let life = Life::asked(stage, AT_ONCE, "8s");
    life.reaches("grant.activated");
    assert_eq!(life.access(), Access::Allowed);
    keeps_failing(&life);
    let as_one_of = |name: &str| stage.sign_in(&stage.another(name).unwrap()).unwrap();
    let eva = as_one_of("eva");
    refused(&life, &life.session, 403, "action-refused");
    refused(&life, &as_one_of("ana"), 404, "not-found");
    refused(&life, &as_one_of("ben"), 404, "not-found");
    let silent = eva.post(&path(&life), &json!({"comment": ""})).unwrap();
    assert_eq!(silent.status, 400, "not without a reason: {}", silent.body);
    assert_eq!(life.over(), None);

    let closed = eventually("a moment between two attempts", || {
        let answer = close(&life, &eva);
        assert!(answer.status == 200 || kind(&answer) == "wrong-state", "{}", answer.body);
        Some(answer.json()).filter(|_| answer.status == 200)
    });
    is_closed_by_force(&closed);
    assert_eq!(life.policies().len(), 1, "which removes nothing");
    on_record(&life);
    drop(denying);
    let status = eventually("the workflow's end", || {
        Some(stage.execution(&life.id).unwrap().status().unwrap()).filter(|status| status != "RUNNING")
    });
    assert_eq!(status, "SUCCEEDED");
    is_closed_by_force(&life.session.get(&grant_path(&life)).unwrap().json());
    on_record(&life);
    by_hand(stage, &life);
}

/// What the grant, the target and the alarm say of it.
fn keeps_failing(life: &Life<'_>) {
    let alarm = Alarm::deployed(life.stage, "stint-removal-failed", "Stint RemovalFailed");
    let end = life.ends_at().unwrap();
    until(end);
    assert_eq!(life.access(), Access::Denied, "by the date in the policy");
    let failing = eventually("REMOVAL_FAILED", || {
        let grant = life.session.get(&grant_path(life)).unwrap().ok("the grant").unwrap().json();
        Some(grant).filter(|grant| grant["state"] == "REMOVAL_FAILED")
    });
    let said = (&failing["ending"], &failing["error"]);
    assert_eq!(said, (&json!("EXPIRED"), &json!("IAM denies Stint the removal")), "{failing}");
    assert!(failing["failures"].as_u64().unwrap() >= 1, "{failing}");
    assert_eq!(life.policies().len(), 1);
    eventually("the alarm, whichever way the minutes fall", || {
        alarm.on_at_the_latest(&logged(life.stage, EXPIRE, "RemovalFailed", end.as_millisecond()))
    });
}

fn refused(life: &Life<'_>, somebody: &Session, status: u16, why: &str) {
    let answer = close(life, somebody);
    assert_eq!((answer.status, kind(&answer).as_str()), (status, why), "{}", answer.body);
}

fn close(life: &Life<'_>, somebody: &Session) -> Answer {
    somebody.post(&path(life), &json!({"comment": WHY})).unwrap()
}

fn path(life: &Life<'_>) -> String {
    format!("{}/force-close", grant_path(life))
}

fn grant_path(life: &Life<'_>) -> String {
    format!("/v1/grants/{}", grant(life))
}

fn kind(answer: &Answer) -> String {
    answer.json()["type"].as_str().unwrap_or_default().trim_start_matches("urn:stint:problem:").to_owned()
}

fn is_closed_by_force(grant: &Value) {
    let (state, proof) = ([&grant["state"], &grant["ended_by"]], &grant["proof"]);
    assert_eq!(state, ["ENDED", "FORCED"], "{grant}");
    let proof = ["kind", "comment", "error"].map(|name| &proof[name]);
    assert_eq!(proof, ["forced", WHY, "IAM denies Stint the removal"], "in place of a receipt: {grant}");
}

/// The last word, and who could not say it.
fn on_record(life: &Life<'_>) {
    let events = life.events();
    let last = events.last().unwrap();
    assert_eq!(
        [&last["action"], &last["actor"]["type"], &last["outcome"]],
        ["grant.forced", "person", "failure"],
        "{last}"
    );
    assert_eq!(
        [&last["detail"]["comment"], &last["detail"]["error"]],
        [WHY, "IAM denies Stint the removal"],
        "{last}"
    );
    let refused = events.iter().filter(|event| event["action"] == "request.action_refused").count();
    assert_eq!(refused, 3, "{:?}", life.actions());
}

/// As the administrator has to; a sweep may have found it first.
fn by_hand(stage: &Stage, life: &Life<'_>) {
    for policy in life.policies() {
        let values = [("UserName", life.user.as_str()), ("PolicyName", policy.as_str())];
        let _ = stage.admin.form("iam", "DeleteUserPolicy", "2010-05-08", &values);
    }
    assert!(life.policies().is_empty());
}
