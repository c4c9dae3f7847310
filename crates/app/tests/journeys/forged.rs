//! Whoever can only write to the table cannot approve by it: what a record says of approvals has to be sealed by the
//! function that approves, for exactly this.

use crate::engine::{Stage, block_on, start};
use jiff::{SignedDuration, Timestamp};
use stint_app::decide_request::Verdict;
use stint_app::open_link::open_link;
use stint_app::submit_request::SubmitRequest;
use stint_domain::access::Access;
use stint_domain::approval::ApprovalRule;
use stint_domain::entitlement::Permission;
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_domain::link::{ApprovalLink, LinkHash};
use stint_domain::narrowing::Narrowing;
use stint_domain::principal::Authentication;
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::seal::Seal;
use stint_domain::window::{Window, whole_second};

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
        let (mut approval, approved_at) = (consultation.given[0].approval.clone(), consultation.given[0].at);
        let grant = GrantState::Scheduled;
        request.scope.rule = ApprovalRule::default();
        approval.scope_hash = request.scope.hash();
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

/// Sessions of a role are made of what the record says.
#[test]
fn nothing_is_handed_out_but_exactly_what_was_approved() {
    let revealed = |change: fn(&mut AccessRequest)| {
        let stage = Stage::new();
        let id = approved(&stage, "incident-read", &["ben"]);
        stage.run(id, &mut crate::engine::At::Grant);
        tamper(&stage, id, change);
        block_on(stage.reveal("ana", id)).is_ok()
    };
    assert!(revealed(|_| ()));
    let more = |request: &mut AccessRequest| {
        let Access::RoleSession { permissions, .. } = &mut request.scope.access else { panic!() };
        permissions[0].actions.insert("dynamodb:DeleteTable".to_owned());
    };
    assert!(!revealed(more));
    assert!(!revealed(
        |request| request.scope.rule = ApprovalRule::try_from(vec![Default::default(); 2]).unwrap()
    ));
}

/// Whoever approved it has left meanwhile, and the record says that there has been an attempt, or that its end is moved.
#[test]
fn a_record_does_not_keep_those_who_approved_from_being_asked_for_again() {
    let given = |leaves: bool, grant: fn(Window, Timestamp) -> GrantState| {
        let stage = Stage::new();
        let id = approved(&stage, "payments-read", &["ben"]);
        if leaves {
            stage.world.state().people.get_mut(&"ben".parse().unwrap()).unwrap().groups.clear();
        }
        let forged = grant(window(&stage, 0, 1_800), now(&stage));
        tamper(&stage, id, |request| {
            let RequestState::Approved { grant, .. } = &mut request.state else { panic!() };
            *grant = forged.clone();
        });
        let mut at = crate::engine::At::Grant;
        stage.run(id, &mut at);
        stage.world.has_access(id)
    };
    let activating = |window, at| GrantState::Activating { window, attempts: 1, last_attempt_at: at };
    assert!(given(false, activating));
    assert!(!given(true, activating));
    let moving = |window, at| GrantState::Active {
        window,
        activated_at: at,
        settles_at: at,
        dating: stint_domain::grant::Dating::Moving { from: window },
        altered: None,
        extended_by: Default::default(),
    };
    assert!(!given(true, moving));
    assert!(!given(false, moving), "nothing has extended it");
}

fn permissions(request: &AccessRequest) -> Vec<Permission> {
    request.scope.access.permissions().to_vec()
}

/// Policy approves the one at once, and nobody has to be fooled for that.
#[test]
fn policy_answers_for_what_the_catalog_says_and_for_nothing_else_that_a_record_does() {
    let given = |change: fn(&mut AccessRequest)| {
        let stage = Stage::new();
        let id = asked(&stage, "build-logs-read");
        tamper(&stage, id, |request| {
            change(request);
            last(request).scope_hash = request.scope.hash();
        });
        refused(&stage, id)
    };
    assert_eq!(given(|_| ()), None);
    let fewer = |request: &mut AccessRequest| {
        let action = permissions(request)[0].actions.first().cloned();
        request.scope.access = request.scope.access.clone().narrowed(&action.into_iter().collect());
    };
    assert_eq!(given(fewer), None, "less is part of it");
    let not_by_policy = Some("not_approved_by_policy".to_owned());
    let more = |request: &mut AccessRequest| {
        let mut permissions = permissions(request);
        permissions[0].actions.insert("dynamodb:DeleteTable".to_owned());
        request.scope.access =
            Access::IamUserElevation { user: "ana".parse().unwrap(), permissions, account: None };
    };
    assert_eq!(given(more), not_by_policy);
    let elsewhere = |request: &mut AccessRequest| {
        let mut permissions = permissions(request);
        permissions[0].resources = ["arn:aws:dynamodb:*:*:table/payments".to_owned()].into();
        request.scope.access =
            Access::IamUserElevation { user: "ana".parse().unwrap(), permissions, account: None };
    };
    assert_eq!(given(elsewhere), not_by_policy);
    let another = |request: &mut AccessRequest| {
        let permissions = permissions(request);
        request.scope.access =
            Access::IamUserElevation { user: "root".parse().unwrap(), permissions, account: None };
    };
    assert_eq!(given(another), not_by_policy);
    let of_its_own = |request: &mut AccessRequest| {
        let permissions = permissions(request);
        request.scope.access = Access::EphemeralIamUser { permissions, account: None };
    };
    assert_eq!(given(of_its_own), not_by_policy);
}

#[test]
fn an_emergency_is_reviewed_by_those_whom_the_catalog_names() {
    let given = |change: fn(&mut AccessRequest)| {
        let stage = Stage::new();
        let ask =
            SubmitRequest { idempotency: None, break_glass: true, ..Stage::ask("payments-repair", "15m") };
        let id = block_on(stage.submit("eva", ask)).unwrap().scope.request_id;
        tamper(&stage, id, |request| {
            change(request);
            last(request).scope_hash = request.scope.hash();
        });
        refused(&stage, id)
    };
    assert_eq!(given(|_| ()), None);
    let by_others = |request: &mut AccessRequest| {
        request.scope.break_glass.as_mut().unwrap().reviewers = ["engineers".parse().unwrap()].into();
    };
    assert_eq!(given(by_others).as_deref(), Some("not_approved_by_policy"));
    let next_year = |request: &mut AccessRequest| {
        request.scope.break_glass.as_mut().unwrap().within = "300h".parse().unwrap();
    };
    assert_eq!(given(next_year).as_deref(), Some("not_approved_by_policy"));
}

fn window(stage: &Stage, from_now: i64, seconds: i64) -> Window {
    let at = |offset| whole_second(now(stage)) + SignedDuration::from_secs(offset);
    Window::between(at(from_now), at(from_now + seconds)).unwrap()
}

fn now(stage: &Stage) -> Timestamp {
    stint_app::ports::Surroundings::now(&stage.world)
}

/// A record can say that there has been an attempt already, and until when it is to last.
#[test]
fn nobody_has_longer_than_was_approved_whatever_window_the_record_says() {
    let given = |from_now: i64, seconds: i64| {
        let stage = Stage::new();
        let id = approved(&stage, "payments-read", &["ben"]);
        let (window, at) = (window(&stage, from_now, seconds), now(&stage));
        tamper(&stage, id, |request| {
            let RequestState::Approved { grant, .. } = &mut request.state else { panic!() };
            *grant = GrantState::Activating { window, attempts: 1, last_attempt_at: at };
        });
        refused(&stage, id)
    };
    assert_eq!(given(0, 1_800), None);
    assert_eq!(given(0, 1_801), not_sealed());
    assert_eq!(given(0, 364 * 86_400), not_sealed());
    assert_eq!(given(86_400, 1_800), not_sealed(), "nor later");
}

#[test]
fn nobody_has_it_before_the_start_that_was_approved() {
    let given = |early: i64| {
        let stage = Stage::new();
        let starts_at = whole_second(now(&stage)) + SignedDuration::from_secs(600);
        let ask = SubmitRequest {
            idempotency: None,
            starts_at: Some(starts_at),
            ..Stage::ask("payments-read", "30m")
        };
        let id = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
        stage.run(id, &mut start());
        block_on(stage.decide("ben", id, Verdict::Approve)).unwrap();
        let (window, at) = (window(&stage, 600 - early, 1_800), now(&stage));
        tamper(&stage, id, |request| {
            let RequestState::Approved { grant, .. } = &mut request.state else { panic!() };
            *grant = GrantState::Activating { window, attempts: 1, last_attempt_at: at };
        });
        refused(&stage, id)
    };
    assert_eq!(given(0), None);
    assert_eq!(given(600), not_sealed());
}

/// The extension is genuine, and what it extends is not, or the other way round.
#[test]
fn an_extension_gives_more_time_of_what_was_approved_and_of_nothing_else() {
    let extended = |change: fn(&mut AccessRequest), of_the_extension: bool| {
        let stage = Stage::new();
        let id = approved(&stage, "payments-read", &["ben"]);
        assert_eq!(refused(&stage, id), None);
        let more = SubmitRequest {
            idempotency: None,
            extends: Some(id.grant_id()),
            ..Stage::ask("payments-read", "15m")
        };
        let extension = block_on(stage.submit("ana", more)).unwrap().scope.request_id;
        stage.run(extension, &mut start());
        block_on(stage.decide("ben", extension, Verdict::Approve)).unwrap();
        tamper(&stage, if of_the_extension { extension } else { id }, |request| {
            change(request);
            last(request).scope_hash = request.scope.hash();
        });
        let mut at = crate::engine::At::Grant;
        stage.run(extension, &mut at);
        stage.world.pass(60);
        stage.sweep("what is ending is ended");
        let ends = |id| stage.request(id).grant().and_then(GrantState::window).map(Window::seconds);
        (ends(id), stage.world.has_access(id))
    };
    assert_eq!(extended(|_| (), true), (Some(45 * 60), true));
    let longer = |request: &mut AccessRequest| request.scope.duration = "8h".parse().unwrap();
    assert_eq!(extended(longer, true), (Some(30 * 60), true), "what she has already stays hers");
    let unsealed = |request: &mut AccessRequest| last(request).seal = None;
    assert_eq!(extended(unsealed, true), (Some(30 * 60), true));
    assert!(!extended(unsealed, false).1, "nobody can be shown to have approved what would be extended");
    let more = |request: &mut AccessRequest| {
        let mut permissions = permissions(request);
        permissions[0].actions.insert("dynamodb:DeleteTable".to_owned());
        request.scope.access =
            Access::IamUserElevation { user: "ana".parse().unwrap(), permissions, account: None };
    };
    assert_eq!(extended(more, false), (Some(30 * 60), true), "what lies at the target stays as it is");
}

/// Active, with a window that says it has been extended.
#[test]
fn what_is_active_is_handed_out_for_no_longer_than_its_extensions_prove() {
    let revealed = |seconds: i64, by: fn(RequestId) -> Vec<RequestId>| {
        let stage = Stage::new();
        let id = approved(&stage, "payments-repair", &["ben"]);
        assert_eq!(refused(&stage, id), None);
        let longer = window(&stage, 0, seconds);
        tamper(&stage, id, |request| {
            let RequestState::Approved { grant: GrantState::Active { window, extended_by, .. }, .. } =
                &mut request.state
            else {
                panic!()
            };
            (*window, *extended_by) = (longer, by(id).into_iter().collect());
        });
        block_on(stage.reveal("ana", id)).is_ok()
    };
    assert!(revealed(30 * 60, |_| Vec::new()));
    assert!(!revealed(31 * 60, |_| Vec::new()));
    assert!(!revealed(60 * 60, |id| vec![id]), "a grant does not extend itself");
    assert!(!revealed(60 * 60, |_| vec![RequestId::new(uuid::Uuid::from_u128(7))]), "nor what is not there");
}

/// A link by which Ben could say yes, and whose secret somebody else has made up.
#[test]
fn a_link_that_was_never_mailed_leads_nowhere() {
    let opened = |change: fn(&mut ApprovalLink)| {
        let stage = Stage::new();
        let id = asked(&stage, "payments-read");
        stage.run(id, &mut start());
        let mail = stage.world.state().inbox.last().unwrap().text.clone();
        let token = crate::engine::token_in(&mail);
        let mut state = stage.world.state();
        let hash = LinkHash::of_path_segment(&token).unwrap();
        change(state.links_by_hash.get_mut(hash.as_str()).unwrap());
        drop(state);
        block_on(open_link(&stage.world, &stage.world, &token)).is_ok()
    };
    assert!(opened(|_| ()));
    assert!(!opened(|link| link.seal = None));
    assert!(!opened(|link| link.seal = Some(Seal::new("AQID".to_owned()))));
    assert!(!opened(|link| link.approver = "cleo".parse().unwrap()));
    assert!(!opened(|link| link.request_id = RequestId::new(uuid::Uuid::from_u128(7))));
    assert!(!opened(|link| link.scope_hash = serde_json::from_value("0".into()).unwrap()));
    assert!(!opened(|link| link.reminder = 1));
}
