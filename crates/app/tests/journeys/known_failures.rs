//! What went wrong elsewhere, by the name it is known under, and does not go wrong here.

use crate::engine::{At, Stage, block_on, invoke, start};
use crate::kinds::given;
use stint_app::ports::{Surroundings as _, WorkflowInput};
use stint_app::submit_request::SubmitError;
use stint_domain::grant::{EndedBy, GrantState};
use stint_domain::ids::RequestId;
use stint_domain::transition::EndCause;
use stint_test_support::world::{Fault, Mode};

fn state(stage: &Stage, id: RequestId) -> &'static str {
    stage.request(id).grant().unwrap().name()
}

/// An update changed what executions carried, and those in flight revoked nothing. Ours carry an id and two hints for
/// timers, and what ends access looks everything up.
#[test]
fn team_149_an_execution_carries_nothing_that_an_update_could_change() {
    let stage = Stage::new();
    let (id, mut at) = given(&stage, "payments-read");
    let input = stage.world.state().executions[&id].input.clone();
    let WorkflowInput { request_id, wait_seconds: _, starts_at: None } = input else { panic!("{input:?}") };
    assert_eq!(request_id, id);
    stage.world.state().executions.get_mut(&id).unwrap().input.wait_seconds = 1;
    stage.settle(id, &mut at);
    assert!(stage.request(id).is_final() && !stage.world.has_leftovers(id));
}

/// Sessions that had been issued outlived the revocation.
#[test]
fn team_195_sessions_in_circulation_end_with_the_revocation() {
    let stage = Stage::new();
    let (id, _) = given(&stage, "incident-read");
    block_on(stage.reveal("ana", id)).unwrap();
    assert!(stage.world.has_access(id));
    block_on(stage.revoke("eva", id)).unwrap();
    stage.expire_as_asked();
    assert!(!stage.world.has_access(id));
}

/// A revocation asked whether the person was still eligible, found that they were not, and left them their access.
#[test]
fn team_255_whoever_is_not_eligible_any_more_loses_access_all_the_same() {
    for cause in [EndCause::WindowOver, EndCause::Returned, EndCause::WorkflowEnded] {
        let stage = Stage::new();
        let (id, _) = given(&stage, "payments-read");
        stage.world.state().people.clear();
        stage.world.pass(30 * 60);
        block_on(stage.expire(id, cause)).unwrap();
        assert!(!stage.world.has_leftovers(id), "{cause:?}");
    }
}

/// Of two overlapping grants of the same thing to the same person, the first to end took both.
#[test]
fn team_279_an_overlapping_grant_survives_the_end_of_the_other() {
    for entitlement in ["payments-read", "payments-repair"] {
        let stage = Stage::new();
        let (first, mut at) = given(&stage, entitlement);
        stage.world.pass(60);
        let mut ask = Stage::ask(entitlement, "30m");
        ask.idempotency = None;
        let second = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
        let mut beside = start();
        stage.run(second, &mut beside);
        block_on(stage.click("ben@example.com", stint_app::decide_request::Verdict::Approve)).unwrap();
        stage.run(second, &mut beside);
        stage.world.pass(29 * 60);
        stage.run(first, &mut at);
        assert_eq!((state(&stage, first), state(&stage, second)), ("ENDED", "ACTIVE"), "{entitlement}");
        assert!(!stage.world.has_leftovers(first) && stage.world.has_access(second), "{entitlement}");
    }
}

/// More was given than the longest that was allowed.
#[test]
fn team_433_nothing_over_the_longest_duration_is_accepted() {
    let stage = Stage::new();
    let asked = |duration| block_on(stage.submit("ana", Stage::ask("payments-repair", duration)));
    assert!(matches!(asked("2h1s"), Err(SubmitError::DurationTooLong { .. })));
    assert!(asked("2h").is_ok());
}

/// A conflict at the target was taken for the end of trying.
#[test]
fn team_515_a_removal_that_meets_a_conflict_is_tried_again() {
    let stage = Stage::new();
    let (id, mut at) = given(&stage, "payments-read");
    stage.world.pass(30 * 60);
    // The intent, and then the target.
    stage.world.arm([Fault { call: 2, mode: Mode::Throttled }]);
    assert!(invoke(stage.expire(id, EndCause::WindowOver)).unwrap().is_err());
    assert_eq!(state(&stage, id), "REMOVAL_FAILED");
    stage.settle(id, &mut at);
    assert_eq!(state(&stage, id), "ENDED");
}

/// After six attempts nobody tried any more.
#[test]
fn vault_8602_a_removal_is_tried_until_it_succeeds_however_long_that_takes() {
    let stage = Stage::new();
    let (id, _) = given(&stage, "payments-repair");
    stage.world.pass(30 * 60);
    stage.world.state().target_is_down = true;
    for round in 0..40 {
        stage.world.pass(1800);
        let _ = stage.sweep(&format!("sweep-{round}"));
        assert_eq!(state(&stage, id), "REMOVAL_FAILED", "{round}");
    }
    stage.world.state().target_is_down = false;
    stage.settle(id, &mut At::Failed);
    assert_eq!(state(&stage, id), "ENDED");
}

/// A message from before a renewal took away what the renewal had given. Here every grant has an artefact of its own, and
/// what comes late finds it over.
#[test]
fn etcd_15247_a_message_that_comes_late_takes_nothing_from_a_later_grant() {
    let stage = Stage::new();
    let (first, mut at) = given(&stage, "payments-read");
    stage.settle(first, &mut at);
    let mut ask = Stage::ask("payments-read", "30m");
    ask.idempotency = None;
    let second = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
    let mut beside = start();
    stage.run(second, &mut beside);
    block_on(stage.click("ben@example.com", stint_app::decide_request::Verdict::Approve)).unwrap();
    stage.run(second, &mut beside);
    for cause in [EndCause::WindowOver, EndCause::Returned, EndCause::WorkflowEnded] {
        block_on(stage.expire(first, cause)).unwrap();
    }
    assert!(stage.world.has_access(second));
}

/// Somebody lost what made them eligible between the approval and the start, and was given access all the same.
#[test]
fn jit_145_whoever_is_not_eligible_at_the_start_gets_nothing() {
    let stage = Stage::new();
    let mut ask = Stage::ask("payments-read", "30m");
    ask.starts_at = Some(stage.world.now().saturating_add(jiff::SignedDuration::from_hours(9)).unwrap());
    let id = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    block_on(stage.click("ben@example.com", stint_app::decide_request::Verdict::Approve)).unwrap();
    stage.run(id, &mut at);
    stage.world.state().people.get_mut(&"ana".parse().unwrap()).unwrap().groups.clear();
    stage.settle(id, &mut at);
    let ended = stage.request(id);
    let by = matches!(ended.grant(), Some(GrantState::Ended { ended_by: EndedBy::Ineligible, .. }));
    assert!(by, "{:?}", ended.grant());
    assert!(!stage.world.actions(&id.to_string()).contains(&"grant.activation_started".to_owned()));
}

/// Whoever asked could write into the request what made it look approved. What is stored says what was approved, by a
/// hash over all of it, and nothing is given that does not fit.
#[test]
fn cve_2025_1969_a_request_that_is_changed_after_its_approval_gives_nothing() {
    for spoofed in [false, true] {
        let stage = Stage::new();
        let id = block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id;
        let mut at = start();
        stage.run(id, &mut at);
        block_on(stage.click("ben@example.com", stint_app::decide_request::Verdict::Approve)).unwrap();
        if spoofed {
            let mut state = stage.world.state();
            state.records.get_mut(&id).unwrap().request.scope.duration = "4h".parse().unwrap();
        }
        stage.run(id, &mut at);
        assert_eq!(stage.world.has_access(id), !spoofed);
    }
}

/// A request to the API that no page would have made let people approve their own. Here neither the API nor a link does,
/// not even for somebody who decides about everybody else's.
#[test]
fn cve_2025_11957_nobody_approves_their_own_however_they_ask() {
    use stint_app::decide_request::Verdict;
    let stage = Stage::new();
    let leads = "platform-leads".parse().unwrap();
    stage.world.state().people.get_mut(&"ana".parse().unwrap()).unwrap().groups.insert(leads);
    let id = block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    let mailed: Vec<_> = stage.world.state().inbox.iter().map(|mail| mail.to.clone()).collect();
    assert_eq!(mailed, ["ben@example.com"]);
    for verdict in [Verdict::Approve, Verdict::Deny] {
        assert!(block_on(stage.decide("ana", id, verdict)).is_err());
    }
    assert_eq!(stage.request(id).state.name(), "PENDING");
    block_on(stage.decide("ben", id, Verdict::Approve)).unwrap();
}

/// A mail scanner that opened the link approved by it. Looking is not deciding, however often and whoever looks.
#[test]
fn activepieces_14024_opening_a_link_decides_nothing_and_does_not_use_it_up() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    let token = crate::engine::token_in(&stage.world.state().inbox[0].text.clone());
    let before = (stage.request(id), stage.world.actions(&id.to_string()));
    for _ in 0..50 {
        assert!(block_on(stint_app::open_link::open_link(&stage.world, &stage.world, &token)).is_ok());
    }
    assert_eq!((stage.request(id), stage.world.actions(&id.to_string())), before);
    block_on(stage.click("ben@example.com", stint_app::decide_request::Verdict::Approve)).unwrap();
    assert_eq!(stage.request(id).state.name(), "APPROVED");
}

/// Somebody decided who was no approver any more, since only sending the mail had asked.
#[test]
fn wso2_25308_an_approver_who_lost_the_role_after_the_mail_does_not_decide() {
    use stint_app::decide_request::{DecideError, Verdict};
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    let ben = "ben".parse().unwrap();
    let groups = std::mem::take(&mut stage.world.state().people.get_mut(&ben).unwrap().groups);
    let clicked = || block_on(stage.click("ben@example.com", Verdict::Approve));
    assert!(matches!(clicked(), Err(DecideError::NotAllowed { .. })));
    assert_eq!(stage.request(id).state.name(), "PENDING");
    stage.world.state().people.get_mut(&ben).unwrap().groups = groups;
    assert!(clicked().is_ok());
}
