//! A request to try the rules on, and one of every state it can be in.

use jiff::Timestamp;
use std::collections::BTreeSet;
use stint_domain::access::Access;
use stint_domain::approval::{ApprovalRule, ApprovalStep, Consultation, Given};
use stint_domain::entitlement::Permission;
use stint_domain::grant::{Dating, EndedBy, GrantState, Proof, Receipt, Removal, RemovalReason};
use stint_domain::hours::Zone;
use stint_domain::ids::{PrincipalId, RequestId};
use stint_domain::principal::Authentication;
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::scope::Scope;
use stint_domain::transition::{Command, EndCause, LapseReason};
use stint_domain::window::Window;

pub(crate) fn at(time: &str) -> Timestamp {
    format!("2026-11-22T{time}Z").parse().unwrap()
}

pub(crate) fn ana() -> PrincipalId {
    "ana".parse().unwrap()
}

pub(crate) fn person(name: &str) -> Decider {
    Decider::Person {
        id: name.parse().unwrap(),
        name: name.to_owned(),
        authentication: Authentication::MailLink,
        origin: None,
    }
}

pub(crate) fn scope() -> Scope {
    let permission = Permission {
        actions: BTreeSet::from(["dynamodb:GetItem".to_owned()]),
        resources: BTreeSet::from(["arn:aws:dynamodb:*:*:table/payments".to_owned()]),
    };
    Scope {
        request_id: RequestId::new(uuid::Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001)),
        requester: ana(),
        entitlement: "payments-read".parse().unwrap(),
        access: Access::IamUserElevation {
            user: "ana".parse().unwrap(),
            permissions: vec![permission],
            account: None,
        },
        duration: "30m".parse().unwrap(),
        starts_at: None,
        extends: None,
        break_glass: None,
        rule: ApprovalRule::default(),
        justification: "refund 4711 went missing".parse().unwrap(),
        ticket: Some("OPS-1234".parse().unwrap()),
        origin: None,
        policy_version: "p1".to_owned(),
    }
}

/// The command, said to this request: a yes is bound to what was asked.
pub(crate) fn said_to(request: &AccessRequest, mut command: Command) -> Command {
    if let Command::Approve { approval, .. } = &mut command {
        approval.scope_hash = request.scope.hash();
    }
    command
}

/// The same, by another rule.
pub(crate) fn ruled(rule: ApprovalRule) -> AccessRequest {
    AccessRequest { scope: Scope { rule, ..scope() }, ..pending() }
}

/// Asked at 10:00, to be decided by 18:00.
pub(crate) fn pending() -> AccessRequest {
    AccessRequest {
        scope: scope(),
        requester_name: "Ana".to_owned(),
        entitlement_title: "Read payments".to_owned(),
        submitted_at: at("10:00:00"),
        decide_by: at("18:00:00"),
        zone: Zone::UTC,
        review: stint_domain::review::Review::default(),
        untold: BTreeSet::new(),
        state: RequestState::submitted(),
    }
}

pub(crate) fn in_state(state: RequestState) -> AccessRequest {
    AccessRequest { state, ..pending() }
}

pub(crate) fn receipt() -> Receipt {
    Receipt {
        looked_at: "iam:GetUserPolicy".to_owned(),
        answered: "NoSuchEntity".to_owned(),
        at: at("10:31:00"),
    }
}

fn approved(grant: GrantState) -> RequestState {
    let approval = Approval::of(person("ben"), scope().hash());
    RequestState::Approved {
        approval: approval.into(),
        earlier: Vec::new(),
        turns: Vec::new(),
        approved_at: at("10:01:00"),
        grant,
    }
}

/// Activated at 10:02, until 10:32.
fn window() -> Window {
    Window::between(at("10:02:00"), at("10:32:00")).unwrap()
}

fn removal(why: RemovalReason) -> Removal {
    Removal {
        why,
        window: window(),
        began_at: at("10:32:00"),
        settles_at: at("10:32:00"),
        failures: 0,
        taken: false,
    }
}

/// Another request's grant.
pub(crate) fn another() -> RequestId {
    RequestId::new(uuid::Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0002))
}

/// Approved to extend [`another`].
pub(crate) fn extension() -> AccessRequest {
    let scope = Scope { extends: Some(another()), ..scope() };
    let approval = Approval::of(person("ben"), scope.hash());
    let state = RequestState::Approved {
        approval: approval.into(),
        earlier: Vec::new(),
        turns: Vec::new(),
        approved_at: at("10:01:00"),
        grant: GrantState::Scheduled,
    };
    AccessRequest { scope, ..in_state(state) }
}

/// Two have to approve, and Ben has.
fn half_approved() -> AccessRequest {
    let step = ApprovalStep { need: 2.try_into().unwrap(), ..ApprovalStep::default() };
    let scope = Scope { rule: ApprovalRule::try_from(vec![step]).unwrap(), ..scope() };
    let approval = Approval::of(person("ben"), scope.hash());
    let given = vec![Given { approval, step: 0, at: at("10:01:00") }];
    let notified = ["ben", "bea"].map(|name| name.parse().unwrap()).into();
    let state = RequestState::Pending(Consultation { notified, given, ..Consultation::default() });
    AccessRequest { scope, ..in_state(state) }
}

/// Settled, and two who had a mail do not know it.
fn untold(states: &[(&'static str, AccessRequest)]) -> Vec<(&'static str, AccessRequest)> {
    let names = [
        ("denied by ben", "denied by ben, two not told"),
        ("cancelled", "cancelled, two not told"),
        ("lapsed", "lapsed, two not told"),
        ("scheduled", "scheduled, two not told"),
        ("ended", "ended, two not told"),
    ];
    let of = |(name, with): (&str, &'static str)| {
        let (_, settled) = states.iter().find(|(state, _)| *state == name).unwrap().clone();
        let untold = ["ben", "bea"].map(|id| id.parse().unwrap()).into();
        (with, AccessRequest { untold, ..settled })
    };
    names.into_iter().map(of).collect()
}

/// One of every state, and of every state in which the rules differ by what it carries.
pub(crate) fn every_state() -> Vec<(&'static str, AccessRequest)> {
    let expired =
        || RemovalReason::Ended { ended_by: EndedBy::Expired, cause: EndCause::WindowOver, comment: None };
    let failed = || RemovalReason::ActivationFailed { reason: "no such user".to_owned() };
    let unsettled = Removal { settles_at: at("10:59:59"), ..removal(expired()) };
    let session = Access::RoleSession {
        role: "arn:aws:iam::123456789012:role/reader".parse().unwrap(),
        source_identity: "ana".parse().unwrap(),
        permissions: Vec::new(),
        account: None,
    };
    let activating =
        |attempts| GrantState::Activating { window: window(), attempts, last_attempt_at: at("10:02:00") };
    let states = [
        ("pending", RequestState::submitted()),
        (
            "pending, ben notified",
            RequestState::Pending(Consultation {
                notified: BTreeSet::from(["ben".parse().unwrap()]),
                ..Consultation::default()
            }),
        ),
        ("denied by ben", RequestState::Denied { by: person("ben"), comment: None, at: at("10:01:00") }),
        ("cancelled", RequestState::Cancelled { at: at("10:01:00") }),
        ("lapsed", RequestState::Lapsed { because: LapseReason::NobodyDecidedInTime, at: at("18:00:00") }),
        ("scheduled", approved(GrantState::Scheduled)),
        ("activating, first attempt", approved(activating(1))),
        ("activating, second attempt", approved(activating(2))),
        (
            "active",
            approved(GrantState::Active {
                window: window(),
                activated_at: at("10:02:01"),
                settles_at: at("10:02:01"),
                dating: Dating::Done,
                altered: None,
                extended_by: BTreeSet::new(),
            }),
        ),
        (
            "active, extended by 30 minutes, target not dated yet",
            approved(GrantState::Active {
                window: window().extended("30m".parse().unwrap()).unwrap(),
                activated_at: at("10:02:01"),
                settles_at: at("10:02:01"),
                dating: Dating::Moving { from: window() },
                altered: None,
                extended_by: [another()].into(),
            }),
        ),
        (
            "extended another one",
            approved(GrantState::Ended {
                ended_by: EndedBy::Extended,
                at: at("10:04:00"),
                proof: Proof::NeverActivated,
            }),
        ),
        ("deactivating", approved(GrantState::Deactivating { removal: removal(expired()) })),
        ("deactivating, not settled", approved(GrantState::Deactivating { removal: unsettled })),
        (
            "deactivating, failed activation",
            approved(GrantState::Deactivating { removal: removal(failed()) }),
        ),
        (
            "removal failed",
            approved(GrantState::RemovalFailed {
                removal: removal(expired()),
                error: "throttled".to_owned(),
            }),
        ),
        (
            "ended",
            approved(GrantState::Ended {
                ended_by: EndedBy::Expired,
                at: at("10:32:02"),
                proof: Proof::Removed { window: window(), receipt: receipt() },
            }),
        ),
        (
            "ended, sessions blocked",
            approved(GrantState::Ended {
                ended_by: EndedBy::Returned,
                at: at("10:04:00"),
                proof: Proof::Blocked { window: window(), receipt: receipt(), until: at("10:32:00") },
            }),
        ),
        (
            "forced",
            approved(GrantState::Ended {
                ended_by: EndedBy::Forced,
                at: at("10:40:00"),
                proof: Proof::Forced {
                    window: window(),
                    error: "throttled".to_owned(),
                    comment: "the account is closed".parse().unwrap(),
                },
            }),
        ),
        (
            "activation failed",
            approved(GrantState::ActivationFailed {
                reason: "no such user".to_owned(),
                at: at("10:32:02"),
                proof: Proof::Removed { window: window(), receipt: receipt() },
            }),
        ),
    ];
    let mut all: Vec<_> = states.into_iter().map(|(name, state)| (name, in_state(state))).collect();
    let (_, mut active) = all.iter().find(|(name, _)| *name == "active").unwrap().clone();
    active.scope.access = session;
    let hash = active.scope.hash();
    if let RequestState::Approved { approval, .. } = &mut active.state {
        approval.scope_hash = hash;
    }
    all.push(("active, a role's sessions", active));
    all.push(("scheduled, an extension", extension()));
    all.push(("pending, one of two approved", half_approved()));
    all.extend(untold(&all));
    all
}
