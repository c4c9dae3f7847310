//! Grants that were approved, or given and will end: recorded and at the target, by the rules of the domain.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use stint_app::ports::{Artefact, Ledger, Provider as _};
use stint_app::transact::transact_from;
use stint_domain::access::Access;
use stint_domain::approval::ApprovalRule;
use stint_domain::hours::Zone;
use stint_domain::ids::RequestId;
use stint_domain::record::{Circumstances, Recorded};
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::scope::Scope;
use stint_domain::transition::{Command, Event, GrantCommand};
use stint_local::{LocalError, Result};
use stint_test_support::world::{World, seal};
use uuid::Uuid;

pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An hour, as the catalog allows it; the window opens at `begins`.
pub(super) const LENGTH: SignedDuration = SignedDuration::from_hours(1);

/// The `number`-th grant of this kind of access, active since `begins`.
pub(super) async fn active(
    world: &World,
    number: u64,
    access: Access,
    begins: Timestamp,
) -> Result<RequestId> {
    let made = give(world, number, access, begins).await;
    made.map_err(|cause| LocalError::Unexpected(format!("grant {number} cannot be given: {cause}")))
}

/// The entitlement of the sample catalog that gives this kind of access.
const fn entitlement(access: &Access) -> &'static str {
    match access {
        Access::IamUserElevation { .. } => "payments-read",
        Access::EphemeralIamUser { .. } => "payments-repair",
        Access::RoleSession { .. } => "incident-read",
        Access::Checkout { .. } => "orders-repair",
        Access::Provided { .. } => "beta-checkout",
    }
}

async fn give(world: &World, number: u64, access: Access, begins: Timestamp) -> Result<RequestId, Cause> {
    let by = Decider::Policy { policies: BTreeSet::new() };
    let mut recorded = approved(world, pending(number, "ana", access, begins)?, by).await?;
    let (id, circumstances) =
        (recorded.request.scope.request_id, Circumstances::of_component("bench", begins));
    for command in [GrantCommand::BeginActivation, GrantCommand::ConfirmActivation] {
        recorded = transact_from(world, recorded, &Command::Grant(command), &circumstances).await?.recorded;
    }
    let request = &recorded.request;
    let window = *request.grant().and_then(|grant| grant.window()).ok_or("no window")?;
    let access = request.scope.access.clone();
    world.activate(&Artefact { grant_id: id.grant_id(), access, window }).await?;
    world.state().events.clear();
    Ok(id)
}

/// On record, and approved.
pub(super) async fn approved(
    ledger: &impl Ledger,
    request: AccessRequest,
    by: Decider,
) -> Result<Recorded, Cause> {
    let circumstances = Circumstances::of_component("bench", request.submitted_at);
    let unsealed = Approval::of(by, request.scope.hash());
    let mark = request.statement(0, &unsealed).map(|statement| seal(&statement));
    let approval = Approval { seal: mark, ..unsealed };
    let change = Recorded::submission(request, Some(Event::Approved { approval }), &circumstances);
    let change = change.ok_or("what was approved does not follow")?;
    ledger.commit(&change, None).await?;
    Ok(change.after().clone())
}

pub(super) fn pending(
    number: u64,
    requester: &str,
    access: Access,
    begins: Timestamp,
) -> Result<AccessRequest, Cause> {
    let scope = Scope {
        request_id: RequestId::new(Uuid::from_u128(
            0x0198_0000_0000_7000_8000_0000_0000_0000 | u128::from(number),
        )),
        requester: requester.parse()?,
        entitlement: entitlement(&access).parse()?,
        access,
        duration: "1h".parse()?,
        starts_at: None,
        extends: None,
        break_glass: None,
        rule: ApprovalRule::default(),
        justification: "the month's end".parse()?,
        ticket: None,
        origin: None,
        policy_version: "bench".to_owned(),
    };
    Ok(AccessRequest {
        scope,
        requester_name: "Ana".to_owned(),
        entitlement_title: "Read payments".to_owned(),
        submitted_at: begins,
        decide_by: begins.saturating_add(LENGTH).unwrap_or(begins),
        zone: Zone::UTC,
        review: stint_domain::review::Review::default(),
        untold: BTreeSet::new(),
        state: RequestState::submitted(),
    })
}
