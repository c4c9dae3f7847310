//! Faults of the register, docs/faults.md, by their numbers: somebody has been at the target or at the tables by hand.

use crate::engine::{At, Stage, block_on, start};
use crate::kinds::given;
use stint_app::decide_request::Verdict;
use stint_domain::audit::verify;
use stint_domain::grant::{EndedBy, GrantState, Proof};
use stint_domain::ids::RequestId;

fn sweep_for(stage: &Stage, minutes: i64, each: impl Fn(i64)) {
    for minute in 0..minutes {
        stage.world.pass(60);
        stage.sweep(&format!("minute-{minute}"));
        each(minute);
    }
}

/// Ended on time, with what the target answered for a proof.
fn ended_with_a_receipt(stage: &Stage, id: RequestId) {
    let ended = stage.request(id);
    let Some(GrantState::Ended { ended_by: EndedBy::Expired, proof: Proof::Removed { receipt, .. }, .. }) =
        ended.grant()
    else {
        panic!("{:?}", ended.grant())
    };
    assert_eq!(receipt.answered, "absent");
    assert!(ended.is_final() && !stage.world.has_leftovers(id));
}

#[test]
fn f35_what_somebody_has_deleted_by_hand_is_removed_with_a_receipt_all_the_same() {
    for entitlement in ["payments-read", "payments-repair"] {
        let stage = Stage::new();
        let (id, mut at) = given(&stage, entitlement);
        stage.world.state().target.remove(&id.grant_id());
        sweep_for(&stage, 20, |minute| assert!(!stage.world.has_leftovers(id), "not made anew: {minute}"));
        stage.settle(id, &mut at);
        ended_with_a_receipt(&stage, id);
        let failed = stage.world.actions(&id.to_string()).contains(&"grant.removal_failed".to_owned());
        assert!(!failed, "{entitlement}");
    }
}

/// The same entitlement once more, for the user of that name that there is now.
fn given_anew(stage: &Stage, entitlement: &str) -> (RequestId, At) {
    let ask =
        stint_app::submit_request::SubmitRequest { idempotency: None, ..Stage::ask(entitlement, "30m") };
    let id = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    stage.run(id, &mut at);
    (id, at)
}

#[test]
fn f36_the_end_of_an_old_grant_takes_nothing_from_a_user_that_was_made_anew_under_the_name() {
    let stage = Stage::new();
    let (old, mut at) = given(&stage, "payments-read");
    stage.world.pass(10 * 60);
    let users = std::mem::take(&mut stage.world.state().users);
    stage.world.state().target.clear();
    sweep_for(&stage, 5, |_| assert!(!stage.world.has_access(old)));
    stage.world.state().users = users;
    let (new, mut beside) = given_anew(&stage, "payments-read");
    assert!(stage.world.has_access(new) && !stage.world.has_access(old));
    stage.world.pass(16 * 60);
    stage.run(old, &mut at);
    assert!(stage.world.has_access(new), "the old one is over, this one is not");
    ended_with_a_receipt(&stage, old);
    stage.settle(new, &mut beside);
    ended_with_a_receipt(&stage, new);
}

#[test]
fn f36_a_grant_of_a_user_that_is_gone_ends_like_any_other() {
    let stage = Stage::new();
    let (id, mut at) = given(&stage, "payments-read");
    stage.world.state().users.clear();
    stage.world.state().target.clear();
    stage.settle(id, &mut at);
    ended_with_a_receipt(&stage, id);
}

/// Both tables as they are now; brings them back. The target is not asked.
fn copied(stage: &Stage) -> impl FnOnce(&Stage) + use<> {
    let state = stage.world.state();
    let copy = (state.records.clone(), state.events.clone(), state.heads.clone());
    move |stage| {
        let mut state = stage.world.state();
        (state.records, state.events, state.heads) = copy;
    }
}

/// The chain leads to the head of the record.
fn verifies(stage: &Stage, id: RequestId) {
    let rows = stage.world.stream(&id.to_string());
    let head = stage.world.state().records[&id].head.clone();
    assert_eq!(verify(rows.iter().map(|(text, hash)| (text.as_str(), hash.as_str()))), Ok(head));
}

#[test]
fn f44_what_was_revoked_does_not_come_back_with_tables_from_before_the_revocation() {
    for entitlement in ["payments-read", "payments-repair", "incident-read"] {
        let stage = Stage::new();
        let (id, _) = given(&stage, entitlement);
        let _ = block_on(stage.reveal("ana", id));
        assert!(stage.world.has_access(id), "{entitlement}");
        let restore = copied(&stage);
        block_on(stage.revoke("eva", id)).unwrap();
        stage.expire_as_asked();
        restore(&stage);
        assert_eq!(stage.request(id).grant().map(GrantState::name), Some("ACTIVE"), "as the tables have it");
        let _ = block_on(stage.reveal("ana", id));
        sweep_for(&stage, 40, |minute| assert!(!stage.world.has_access(id), "{entitlement}: {minute}"));
        ended_with_a_receipt(&stage, id);
        verifies(&stage, id);
    }
}

#[test]
fn f44_what_was_given_after_the_second_that_tables_were_restored_to_is_taken_away() {
    for entitlement in ["payments-read", "payments-repair"] {
        let stage = Stage::new();
        let (kept, _) = given(&stage, entitlement);
        let restore = copied(&stage);
        let (lost, _) = given_anew(&stage, entitlement);
        restore(&stage);
        assert!(stage.world.has_access(lost) && stage.world.has_access(kept));
        sweep_for(&stage, 12, |_| ());
        assert!(!stage.world.has_leftovers(lost) && stage.world.has_access(kept), "{entitlement}");
    }
}
