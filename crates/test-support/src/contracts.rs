//! Contract suites of the ports: what the fakes and the real adapters both have to keep.
//!
//! A suite panics at the first promise that is broken, and says which. Every suite uses ids of its own, so that they can
//! run side by side on one store.

mod audit;
mod directory;
mod keys;
mod ledger;
mod links;
mod listings;
mod provider;

pub use audit::{a_stream_is_opened_once, an_audit_trail_gives_back_what_was_committed};
pub use directory::people_are_found_by_id_and_by_group_and_nobody_else_is;
pub use keys::idempotency_keys_stand_for_one_request;
pub use ledger::{a_ledger_commits_all_or_nothing, a_ledger_commits_two_changes_or_neither};
pub use links::links_tokens_and_leases_are_taken_once;
pub use listings::a_register_lists_what_is_on_record;
pub use provider::{a_provider_gives_takes_and_tells_the_truth, a_provider_refuses_a_stranger_for_good};

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use stint_domain::access::Access;
use stint_domain::approval::ApprovalRule;
use stint_domain::audit::Actor;
use stint_domain::entitlement::Permission;
use stint_domain::hours::Zone;
use stint_domain::ids::{PrincipalId, RequestId};
use stint_domain::principal::Authentication;
use stint_domain::record::{Change, Circumstances, Recorded};
use stint_domain::request::{AccessRequest, RequestState};
use stint_domain::scope::Scope;

/// An id that no other suite of this process has.
fn fresh_id(now: Timestamp) -> RequestId {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = u128::from(COUNT.fetch_add(1, Ordering::Relaxed));
    let millis = u128::try_from(now.as_millisecond()).unwrap_or(0);
    RequestId::new(uuid::Uuid::from_u128((millis << 80) | (0x7 << 76) | (0x2 << 62) | count))
}

fn principal(name: &str, id: RequestId) -> PrincipalId {
    parsed(&format!("{name}-{id}"))
}

/// A value that a suite knows to be right.
#[expect(clippy::expect_used, reason = "a suite that cannot set itself up should stop")]
fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a suite's own values are right")
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now)
}

/// A request that nobody has decided on, by a requester of its own.
fn request(id: RequestId, now: Timestamp) -> AccessRequest {
    let permission = Permission {
        actions: BTreeSet::from(["dynamodb:GetItem".to_owned()]),
        resources: BTreeSet::from(["arn:aws:dynamodb:*:*:table/payments".to_owned()]),
    };
    AccessRequest {
        scope: Scope {
            request_id: id,
            requester: principal("ana", id),
            entitlement: parsed("payments-read"),
            access: Access::IamUserElevation {
                user: parsed("ana"),
                permissions: vec![permission],
                account: None,
            },
            duration: parsed("30m"),
            starts_at: None,
            extends: None,
            break_glass: None,
            rule: ApprovalRule::default(),
            justification: parsed("ünïcode \u{1}\n\"quoted\" 調査"),
            ticket: None,
            origin: None,
            policy_version: "p1".to_owned(),
        },
        requester_name: "Ana".to_owned(),
        entitlement_title: "Read payments".to_owned(),
        submitted_at: now,
        decide_by: after(now, 3600),
        zone: Zone::UTC,
        review: stint_domain::review::Review::default(),
        untold: BTreeSet::new(),
        state: RequestState::submitted(),
    }
}

fn circumstances(request: &AccessRequest, at: Timestamp) -> Circumstances {
    let actor = Actor::Person { id: request.scope.requester.clone(), authentication: Authentication::Token };
    Circumstances {
        at,
        actor,
        authorization: None,
        source_address: Some("203.0.113.7".to_owned()),
        invocation: None,
    }
}

#[expect(clippy::expect_used, reason = "a suite that cannot set itself up should stop")]
fn submission(id: RequestId, now: Timestamp) -> Change {
    let request = request(id, now);
    let circumstances = circumstances(&request, now);
    Recorded::submission(request, None, &circumstances).expect("a submission follows from nothing")
}
