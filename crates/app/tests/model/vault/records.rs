//! What is on record: requests that were approved, and when and for whom they are.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;
use stint_domain::access::Access;
use stint_domain::approval::{ApprovalRule, Standing};
use stint_domain::entitlement::VaultedLogin;
use stint_domain::hours::Zone;
use stint_domain::ids::RequestId;
use stint_domain::principal::Authentication;
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::scope::Scope;
use stint_domain::transition::{Command, Step};
use uuid::Uuid;

/// Longer than a window, an activation on its way, and a rotation that takes its time.
const TICK: i64 = 100;

/// A record, which is told from others by a digest: states are many, and records are few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept<T> {
    record: Arc<T>,
    digest: u64,
}

impl<T> Kept<T> {
    pub(super) fn by<D: Serialize>(record: T, what_changes: impl Fn(&T) -> &D) -> Self {
        let mut digest = DefaultHasher::new();
        serde_json::to_vec(what_changes(&record)).unwrap().hash(&mut digest);
        Self { record: Arc::new(record), digest: digest.finish() }
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.record
    }
}

impl<T> Hash for Kept<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

pub(super) fn kept(request: AccessRequest) -> Kept<AccessRequest> {
    Kept::by(request, |request| &request.state)
}

/// Asked for and approved; the approvals have a model of their own.
pub(super) fn approved(of: usize) -> AccessRequest {
    let scope = Scope {
        request_id: id(of),
        requester: "ana".parse().unwrap(),
        entitlement: "orders-repair".parse().unwrap(),
        access: Access::Checkout {
            secret: "stint/vault/orders-owner".parse().unwrap(),
            login: VaultedLogin::Postgres,
        },
        duration: "30s".parse().unwrap(),
        starts_at: None,
        extends: None,
        break_glass: None,
        rule: ApprovalRule::default(),
        justification: "a model".parse().unwrap(),
        ticket: None,
        origin: None,
        policy_version: "p1".to_owned(),
    };
    let by = Decider::Person {
        id: "ben".parse().unwrap(),
        name: "Ben".to_owned(),
        authentication: Authentication::MailLink,
        origin: None,
    };
    let approve =
        Command::Approve { approval: Approval::of(by, scope.hash()), standing: Standing::default() };
    let request = AccessRequest {
        scope,
        requester_name: "Ana".to_owned(),
        entitlement_title: "Repair orders".to_owned(),
        submitted_at: at(0),
        decide_by: at(1),
        zone: Zone::UTC,
        review: stint_domain::review::Review::default(),
        untold: std::collections::BTreeSet::new(),
        state: RequestState::submitted(),
    };
    let Ok(Step::Do(event)) = request.decide(approve, at(0)) else { panic!("not approved") };
    request.apply(&event, at(0)).unwrap()
}

pub(super) fn id(of: usize) -> RequestId {
    RequestId::new(Uuid::from_u128(of as u128 + 1))
}

pub(super) fn at(tick: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_secs(tick * TICK)).unwrap()
}
