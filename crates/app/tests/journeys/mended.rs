//! What reconcile and repeated removal make good: not only is nothing left behind, what was approved is also given.

use crate::engine::{At, Stage, block_on, invoke, start};
use stint_app::activate_grant::activate_grant;
use stint_app::decide_request::Verdict;
use stint_app::end_access::EndError;
use stint_app::ports::{Artefact, Provider as _};
use stint_domain::transition::EndCause;
use stint_test_support::world::{ExecutionState, Fault, Mode};

/// Fails the first call of that name in what follows.
fn fail(stage: &Stage, calls: &[&str], name: &str) {
    let call = calls.iter().position(|made| *made == name).unwrap() + 1;
    stage.world.arm([Fault { call, mode: Mode::Throttled }]);
}

#[test]
fn a_workflow_that_was_not_started_is_started_and_the_approvers_are_asked() {
    let stage = Stage::new();
    fail(&stage, &["commit", "start execution"], "start execution");
    let id = block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id;
    assert!(stage.world.state().executions.is_empty());
    stage.sweep("one");
    assert!(stage.world.state().executions.is_empty(), "the workflow has its time of grace first");
    stage.world.pass(60);
    stage.sweep("two");
    stage.run(id, &mut start());
    assert_eq!(stage.world.state().inbox.len(), 1);
}

#[test]
fn an_approval_that_the_workflow_did_not_hear_of_is_told_again_and_access_is_given() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    fail(&stage, &["commit", "answer token"], "answer token");
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    assert!(matches!(stage.world.state().executions[&id].wait, ExecutionState::Waiting { .. }));
    stage.world.pass(16);
    stage.sweep("one");
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id), "{at:?}");
}

#[test]
fn an_old_message_of_the_workflow_that_comes_late_does_not_displace_its_new_token() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id;
    let mut at = At::AwaitApproval { entered: None, token: 1 };
    stage.run(id, &mut at);
    block_on(stage.notify(id, Some(&format!("token-{id}-0")))).unwrap();
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id), "{at:?}");
}

#[test]
fn a_removal_that_the_target_only_claims_is_not_closed() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("build-logs-read", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    stage.world.pass(30 * 60);
    stage.world.state().target_lies = true;
    assert!(invoke(stage.expire(id, EndCause::WindowOver)).unwrap().is_err());
    assert_eq!(stage.request(id).grant().map(|grant| grant.name()), Some("REMOVAL_FAILED"));
    stage.world.state().target_lies = false;
    stage.settle(id, &mut At::Failed);
    assert_eq!(stage.request(id).grant().map(|grant| grant.name()), Some("ENDED"));
    assert!(!stage.world.has_leftovers(id));
}

/// A grant whose target has let it go, and did not answer the look at it.
fn taken_and_not_seen(stage: &Stage) -> stint_domain::ids::RequestId {
    let id = block_on(stage.submit("ana", Stage::ask("build-logs-read", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    stage.world.pass(1800);
    fail(stage, &["commit", "deactivate", "verify"], "verify");
    assert!(block_on(stage.expire(id, EndCause::WindowOver)).is_err());
    stage.world.arm([]);
    id
}

#[test]
fn what_the_target_has_let_go_of_is_only_looked_at_by_the_next_attempt() {
    let stage = Stage::new();
    let id = taken_and_not_seen(&stage);
    assert!(!stage.request(id).is_final(), "without a look there is no proof");
    block_on(stage.expire(id, EndCause::WindowOver)).unwrap();
    assert_eq!(stage.world.calls(), ["commit", "verify", "commit"]);
    assert!(stage.request(id).is_final() && !stage.world.has_leftovers(id));
}

#[test]
fn what_is_there_again_when_it_is_looked_at_is_taken_again() {
    let stage = Stage::new();
    let id = taken_and_not_seen(&stage);
    let request = stage.request(id);
    let (grant_id, access) = (id.grant_id(), request.scope.access.clone());
    let window = *request.grant().unwrap().window().unwrap();
    block_on(stage.world.activate(&Artefact { grant_id, access, window })).unwrap();
    stage.world.arm([]);
    block_on(stage.expire(id, EndCause::WindowOver)).unwrap();
    assert_eq!(stage.world.calls(), ["commit", "verify", "deactivate", "verify", "commit"]);
    assert!(stage.request(id).is_final() && !stage.world.has_leftovers(id));
}

#[test]
fn a_removal_goes_on_at_the_target_when_the_ledger_cannot_take_the_intent() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("build-logs-read", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    stage.world.pass(30 * 60);
    fail(&stage, &["commit"], "commit");
    assert!(
        invoke(stage.expire(id, EndCause::WindowOver)).unwrap().is_err(),
        "it is not over until it is on record"
    );
    assert!(!stage.world.has_leftovers(id), "but the target is clean");
    stage.settle(id, &mut At::Failed);
    assert!(stage.request(id).is_final());
}

#[test]
fn a_removal_goes_on_at_the_target_when_others_are_faster_each_time_or_the_record_cannot_be_read_again() {
    // It is read once, and once more for each race.
    for (races, reads) in [(13, 14), (1, 1)] {
        let stage = Stage::new();
        let id =
            block_on(stage.submit("ana", Stage::ask("build-logs-read", "30m"))).unwrap().scope.request_id;
        stage.run(id, &mut start());
        stage.world.pass(30 * 60);
        stage.world.arm((1..=races).map(|call| Fault { call, mode: Mode::Raced }));
        stage.world.state().reads_left = Some(reads);
        let ended = invoke(stage.expire(id, EndCause::WindowOver)).unwrap();
        assert!(matches!(ended, Err(EndError::Missing(_))), "not over until it is on record: {ended:?}");
        assert!(!stage.world.has_leftovers(id), "but the target is clean: {:?}", stage.world.calls());
        assert_eq!(stage.world.calls()[races..], ["deactivate", "verify"]);
        stage.world.state().reads_left = None;
        stage.settle(id, &mut At::Failed);
        assert!(stage.request(id).is_final());
    }
}

#[test]
fn a_removal_that_loses_a_race_goes_by_what_is_on_record_then() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("build-logs-read", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    stage.world.pass(30 * 60);
    stage.world.arm((1..=12).map(|call| Fault { call, mode: Mode::Raced }));
    block_on(stage.expire(id, EndCause::WindowOver)).unwrap();
    assert!(stage.request(id).is_final() && !stage.world.has_leftovers(id));
}

/// Nobody hears of it: neither the rule on the event bus nor a retry of the workflow.
fn dies_unseen(stage: &Stage, id: stint_domain::ids::RequestId) {
    stage.world.state().executions.get_mut(&id).unwrap().running = false;
}

fn swept_for_an_hour(stage: &Stage, id: stint_domain::ids::RequestId) {
    for round in 0..60 {
        stage.world.pass(60);
        stage.sweep(&format!("minute-{round}"));
    }
    assert!(stage.request(id).is_final() && !stage.world.has_leftovers(id), "{:?}", stage.request(id).state);
}

#[test]
fn a_grant_whose_execution_dies_half_way_through_its_activation_is_ended_by_the_sweep_alone() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("build-logs-read", "30m"))).unwrap().scope.request_id;
    let world = &stage.world;
    // The intent, and then the target: the process dies with the policy written.
    world.arm([Fault { call: 2, mode: Mode::CrashAfter }]);
    assert!(invoke(activate_grant(world, world, (world, world), stage.policy, world, id)).is_none());
    assert_eq!(stage.request(id).grant().map(|grant| grant.name()), Some("ACTIVATING"));
    assert!(world.has_leftovers(id));
    dies_unseen(&stage, id);
    swept_for_an_hour(&stage, id);
}

#[test]
fn a_grant_whose_execution_dies_in_its_window_is_ended_by_the_sweep_alone() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("build-logs-read", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    assert!(stage.world.has_access(id));
    dies_unseen(&stage, id);
    swept_for_an_hour(&stage, id);
}

#[test]
fn a_removal_whose_process_dies_after_its_intent_is_done_by_the_sweep_alone() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("build-logs-read", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    stage.world.arm([Fault { call: 2, mode: Mode::CrashBefore }]);
    assert!(invoke(stage.expire(id, EndCause::Returned)).is_none());
    assert_eq!(stage.request(id).grant().map(|grant| grant.name()), Some("DEACTIVATING"));
    assert!(stage.world.has_access(id));
    dies_unseen(&stage, id);
    swept_for_an_hour(&stage, id);
}
