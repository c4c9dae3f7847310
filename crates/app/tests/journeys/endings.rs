//! Every way a request can end: nothing is left at the target, and the audit says why.

use crate::engine::{At, Stage, block_on, start};
use stint_app::decide_request::Verdict;
use stint_app::withdraw::{cancel_request, return_grant};
use stint_domain::ids::RequestId;
use stint_domain::transition::EndCause;

/// Ana has asked for half an hour, and the mail is out.
fn asked(stage: &Stage) -> (RequestId, At) {
    let id = block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    (id, at)
}

/// And Ben has said yes.
fn active(stage: &Stage) -> (RequestId, At) {
    let (id, mut at) = asked(stage);
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id), "{at:?}");
    (id, at)
}

fn ends(stage: &Stage, id: RequestId, at: &mut At, state: &str, actions: &[&str]) {
    stage.settle(id, at);
    assert!(!stage.world.has_leftovers(id));
    let request = stage.request(id);
    assert!(request.is_final());
    assert_eq!(request.grant().map_or(request.state.name(), |grant| grant.name()), state);
    assert_eq!(stage.world.actions(&id.to_string()), actions);
}

#[test]
fn approved_and_expired() {
    let stage = Stage::new();
    let (id, mut at) = active(&stage);
    stage.world.pass(29 * 60);
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id), "not over yet");
    stage.world.pass(60);
    assert!(!stage.world.has_access(id), "the date in the policy ends it before anybody removes it");
    stage.run(id, &mut at);
    assert_eq!(at, At::Succeeded);
    ends(
        &stage,
        id,
        &mut at,
        "ENDED",
        &[
            "request.submitted",
            "request.approvers_notified",
            "request.approved",
            "grant.activation_started",
            "grant.activated",
            "grant.removal_started",
            "grant.ended",
        ],
    );
}

#[test]
fn approved_at_once_by_policy_without_any_mail() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("build-logs-read", "30m"))).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id), "{at:?}");
    assert!(stage.world.state().inbox.is_empty());
    ends(
        &stage,
        id,
        &mut at,
        "ENDED",
        &[
            "request.submitted",
            "request.approved",
            "grant.activation_started",
            "grant.activated",
            "grant.removal_started",
            "grant.ended",
        ],
    );
}

#[test]
fn denied() {
    let stage = Stage::new();
    let (id, mut at) = asked(&stage);
    block_on(stage.click("ben@example.com", Verdict::Deny)).unwrap();
    stage.run(id, &mut at);
    assert_eq!(at, At::Succeeded);
    ends(
        &stage,
        id,
        &mut at,
        "DENIED",
        &["request.submitted", "request.approvers_notified", "request.denied"],
    );
}

#[test]
fn cancelled() {
    let stage = Stage::new();
    let (id, mut at) = asked(&stage);
    let world = &stage.world;
    block_on(cancel_request(world, world, world, &Stage::caller("ana"), id)).unwrap();
    stage.run(id, &mut at);
    assert_eq!(at, At::Succeeded);
    ends(
        &stage,
        id,
        &mut at,
        "CANCELLED",
        &["request.submitted", "request.approvers_notified", "request.cancelled", "request.settled_told"],
    );
}

#[test]
fn lapsed_when_nobody_decides() {
    let stage = Stage::new();
    let (id, mut at) = asked(&stage);
    ends(
        &stage,
        id,
        &mut at,
        "LAPSED",
        &["request.submitted", "request.approvers_notified", "request.lapsed", "request.settled_told"],
    );
}

#[test]
fn lapsed_at_once_when_nobody_may_decide() {
    let stage = Stage::new();
    stage.world.state().people.retain(|id, _| id.as_str() == "ana");
    let (id, mut at) = asked(&stage);
    ends(&stage, id, &mut at, "LAPSED", &["request.submitted", "request.lapsed"]);
}

#[test]
fn activation_that_the_target_refuses_is_cleaned_up() {
    let stage = Stage::new();
    let (id, mut at) = asked(&stage);
    stage.world.state().users.clear();
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    stage.run(id, &mut at);
    ends(
        &stage,
        id,
        &mut at,
        "ACTIVATION_FAILED",
        &[
            "request.submitted",
            "request.approvers_notified",
            "request.approved",
            "grant.activation_started",
            "grant.removal_started",
            "grant.activation_failed",
        ],
    );
}

#[test]
fn i_am_done() {
    let stage = Stage::new();
    let (id, mut at) = active(&stage);
    let world = &stage.world;
    block_on(return_grant(world, world, world, world, &Stage::caller("ana"), id)).unwrap();
    assert_eq!(world.state().expiries, [id]);
    block_on(stage.expire(id, EndCause::Returned)).unwrap();
    assert!(!world.has_access(id));
    ends(
        &stage,
        id,
        &mut at,
        "ENDED",
        &[
            "request.submitted",
            "request.approvers_notified",
            "request.approved",
            "grant.activation_started",
            "grant.activated",
            "grant.removal_started",
            "grant.ended",
        ],
    );
}

#[test]
fn an_execution_stopped_from_outside_ends_the_access_and_says_so() {
    let stage = Stage::new();
    let (id, mut at) = active(&stage);
    stage.world.state().executions.get_mut(&id).unwrap().running = false;
    stage.run(id, &mut at);
    assert!(!stage.world.has_access(id));
    let text = stage.world.stream(&id.to_string()).iter().map(|(text, _)| text.clone()).collect::<String>();
    assert!(text.contains(r#""cause":"workflow_ended""#), "{text}");
    ends(
        &stage,
        id,
        &mut at,
        "ENDED",
        &[
            "request.submitted",
            "request.approvers_notified",
            "request.approved",
            "grant.activation_started",
            "grant.activated",
            "grant.removal_started",
            "grant.ended",
        ],
    );
}

#[test]
fn an_execution_that_died_unseen_is_found_by_reconcile() {
    let stage = Stage::new();
    let (id, _) = active(&stage);
    stage.world.state().executions.clear();
    stage.world.pass(31 * 60);
    assert!(stage.world.has_leftovers(id) && !stage.world.has_access(id));
    let swept = stage.sweep("one").unwrap();
    assert_eq!((swept.examined, swept.failed), (1, 0));
    assert!(!stage.world.has_leftovers(id));
}

#[test]
fn an_expire_that_comes_too_early_takes_nothing_away() {
    let stage = Stage::new();
    let (id, _) = active(&stage);
    assert!(block_on(stage.expire(id, EndCause::WindowOver)).is_err());
    assert!(stage.world.has_access(id));
}

#[test]
fn two_grants_of_one_person_leave_each_other_alone() {
    let stage = Stage::new();
    let (first, _) = active(&stage);
    stage.world.pass(10 * 60);
    let again =
        stint_app::submit_request::SubmitRequest { idempotency: None, ..Stage::ask("payments-read", "30m") };
    let second = block_on(stage.submit("ana", again)).unwrap().scope.request_id;
    let mut at = start();
    stage.run(second, &mut at);
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    stage.run(second, &mut at);
    stage.world.pass(21 * 60);
    block_on(stage.expire(first, EndCause::WindowOver)).unwrap();
    assert!(!stage.world.has_leftovers(first) && stage.world.has_access(second));
}
