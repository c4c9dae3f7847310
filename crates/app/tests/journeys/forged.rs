//! Whoever can only write to the table cannot approve by it: what a record says of approvals has to be sealed by the
//! function that approves, for exactly this.

use crate::engine::{Stage, block_on, start};
use stint_app::decide_request::Verdict;
use stint_app::submit_request::SubmitRequest;
use stint_domain::approval::ApprovalRule;
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_domain::narrowing::Narrowing;
use stint_domain::principal::Authentication;
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::seal::Seal;
use stint_domain::window::Window;

fn asked(stage: &Stage, entitlement: &str) -> RequestId {
    let ask = SubmitRequest { idempotency: None, ..Stage::ask(entitlement, "30m") };
    block_on(stage.submit("ana", ask)).unwrap().scope.request_id
}

/// Asked for and approved, and not given yet.
fn approved(stage: &Stage, entitlement: &str, by: &[&str]) -> RequestId {
    let id = asked(stage, entitlement);
    stage.run(id, &mut start());
    for who in by {
        block_on(stage.decide(who, id, Verdict::Approve)).unwrap();
    }
    id
}

/// Writes to the table what the domain would not.
fn tamper(stage: &Stage, id: RequestId, change: impl Fn(&mut AccessRequest)) {
    change(&mut stage.world.state().records.get_mut(&id).unwrap().request);
}

fn last(request: &mut AccessRequest) -> &mut Approval {
    match &mut request.state {
        RequestState::Approved { approval, .. } => approval,
        other => panic!("{other:?}"),
    }
}

/// The cause of the end, if access was not given.
fn refused(stage: &Stage, id: RequestId) -> Option<String> {
    let mut at = crate::engine::At::Grant;
    stage.run(id, &mut at);
    let given = stage.world.has_access(id);
    let actions = stage.world.actions(&id.to_string());
    assert_eq!(given, actions.contains(&"grant.activated".to_owned()), "{actions:?}");
    let events = stage.world.stream(&id.to_string());
    let cause = |text: &str| {
        let event: serde_json::Value = serde_json::from_str(text).unwrap();
        let cause = ["/detail/cause", "/detail/why/cause"].iter().find_map(|place| event.pointer(place));
        cause.and_then(|cause| cause.as_str()).map(str::to_owned)
    };
    let causes: Vec<_> = events.iter().filter_map(|(text, _)| cause(text)).collect();
    if given { None } else { Some(causes.first().cloned().unwrap_or_default()) }
}

fn of_one(change: impl Fn(&mut AccessRequest)) -> Option<String> {
    let stage = Stage::new();
    stage
        .world
        .state()
        .people
        .get_mut(&"cleo".parse().unwrap())
        .unwrap()
        .groups
        .extend(["platform-leads".parse().unwrap()]);
    let id = approved(&stage, "payments-read", &["ben"]);
    tamper(&stage, id, change);
    refused(&stage, id)
}

fn not_sealed() -> Option<String> {
    Some("not_sealed".to_owned())
}

fn person(name: &str, authentication: Authentication) -> Decider {
    Decider::Person { id: name.parse().unwrap(), name: name.to_owned(), authentication, origin: None }
}

#[test]
fn an_approval_is_of_exactly_what_was_sealed() {
    assert_eq!(of_one(|_| ()), None);
    assert_eq!(of_one(|request| last(request).comment = "fine".parse().ok()), None, "words grant nothing");
    assert_eq!(of_one(|request| last(request).seal = None), not_sealed());
    assert_eq!(of_one(|request| last(request).seal = Some(Seal::new("AQID".to_owned()))), not_sealed());
    let by = |by: Decider| move |request: &mut AccessRequest| last(request).by = by.clone();
    assert_eq!(of_one(by(person("cleo", Authentication::Token))), not_sealed());
    assert_eq!(of_one(by(person("ben", Authentication::MailLink))), not_sealed());
    let longer = |request: &mut AccessRequest| {
        request.scope.duration = "4h".parse().unwrap();
        last(request).scope_hash = request.scope.hash();
    };
    assert_eq!(of_one(longer), not_sealed());
}

#[test]
fn an_approval_of_less_is_not_made_one_of_all() {
    let given = |change: fn(&mut AccessRequest)| {
        let stage = Stage::new();
        let id = asked(&stage, "payments-read");
        stage.run(id, &mut start());
        let actions = Some(["dynamodb:GetItem".to_owned()].into());
        let narrowing = Narrowing { duration: Some("5m".parse().unwrap()), actions };
        block_on(stage.decide_with("ben", id, Verdict::Approve, narrowing)).unwrap();
        tamper(&stage, id, change);
        (refused(&stage, id), stage.request(id).allowance().access.actions().len())
    };
    assert_eq!(given(|_| ()), (None, 1));
    assert_eq!(given(|request| last(request).narrowing.actions = None).0, not_sealed());
    assert_eq!(given(|request| last(request).narrowing.duration = None).0, not_sealed());
}

#[test]
fn what_policy_is_said_to_have_approved_it_is_asked_again() {
    let by = Decider::Policy { policies: ["auto-approve-low-risk".to_owned()].into() };
    let forged = of_one(|request| last(request).by = by.clone());
    assert_eq!(forged.as_deref(), Some("not_approved_by_policy"));
}

#[test]
fn a_seal_is_good_for_one_request() {
    let stage = Stage::new();
    let [one, other] = [(); 2].map(|()| approved(&stage, "payments-read", &["ben"]));
    let seal = last(&mut stage.request(one)).seal.clone();
    assert!(seal.is_some() && seal != last(&mut stage.request(other)).seal);
    tamper(&stage, other, |request| last(request).seal.clone_from(&seal));
    assert_eq!(refused(&stage, other), not_sealed());
    assert_eq!(refused(&stage, one), None);
}

#[test]
fn whose_approval_it_takes_is_sealed_with_each() {
    let stage = Stage::new();
    let both = approved(&stage, "ledger-repair", &["gita", "hugo"]);
    assert_eq!(refused(&stage, both), None);
    let one = approved(&stage, "ledger-repair", &["gita"]);
    tamper(&stage, one, |request| {
        let RequestState::Pending(consultation) = &request.state else { panic!() };
        let (approval, approved_at) = (consultation.given[0].approval.clone(), consultation.given[0].at);
        let grant = GrantState::Scheduled;
        request.rule = ApprovalRule::default();
        request.state = RequestState::Approved {
            approval: approval.into(),
            earlier: Vec::new(),
            turns: Vec::new(),
            approved_at,
            grant,
        };
    });
    assert_eq!(refused(&stage, one), not_sealed());
}

/// A record can say that there has been an attempt already.
#[test]
fn nothing_is_given_again_that_was_never_approved() {
    let stage = Stage::new();
    let id = asked(&stage, "payments-read");
    stage.run(id, &mut start());
    let now = stint_app::ports::Surroundings::now(&stage.world);
    tamper(&stage, id, |request| {
        let approval = Approval::of(person("ben", Authentication::Token), request.scope.hash());
        let window = Window::opening(now, request.scope.duration).unwrap();
        let grant = GrantState::Activating { window, attempts: 1, last_attempt_at: now };
        request.state = RequestState::Approved {
            approval: approval.into(),
            earlier: Vec::new(),
            turns: Vec::new(),
            approved_at: now,
            grant,
        };
    });
    assert_eq!(refused(&stage, id), not_sealed());
}

/// Nor handed out because a record says that it is active.
#[test]
fn nothing_is_revealed_that_was_never_approved() {
    let revealed = |forged: bool| {
        let stage = Stage::new();
        let id = approved(&stage, "payments-repair", &["ben"]);
        assert_eq!(refused(&stage, id), None);
        if forged {
            tamper(&stage, id, |request| last(request).seal = None);
        }
        block_on(stage.reveal("ana", id)).is_ok()
    };
    assert!(revealed(false));
    assert!(!revealed(true));
}
