//! Requests that lead to nothing: denied, withdrawn, forgotten, or impossible to carry out.

use crate::scene::{Journey, LATE, now, stage, succeeded};
use crate::seen::asked_and;
use jiff::{Timestamp, ToSpan, Unit};
use serde_json::json;
use stint_local::probe::Access;
use stint_local::{mail, wait};

#[test]
fn what_was_denied_by_mail_is_never_given() {
    let journey = Journey::begin("payments-read", "30m");
    assert_eq!(journey.decided("deny").status, 200);
    assert_eq!(journey.ended(), succeeded(&["AwaitApproval", "Closed"]));
    assert_eq!(journey.actions(), ["request.submitted", "request.approvers_notified", "request.denied"]);
    let seen = journey.look();
    assert_eq!((&seen["state"], &seen["grant"]), (&json!("DENIED"), &json!(null)));
    assert_eq!(seen["decision"]["by"]["name"], "Ben");
    journey.nothing_was_given();
}

#[test]
fn what_its_requester_cancelled_is_never_given() {
    let journey = Journey::begin("payments-read", "30m");
    journey.asked();
    assert_eq!(journey.withdraw("cancel").json()["state"], "CANCELLED");
    assert_eq!(journey.ended(), succeeded(&["AwaitApproval", "Closed"]));
    assert_eq!(journey.actions_once_told(), asked_and("request.cancelled"));
    let mails = mail::about(&stage().http, "ben@example.com", &journey.id).unwrap();
    let [asked, told] = mails.as_slice() else { panic!("one that asks, and one that tells: {mails:?}") };
    assert!(asked.subject.starts_with("Approve? ") && asked.link().is_ok());
    assert!(told.subject.starts_with("Withdrawn: ") && told.link().is_err(), "{told:?}");
    assert_eq!(journey.look()["state"], "CANCELLED");
    journey.nothing_was_given();
}

#[test]
fn what_was_approved_for_later_can_be_cancelled_until_then() {
    let journey = Journey::asking(&json!({"entitlement": "payments-read", "duration": "30m",
        "justification": "tomorrow", "starts_at": in_a_month()}));
    journey.decided("approve");
    let waits = || Ok(journey.execution().states()?.iter().any(|state| state == "AwaitStart").then_some(()));
    wait::until("the wait for the start", LATE, waits).unwrap();
    let cancelled = journey.withdraw("cancel").json();
    assert_eq!(
        (&cancelled["grant"]["state"], &cancelled["grant"]["ended_by"]),
        (&json!("ENDED"), &json!("RETURNED"))
    );
    assert_eq!(cancelled["grant"]["proof"]["kind"], "never_activated");
    assert_eq!(journey.ended().0, "ABORTED");
    let done = ["request.submitted", "request.approvers_notified", "request.approved", "grant.ended"];
    assert_eq!(journey.actions(), done);
    journey.nothing_was_given();
    assert_eq!(journey.actions(), done, "the end of the execution changes nothing any more");
}

fn in_a_month() -> Timestamp {
    (now() + 720.hours()).round(Unit::Second).unwrap()
}

#[test]
fn what_nobody_decides_lapses() {
    let journey = Journey::begin("fire-drill", "10m");
    journey.asked();
    assert_eq!(journey.look()["state"], "PENDING");
    assert_eq!(journey.ended(), succeeded(&["AwaitApproval", "Expire"]));
    assert_eq!(journey.actions_once_told(), asked_and("request.lapsed"));
    let seen = journey.look();
    assert_eq!((&seen["state"], &seen["grant"]), (&json!("LAPSED"), &json!(null)));
    assert_eq!(seen["decision"]["because"], "nobody_decided_in_time");
    assert_eq!(journey.access("fire-drill"), Access::Denied);
    journey.nothing_was_given();
}

#[test]
fn what_the_target_refuses_is_cleaned_up_and_works_once_the_target_is_enrolled() {
    let journey = Journey::begin("payments-read", "30m");
    boundary(&journey.person, "DeleteUserPermissionsBoundary");
    journey.decided("approve");
    assert_eq!(journey.ended(), succeeded(&["AwaitApproval", "Grant", "Expire"]));
    let actions = journey.actions();
    assert_eq!(
        actions[2..],
        ["request.approved", "grant.activation_started", "grant.removal_started", "grant.activation_failed"]
    );
    let grant = journey.look()["grant"].clone();
    assert_eq!(grant["state"], "ACTIVATION_FAILED");
    assert_eq!(grant["reason"], "the target is not enrolled with Stint");
    assert_eq!(grant["proof"]["receipt"]["answered"], "NoSuchEntity");
    assert_eq!((journey.access("payments"), journey.at_target()), (Access::Denied, Vec::new()));
    boundary(&journey.person, "PutUserPermissionsBoundary");
    journey.nothing_was_given();
}

fn boundary(user: &str, action: &str) {
    let mut values = vec![("UserName", user)];
    if action.starts_with("Put") {
        values.push(("PermissionsBoundary", stage().outputs.get("BoundaryArn").unwrap()));
    }
    stage().admin.form("iam", action, "2010-05-08", &values).unwrap();
}
