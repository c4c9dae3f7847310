//! What is refused: nothing changes but the audit; and beside every refusal, the same thing allowed.

use crate::engine::{Stage, block_on, start};
use stint_app::decide_request::{DecideError, Verdict};
use stint_app::failure::Missing;
use stint_app::submit_request::{IdempotencyClaim, SubmitError, SubmitRequest};
use stint_app::withdraw::{WithdrawError, cancel_request};
use stint_domain::ids::RequestId;
use stint_domain::transition::Refusal;

fn submitted(stage: &Stage) -> RequestId {
    let id = block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    id
}

pub(crate) fn system_actions(stage: &Stage) -> Vec<String> {
    let state = stage.world.state();
    state
        .events
        .values()
        .filter(|e| e.event.stream.starts_with("system-"))
        .map(|e| e.event.action.clone())
        .collect()
}

#[test]
fn an_entitlement_that_is_unknown_and_one_that_is_not_for_you_look_the_same_and_are_audited() {
    let stage = Stage::new();
    for (who, entitlement) in [
        ("ana", "no-such-thing"),
        ("ana", "ledger-root"),
        ("dora", "payments-read"),
        ("nobody", "payments-read"),
    ] {
        let error = block_on(stage.submit(who, Stage::ask(entitlement, "30m"))).unwrap_err();
        // Reasons would tell that there is such a thing.
        assert!(
            matches!(error, SubmitError::NotAllowed { reasons } if reasons.is_empty()),
            "{who} {entitlement}"
        );
    }
    assert_eq!(system_actions(&stage), ["request.refused"; 4]);
    assert!(stage.world.state().records.is_empty());
    assert!(block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).is_ok());
}

#[test]
fn what_cannot_be_asked_of_anything_is_said_whether_or_not_there_is_such_a_thing() {
    let stage = Stage::new();
    let later = "2027-01-01T00:00:00Z".parse().ok();
    let grant = submitted(&stage).grant_id();
    for entitlement in ["payments-repair", "ledger-root", "no-such-thing"] {
        let ask = || SubmitRequest { idempotency: None, break_glass: true, ..Stage::ask(entitlement, "10m") };
        let field = |ask: SubmitRequest| match block_on(stage.submit("cleo", ask)) {
            Err(SubmitError::BadInput(bad)) => bad.field,
            other => panic!("{entitlement}: {other:?}"),
        };
        assert_eq!(field(SubmitRequest { starts_at: later, ..ask() }), "starts_at", "{entitlement}");
        assert_eq!(field(SubmitRequest { extends: Some(grant), ..ask() }), "break_glass", "{entitlement}");
        assert!(matches!(block_on(stage.submit("cleo", ask())), Err(SubmitError::NotAllowed { .. })));
    }
}

#[test]
fn whoever_may_ask_for_it_in_other_circumstances_is_told_why_not_in_these() {
    let stage = Stage::new();
    let asked = |ticket: Option<&str>| {
        let ticket = ticket.map(|ticket| ticket.parse().unwrap());
        block_on(stage.submit(
            "dora",
            SubmitRequest { ticket, idempotency: None, ..Stage::ask("build-logs-read", "30m") },
        ))
    };
    let Err(SubmitError::NotAllowed { reasons }) = asked(None) else { panic!("without a ticket") };
    let reasons: Vec<_> = reasons.iter().map(|why| (why.policy.as_deref(), why.reason.as_str())).collect();
    assert_eq!(reasons, [(Some("ticket-for-contractors"), "contractors need a ticket")]);
    assert!(asked(Some("OPS-1")).is_ok());
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let stage = Stage::new();
    let ask = SubmitRequest { dry_run: true, ..Stage::ask("payments-read", "30m") };
    assert_eq!(block_on(stage.submit("ana", ask)).unwrap().state.name(), "PENDING");
    assert!(stage.world.state().records.is_empty() && stage.world.state().events.is_empty());
}

#[test]
fn the_same_key_makes_one_request_and_another_body_under_it_is_refused() {
    let stage = Stage::new();
    let first = submitted(&stage);
    assert_eq!(
        block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id,
        first
    );
    let other = IdempotencyClaim::new("key-1", "another body").unwrap();
    let reused = SubmitRequest { idempotency: Some(other), ..Stage::ask("payments-read", "1h") };
    assert!(matches!(block_on(stage.submit("ana", reused)), Err(SubmitError::KeyReused)));
    stage.world.pass(24 * 3600);
    assert_ne!(
        block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id,
        first
    );
}

#[test]
fn only_whom_policy_lets_decides_and_every_other_try_is_in_the_requests_stream() {
    let stage = Stage::new();
    let id = submitted(&stage);
    for who in ["ana", "cleo", "dora", "nightly-report", "stranger"] {
        let error = block_on(stage.decide(who, id, Verdict::Approve)).unwrap_err();
        assert!(
            matches!(error, DecideError::NotAllowed { .. } | DecideError::Refused(Refusal::SelfApproval, _)),
            "{who}"
        );
    }
    assert_eq!(stage.request(id).state.name(), "PENDING");
    let refused =
        stage.world.actions(&id.to_string()).iter().filter(|a| *a == "request.action_refused").count();
    assert_eq!(refused, 5);
    assert_eq!(block_on(stage.decide("ben", id, Verdict::Approve)).unwrap().state.name(), "APPROVED");
}

#[test]
fn the_second_decider_learns_that_it_is_decided_and_changes_nothing() {
    let stage = Stage::new();
    let id = submitted(&stage);
    block_on(stage.click("ben@example.com", Verdict::Deny)).unwrap();
    assert!(block_on(stage.click("ben@example.com", Verdict::Deny)).is_ok(), "saying it again is no error");
    let late = block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap_err();
    assert!(matches!(late, DecideError::Refused(Refusal::AlreadyDecided { state: "DENIED" }, _)));
    assert_eq!(stage.request(id).state.name(), "DENIED");
}

#[test]
fn an_approver_who_has_left_the_group_since_the_mail_cannot_use_its_link() {
    let stage = Stage::new();
    submitted(&stage);
    let mut groups = std::collections::BTreeSet::new();
    let swap = |groups: &mut _| {
        let mut state = stage.world.state();
        std::mem::swap(&mut state.people.get_mut(&"ben".parse().unwrap()).unwrap().groups, groups);
    };
    swap(&mut groups);
    assert!(matches!(
        block_on(stage.click("ben@example.com", Verdict::Approve)),
        Err(DecideError::NotAllowed { .. })
    ));
    swap(&mut groups);
    assert!(block_on(stage.click("ben@example.com", Verdict::Approve)).is_ok());
}

#[test]
fn somebody_elses_request_does_not_exist_for_you() {
    let stage = Stage::new();
    let id = submitted(&stage);
    let world = &stage.world;
    let cancel = |who| block_on(cancel_request(world, world, world, &Stage::caller(who), id));
    assert!(matches!(cancel("dora"), Err(WithdrawError::Missing(Missing::NotFound))));
    assert_eq!(cancel("ana").unwrap().state.name(), "CANCELLED");
}

#[test]
fn a_start_in_the_past_or_a_life_over_a_year_is_refused() {
    let stage = Stage::new();
    let starting = |at: &str| {
        let ask = SubmitRequest {
            starts_at: at.parse().ok(),
            idempotency: None,
            ..Stage::ask("payments-read", "30m")
        };
        block_on(stage.submit("ana", ask))
    };
    assert!(matches!(starting("2020-01-01T00:00:00Z"), Err(SubmitError::StartInThePast)));
    assert!(matches!(starting("2099-01-01T00:00:00Z"), Err(SubmitError::TooFarAhead)));
    let soon = stint_app::ports::Surroundings::now(&stage.world)
        .to_string()
        .replace("2026", "2027")
        .replace("-11-22", "-03-01");
    assert!(starting(&soon).is_ok(), "{soon}");
}

#[test]
fn what_the_target_could_not_take_is_not_even_asked_about() {
    let stage = Stage::new();
    let ask = || Stage::ask("payments-read", "30m");
    stage.world.state().full.insert("ana".to_owned());
    assert!(matches!(block_on(stage.submit("ana", ask())), Err(SubmitError::NoRoom)));
    let users = std::mem::take(&mut stage.world.state().users);
    assert!(matches!(block_on(stage.submit("ana", ask())), Err(SubmitError::NotEnrolled)));
    assert!(stage.world.state().records.is_empty() && stage.world.state().executions.is_empty());
    assert_eq!(system_actions(&stage), ["request.refused"; 2]);

    stage.world.state().users = users;
    stage.world.state().full.clear();
    assert!(block_on(stage.submit("ana", ask())).is_ok());
}
