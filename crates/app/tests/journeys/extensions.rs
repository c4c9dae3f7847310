//! A grant lasts longer than was agreed at first, because that was agreed, too.

use crate::engine::{At, Stage, invoke, start};
use crate::refusals::system_actions;
use stint_app::decide_request::Verdict;
use stint_app::submit_request::{SubmitError, SubmitRequest};
use stint_domain::grant::{EndedBy, GrantState};
use stint_domain::ids::RequestId;
use stint_domain::narrowing::Narrowing;
use stint_domain::request::RequestState;

const HALF_AN_HOUR: i64 = 30 * 60;

/// Asked for, approved and active; with where its execution is.
fn active(stage: &Stage) -> (RequestId, At) {
    approved(stage, Stage::ask("payments-read", "30m"))
}

fn approved(stage: &Stage, ask: SubmitRequest) -> (RequestId, At) {
    let (id, mut at) = asked(stage, ask);
    invoke(stage.click("ben@example.com", Verdict::Approve)).unwrap().unwrap();
    stage.run(id, &mut at);
    (id, at)
}

fn asked(stage: &Stage, ask: SubmitRequest) -> (RequestId, At) {
    let id = invoke(stage.submit("ana", ask)).unwrap().unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    (id, at)
}

fn extension(id: RequestId) -> SubmitRequest {
    Stage::extend("payments-read", "30m", id)
}

fn ended_by(stage: &Stage, id: RequestId) -> Option<EndedBy> {
    match stage.request(id).grant() {
        Some(GrantState::Ended { ended_by, .. }) => Some(*ended_by),
        _ => None,
    }
}

#[test]
fn an_extension_asks_for_what_approvers_have_left_and_no_more() {
    let stage = Stage::new();
    let (id, mut at) = asked(&stage, Stage::ask("payments-read", "30m"));
    let actions = Some(["dynamodb:GetItem".to_owned()].into());
    let narrowing = Narrowing { duration: None, actions };
    invoke(stage.decide_with("ben", id, Verdict::Approve, narrowing)).unwrap().unwrap();
    stage.run(id, &mut at);
    let (more, _) = asked(&stage, extension(id));
    assert_eq!(stage.request(id).scope.access.actions().len(), 2);
    assert_eq!(stage.request(more).scope.access, stage.request(id).allowance().access);
}

#[test]
fn an_extended_grant_works_until_its_later_end_and_is_gone_after_it() {
    let stage = Stage::new();
    let (id, mut at) = active(&stage);
    let (more, mut at_more) = approved(&stage, extension(id));
    assert_eq!((ended_by(&stage, more), &at_more), (Some(EndedBy::Extended), &At::Succeeded));
    stage.world.pass(HALF_AN_HOUR);
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id), "its execution has come back to wait");
    assert!(matches!(at, At::AccessWindow { .. }));
    stage.world.pass(HALF_AN_HOUR);
    assert!(!stage.world.has_access(id), "by its date");
    stage.run(id, &mut at);
    stage.run(more, &mut at_more);
    assert_eq!((ended_by(&stage, id), at), (Some(EndedBy::Expired), At::Succeeded));
    assert!(stage.world.state().target.is_empty());
}

#[test]
fn an_extension_that_is_denied_or_cancelled_adds_nothing() {
    let stage = Stage::new();
    let (id, mut at) = active(&stage);
    let (more, _) = asked(&stage, extension(id));
    invoke(stage.click("ben@example.com", Verdict::Deny)).unwrap().unwrap();
    stage.world.pass(HALF_AN_HOUR);
    stage.run(id, &mut at);
    assert!(matches!(stage.request(more).state, RequestState::Denied { .. }));
    assert_eq!((ended_by(&stage, id), stage.world.has_access(id)), (Some(EndedBy::Expired), false));
}

#[test]
fn an_extension_that_is_approved_after_its_grant_has_ended_gives_nothing_back() {
    let stage = Stage::new();
    let (id, mut at) = active(&stage);
    let (more, mut at_more) = asked(&stage, extension(id));
    invoke(stage.give_back("ana", id)).unwrap().unwrap();
    stage.expire_as_asked();
    invoke(stage.click("ben@example.com", Verdict::Approve)).unwrap().unwrap();
    stage.run(more, &mut at_more);
    assert!(!stage.world.has_access(id) && !stage.world.has_access(more));
    assert_eq!(ended_by(&stage, more), Some(EndedBy::Expired));
    let actions = stage.world.actions(&id.to_string());
    assert!(!actions.contains(&"grant.extended".to_owned()), "{actions:?}");
    stage.run(id, &mut at);
    assert!(stage.world.state().target.is_empty());
}

#[test]
fn a_target_that_could_not_be_dated_anew_is_dated_when_the_grants_own_execution_comes_by() {
    let stage = Stage::new();
    let (id, mut at) = active(&stage);
    stage.world.state().target_is_down = true;
    let (more, _) = approved(&stage, extension(id));
    assert_eq!(ended_by(&stage, more), Some(EndedBy::Extended), "its time has gone over");
    stage.world.state().target_is_down = false;
    stage.world.pass(HALF_AN_HOUR);
    assert!(!stage.world.has_access(id), "the target knows of the first end only");
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id) && matches!(at, At::AccessWindow { .. }));
}

#[test]
fn an_extension_has_to_be_decided_before_what_it_extends_ends() {
    let stage = Stage::new();
    let (id, _) = active(&stage);
    let (more, _) = asked(&stage, extension(id));
    let ends_at = stage.request(id).grant().and_then(GrantState::window).unwrap().ends_at();
    assert_eq!(stage.request(more).decide_by, ends_at);
}

#[test]
fn only_an_active_grant_of_ones_own_and_of_the_same_entitlement_is_extended() {
    let stage = Stage::new();
    let (id, _) = approved(&stage, Stage::ask("payments-repair", "30m"));
    let groups = stage.world.state().people[&"ana".parse().unwrap()].groups.clone();
    stage.world.state().people.get_mut(&"eva".parse().unwrap()).unwrap().groups = groups;
    let extension = |id| Stage::extend("payments-repair", "30m", id);
    let unknown = RequestId::new(uuid::Uuid::from_u128(7));
    for (who, ask) in [
        ("eva", extension(id)),
        ("ana", Stage::extend("payments-read", "30m", id)),
        ("ana", extension(unknown)),
    ] {
        let said = invoke(stage.submit(who, ask)).unwrap();
        assert!(matches!(said, Err(SubmitError::NothingToExtend)), "{who}: {said:?}");
    }
    assert!(invoke(stage.submit("ana", extension(id))).unwrap().is_ok());
    stage.world.pass(HALF_AN_HOUR);
    let late = SubmitRequest { idempotency: None, ..extension(id) };
    let said = invoke(stage.submit("ana", late)).unwrap();
    assert!(matches!(said, Err(SubmitError::NothingToExtend)), "after its end");
    let refused = system_actions(&stage).into_iter().filter(|action| action == "request.refused");
    assert_eq!(refused.count(), 4, "each stands in the audit");
}
