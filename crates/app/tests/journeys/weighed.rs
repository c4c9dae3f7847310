//! What stands in the audit of a decision by policy: enough to make it again, whichever way it went.

use crate::engine::{Stage, block_on};
use serde_json::{Value, json};
use stint_app::submit_request::{IdempotencyClaim, SubmitError, SubmitRequest};
use stint_domain::audit::AuditEvent;
use stint_policy::{Answer, Way, Weighed};

fn asking(stage: &Stage, who: &str, entitlement: &str, duration: &str) -> bool {
    let idempotency = Some(IdempotencyClaim::new(&format!("{who}-{entitlement}"), "body").unwrap());
    let ask = SubmitRequest { idempotency, queue: false, ..Stage::ask(entitlement, duration) };
    block_on(stage.submit(who, ask)).is_ok()
}

/// The events about an entitlement, in the order of their places.
fn events(stage: &Stage, entitlement: &str) -> Vec<AuditEvent> {
    let state = stage.world.state();
    let all = state.events.values().map(|sealed| sealed.event.clone());
    all.filter(|event| event.entitlement.as_ref().is_some_and(|id| id.as_str() == entitlement)).collect()
}

fn answers(stage: &Stage, entitlement: &str) -> Vec<(String, Option<Answer>)> {
    let answer = |event: &AuditEvent| Weighed::of(event.authorization.as_ref()?).map(|held| held.answer);
    events(stage, entitlement).iter().map(|event| (event.action.clone(), answer(event))).collect()
}

#[test]
fn whatever_policy_was_asked_about_a_request_stands_there_with_what_it_was_told_and_what_it_said() {
    let stage = Stage::new();
    assert!(asking(&stage, "ana", "payments-read", "30m"));
    assert!(asking(&stage, "ana", "build-logs-read", "30m"));
    assert!(!asking(&stage, "ana", "ledger-root", "15m"));
    let held = |action: &str, answer| (action.to_owned(), Some(answer));
    assert_eq!(answers(&stage, "payments-read"), [held("request.submitted", Answer::NeedsPeople)]);
    let at_once = Answer::ApprovedAtOnce;
    let both = [held("request.submitted", at_once), held("request.approved", at_once)];
    assert_eq!(answers(&stage, "build-logs-read"), both);
    assert_eq!(answers(&stage, "ledger-root"), [held("request.refused", Answer::Refused)]);
}

#[test]
fn a_refusal_by_policy_names_the_version_the_policies_and_what_they_were_told() {
    let stage = Stage::new();
    assert!(!asking(&stage, "dora", "build-logs-read", "30m"));
    let events = events(&stage, "build-logs-read");
    let authorization = events[0].authorization.as_ref().unwrap();
    assert_eq!(authorization.policy_version, stage.policy.version());
    assert!(authorization.policies.contains("ticket-for-contractors"), "{authorization:?}");
    let weighed = authorization.weighed.as_ref().unwrap();
    assert_eq!(weighed["contract"]["sponsor"], json!("ben"), "{weighed}");
    assert_eq!((&weighed["has_ticket"], &weighed["duration"]), (&json!(false), &json!(1800)));
    assert!(!weighed.to_string().contains("refund 4711"), "the justification is none of it");
}

#[test]
fn what_is_refused_for_another_reason_than_policy_says_that_policy_would_have_let_it() {
    let stage = Stage::new();
    let started = SubmitRequest {
        starts_at: Some("2020-01-01T00:00:00Z".parse().unwrap()),
        ..Stage::ask("payments-read", "30m")
    };
    assert!(matches!(block_on(stage.submit("ana", started)), Err(SubmitError::StartInThePast)));
    let held = ("request.refused".to_owned(), Some(Answer::NeedsPeople));
    assert_eq!(answers(&stage, "payments-read"), [held]);
}

#[test]
fn where_policy_was_not_asked_nothing_claims_that_it_was() {
    let stage = Stage::new();
    assert!(!asking(&stage, "nobody", "payments-read", "30m"));
    assert!(!asking(&stage, "ana", "no-such-thing", "30m"));
    for entitlement in ["payments-read", "no-such-thing"] {
        let events = events(&stage, entitlement);
        assert_eq!((events.len(), &events[0].authorization), (1, &None), "{entitlement}");
        assert_ne!(events[0].detail["reason"], Value::Null);
    }
}

#[test]
fn an_emergency_stands_there_as_one_and_is_at_once_or_refused() {
    let stage = Stage::new();
    let asked = |who: &str, break_glass| {
        let ask = SubmitRequest { idempotency: None, break_glass, ..Stage::ask("payments-repair", "30m") };
        block_on(stage.submit(who, ask)).is_ok()
    };
    assert!(asked("eva", true) && !asked("ana", true) && asked("ana", false));
    let ways: Vec<_> = events(&stage, "payments-repair")
        .iter()
        .filter_map(|event| {
            let held = Weighed::of(event.authorization.as_ref()?)?;
            (event.action != "request.approved").then_some((held.way, held.answer))
        })
        .collect();
    assert_eq!(ways.len(), 3);
    for way in [
        (Way::BreakGlass, Answer::ApprovedAtOnce),
        (Way::BreakGlass, Answer::Refused),
        (Way::Usual, Answer::NeedsPeople),
    ] {
        assert!(ways.contains(&way), "{way:?}: {ways:?}");
    }
}
