//! Approvals of several people: who is asked when, whose yes counts, and what happens when nobody passes the word on.

use crate::engine::{Stage, block_on, start};
use std::sync::LazyLock;
use stint_app::decide_request::{DecideError, DecideRequest, Verdict, decide_request};
use stint_app::ports::{SealError, Sealer};
use stint_app::submit_request::SubmitRequest;
use stint_domain::ids::{PrincipalId, RequestId};
use stint_domain::narrowing::Narrowing;
use stint_domain::principal::Authentication;
use stint_domain::request::{Decider, RequestState};
use stint_domain::seal::{Seal, Statement};
use stint_domain::transition::Refusal;
use stint_policy::PolicyBundle;
use stint_test_support::world::{Fault, Mode};

fn submitted(stage: &Stage, entitlement: &str) -> RequestId {
    let ask = SubmitRequest { idempotency: None, ..Stage::ask(entitlement, "15m") };
    block_on(stage.submit("ana", ask)).unwrap().scope.request_id
}

fn says_yes(stage: &Stage, who: &str, id: RequestId) -> Result<&'static str, DecideError> {
    block_on(stage.decide(who, id, Verdict::Approve)).map(|request| request.state.name())
}

/// Who has had a mail about it, in their order.
fn asked(stage: &Stage) -> Vec<String> {
    let inbox = &stage.world.state().inbox;
    inbox.iter().map(|mail| mail.to.replace("@example.com", "")).collect()
}

fn is_active(stage: &Stage, id: RequestId) -> bool {
    stage.request(id).grant().is_some_and(|grant| grant.name() == "ACTIVE")
}

fn not_asked(said: Result<&'static str, DecideError>) -> bool {
    matches!(said, Err(DecideError::Refused(Refusal::NotAsked { .. }, _)))
}

#[test]
fn first_the_manager_is_asked_and_then_the_owner() {
    let (stage, mut at) = (Stage::new(), start());
    let id = submitted(&stage, "payments-export");
    stage.run(id, &mut at);
    assert_eq!(asked(&stage), ["iris"]);
    assert!(not_asked(says_yes(&stage, "ben", id)));
    assert_eq!(says_yes(&stage, "iris", id).unwrap(), "PENDING");
    stage.run(id, &mut at);
    assert_eq!(asked(&stage), ["iris", "ben"]);
    assert_eq!(says_yes(&stage, "ben", id).unwrap(), "APPROVED");
    stage.run(id, &mut at);
    assert!(is_active(&stage, id));
    let actions = stage.world.actions(&id.to_string());
    let expected = [
        "request.submitted",
        "request.approvers_notified",
        "request.action_refused",
        "request.approval_given",
        "request.approvers_notified",
        "request.approved",
        "grant.activation_started",
        "grant.activated",
    ];
    assert_eq!(actions, expected);
}

#[test]
fn two_of_a_group_are_asked_side_by_side_and_each_is_asked_once() {
    let (stage, mut at) = (Stage::new(), start());
    let id = submitted(&stage, "ledger-repair");
    stage.run(id, &mut at);
    assert_eq!(asked(&stage), ["gita", "hugo"]);
    assert_eq!(says_yes(&stage, "hugo", id).unwrap(), "PENDING");
    assert_eq!(says_yes(&stage, "hugo", id).unwrap(), "PENDING");
    stage.run(id, &mut at);
    assert!(!is_active(&stage, id));
    assert_eq!(says_yes(&stage, "gita", id).unwrap(), "APPROVED");
    stage.run(id, &mut at);
    assert!(is_active(&stage, id));
    assert_eq!(asked(&stage), ["gita", "hugo"]);
}

#[test]
fn one_of_them_can_say_no_for_all() {
    let (stage, mut at) = (Stage::new(), start());
    let id = submitted(&stage, "ledger-repair");
    stage.run(id, &mut at);
    says_yes(&stage, "hugo", id).unwrap();
    assert_eq!(block_on(stage.decide("gita", id, Verdict::Deny)).unwrap().state.name(), "DENIED");
    stage.run(id, &mut at);
    assert!(!is_active(&stage, id));
}

/// The workflow was not told that a step is complete: the sweep tells it, and the next are asked.
#[test]
fn whoever_is_next_is_asked_though_the_word_was_lost() {
    let (stage, mut at) = (Stage::new(), start());
    let id = submitted(&stage, "payments-export");
    stage.run(id, &mut at);
    // Her yes is the first call, telling the workflow the second.
    stage.world.arm([Fault { call: 2, mode: Mode::Throttled }]);
    assert_eq!(says_yes(&stage, "iris", id).unwrap(), "PENDING");
    stage.run(id, &mut at);
    assert_eq!(asked(&stage), ["iris"], "nobody has heard of it");
    stage.world.pass(60);
    stage.sweep("sweep");
    stage.run(id, &mut at);
    assert_eq!(asked(&stage), ["iris", "ben"]);
    stage.world.pass(60);
    stage.sweep("sweep");
    stage.run(id, &mut at);
    assert_eq!(asked(&stage), ["iris", "ben"], "and once only");
}

/// Takes something of the directory away between the last yes and the grant.
fn given_after(change: impl Fn(&Stage)) -> bool {
    let (stage, mut at) = (Stage::new(), start());
    let id = submitted(&stage, "payments-export");
    stage.run(id, &mut at);
    says_yes(&stage, "iris", id).unwrap();
    stage.run(id, &mut at);
    says_yes(&stage, "ben", id).unwrap();
    change(&stage);
    stage.run(id, &mut at);
    is_active(&stage, id)
}

#[test]
fn every_one_of_them_has_to_count_still_when_access_is_given() {
    let id = |name: &str| name.parse::<PrincipalId>().unwrap();
    assert!(given_after(|_| ()));
    let of_ana = |manager: Option<&str>| {
        let manager = manager.map(id);
        move |stage: &Stage| {
            stage.world.state().people.get_mut(&id("ana")).unwrap().manager.clone_from(&manager);
        }
    };
    assert!(!given_after(of_ana(Some("cleo"))), "Iris is not the manager any more");
    assert!(!given_after(of_ana(None)));
    // She may still approve, as one of those who are asked in the other step, and does not count in her own.
    let moved_on = |stage: &Stage| {
        of_ana(Some("cleo"))(stage);
        let leads = "platform-leads".parse().unwrap();
        stage.world.state().people.get_mut(&id("iris")).unwrap().groups.insert(leads);
    };
    assert!(!given_after(moved_on));
    assert!(!given_after(|stage| drop(stage.world.state().people.remove(&id("iris")))));
    assert!(!given_after(|stage| stage.world.state().people.get_mut(&id("ben")).unwrap().groups.clear()));
}

#[test]
fn what_too_few_could_approve_lapses_at_once_and_says_so() {
    let lapsed = |entitlement: &str, without: &str| {
        let (stage, mut at) = (Stage::new(), start());
        let without: PrincipalId = without.parse().unwrap();
        stage.world.state().people.remove(&without);
        let id = submitted(&stage, entitlement);
        stage.run(id, &mut at);
        serde_json::to_value(&stage.request(id).state).unwrap()["because"].clone()
    };
    assert_eq!(lapsed("ledger-repair", "gita"), "too_few_may_decide");
    assert_eq!(lapsed("payments-export", "iris"), serde_json::Value::Null, "her step can be passed over");
    assert_eq!(lapsed("payments-export", "cleo"), serde_json::Value::Null);
}

/// What was mailed may have been forwarded, or be read by others.
#[test]
fn a_critical_request_is_decided_by_whoever_has_signed_in_and_not_by_a_link_alone() {
    let stage = Stage::new();
    let id = submitted(&stage, "ledger-repair");
    stage.run(id, &mut start());
    for verdict in [Verdict::Approve, Verdict::Deny] {
        let by_link = block_on(stage.click("gita@example.com", verdict)).unwrap_err();
        assert!(matches!(by_link, DecideError::NotSignedIn), "{by_link:?}");
    }
    assert_eq!(stage.request(id).approvals().count(), 0);
    let signed_in = block_on(stage.decide("gita", id, Verdict::Approve)).unwrap();
    assert_eq!(signed_in.approvals().count(), 1);
    let usual = submitted(&stage, "payments-read");
    stage.run(usual, &mut start());
    assert_eq!(block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap().state.name(), "APPROVED");
}

/// However it has come to stand in the record.
#[test]
fn an_approval_of_something_critical_by_a_link_alone_gives_nothing() {
    for (authentication, given) in [(Authentication::MailLink, false), (Authentication::Token, true)] {
        let stage = Stage::new();
        let id = submitted(&stage, "ledger-repair");
        let mut at = start();
        stage.run(id, &mut at);
        for who in ["gita", "hugo"] {
            block_on(stage.decide(who, id, Verdict::Approve)).unwrap();
        }
        let mut request = stage.request(id);
        let RequestState::Approved { approval, .. } = &mut request.state else { panic!() };
        let Decider::Person { authentication: by, .. } = &mut approval.by else { panic!() };
        *by = authentication;
        let statement = request.clone().given().last().and_then(|(step, last)| request.statement(step, last));
        let RequestState::Approved { approval, .. } = &mut request.state else { panic!() };
        approval.seal = Some(block_on(stage.world.seal(&statement.unwrap())).unwrap());
        stage.world.state().records.get_mut(&id).unwrap().request = request;
        stage.run(id, &mut at);
        assert_eq!(stage.world.has_access(id), given, "{authentication:?}");
    }
}

/// Seals, and lets somebody else say yes meanwhile.
struct Crossing<'s>(&'s Stage, RequestId);

impl Sealer for Crossing<'_> {
    async fn seal(&self, statement: &Statement) -> Result<Seal, SealError> {
        let Self(stage, id) = self;
        if !stage.request(*id).has_approved(&"iris".parse().unwrap()) {
            stage.decide("iris", *id, Verdict::Approve).await.unwrap();
        }
        stage.world.seal(statement).await
    }
}

/// Ben counts in both steps.
#[test]
fn a_yes_that_comes_second_is_sealed_in_the_step_that_it_then_counts_in() {
    const CATALOG: &str = r#"{ "entitlement": [{
        "id": "thing", "title": "Thing", "description": "A thing.", "risk": "low",
        "access": { "kind": "ephemeral_iam_user", "permissions": [] }, "max_duration": "12h", "decide_within": "1h",
        "requesters": ["engineers"], "approval": [{ "manager": true, "groups": ["platform-leads"] },
                                                  { "groups": ["platform-leads"] }]
    }] }"#;
    static POLICY: LazyLock<PolicyBundle> = LazyLock::new(|| {
        let permit = |action: &str| {
            format!(
                r#"@id("{action}") @reason("x") permit (principal, action == Stint::Action::"{action}", resource);"#
            )
        };
        PolicyBundle::from_sources(CATALOG, &(permit("request") + &permit("approve"))).unwrap()
    });
    let (stage, mut at) = (Stage { policy: &POLICY, ..Stage::new() }, start());
    let id = submitted(&stage, "thing");
    stage.run(id, &mut at);
    let (world, crossing) = (&stage.world, Crossing(&stage, id));
    let ask = DecideRequest {
        request_id: id,
        verdict: Verdict::Approve,
        comment: None,
        shown: None,
        narrowing: Narrowing::default(),
    };
    let ben = Stage::caller("ben");
    block_on(decide_request(world, world, (world, &crossing), stage.policy, world, &ben, ask)).unwrap();
    let steps: Vec<_> =
        stage.request(id).given().map(|(step, given)| (step, given.by.name().to_owned())).collect();
    assert_eq!(steps, [(0, "Iris".to_owned()), (1, "Ben".to_owned())]);
    stage.run(id, &mut at);
    assert!(is_active(&stage, id), "and both seals hold");
}
