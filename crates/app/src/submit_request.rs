//! Somebody asks for access.
//!
//! Guards: nothing is accepted that policy does not allow for this person, this entitlement and these circumstances;
//! the same `Idempotency-Key` makes one request; a refusal is an audit event. A request that policy approves at once
//! is approved in the same commit that creates it, before any workflow starts. What the target could not take is not
//! accepted either.

mod basis;
mod extending;
mod noted;
mod repeated;
mod times;
mod what_if;

pub use noted::note_bad_input;
pub use repeated::IdempotencyClaim;
pub use what_if::{FirstStep, WhatIf};

use crate::caller::Caller;
use crate::custody::{InUse, in_use};
use crate::eligibility::engaged;
use crate::failure::Failure;
use crate::first_use::note_first_use;
use crate::ports::{
    Beside, Directory, Enrolment, IdempotencyKeys, Ledger, StoreError, Surroundings, Unfit, Workflow,
    WorkflowError,
};
use crate::workflow_input::workflow_input;
use basis::{Basis, basis, way, weighed, well_formed};
use extending::extending;
use jiff::Timestamp;
use noted::audited;
use repeated::{record_of, replayed};
use stint_domain::BadInput;
use stint_domain::access::NotEnrolled;
use stint_domain::duration::AccessDuration;
use stint_domain::entitlement::Entitlement;
use stint_domain::ids::{EntitlementId, GrantId, RequestId};
use stint_domain::justification::{Justification, Ticket};
use stint_domain::principal::Person;
use stint_domain::record::{Change, Circumstances, Recorded};
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::review::Review;
use stint_domain::scope::Scope;
use stint_domain::transition::{EndCause, Event};
use stint_policy::{Ask, PolicyBundle, Verdict};
use thiserror::Error;
use times::{decide_by, latest_end};
use what_if::what_if;

/// What is asked, with every field already in its own type.
#[derive(Debug, Clone)]
pub struct SubmitRequest {
    pub entitlement: EntitlementId,
    pub duration: AccessDuration,
    pub justification: Justification,
    pub ticket: Option<Ticket>,
    pub starts_at: Option<Timestamp>,
    /// A grant of the caller's own that should last longer.
    pub extends: Option<GrantId>,
    pub idempotency: Option<IdempotencyClaim>,
    /// Wait for one's turn if somebody else has the credential.
    pub queue: bool,
    /// Have it at once, without asking anybody, and answer for it afterwards.
    pub break_glass: bool,
    /// Say what would happen, and change nothing.
    pub dry_run: bool,
}

#[derive(Debug, Error)]
pub enum SubmitError {
    /// Unknown, or not for this caller: the answer is the same, and without reasons. Those are for whoever may ask for it
    /// in other circumstances.
    #[error("the entitlement may not be requested by this caller")]
    NotAllowed { reasons: Vec<Reason> },
    #[error("the target is not enrolled")]
    NotEnrolled,
    #[error("the target has no room for it")]
    NoRoom,
    /// Unknown, somebody else's, of another entitlement, or not active (any more): the answer is the same.
    #[error("there is no such active grant to extend")]
    NothingToExtend,
    /// Allowed, but for no longer than this.
    #[error("the duration is over the entitlement's longest")]
    DurationTooLong { longest: AccessDuration },
    #[error("the start has passed")]
    StartInThePast,
    /// Only one can have it, and somebody else has it or is to have it before.
    #[error("the credential is in use")]
    InUse(Box<InUse>),
    /// Wait, lead and window together.
    #[error("access would end more than 364 days from now")]
    TooFarAhead,
    /// Wait, lead and window together, which is when access can end at the latest.
    #[error("the requester's contract ends at {ends_at}, before the access would")]
    ContractEnds { ends_at: Timestamp },
    #[error(transparent)]
    BadInput(#[from] BadInput),
    #[error("the idempotency key stands for another body")]
    KeyReused,
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        Self::Failure(error.into())
    }
}

/// Why policy does not allow something, or the directory.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Reason {
    pub policy: Option<String>,
    pub reason: String,
}

/// What became of it.
#[derive(Debug)]
pub enum Submitted {
    Accepted(Box<AccessRequest>),
    /// The same key and body came before; this is what it led to.
    Replayed(Box<AccessRequest>),
    /// Nothing was changed; this is what would have been.
    WouldBe(Box<WhatIf>),
}

/// # Errors
/// [`SubmitError`], by what the caller can do. Whatever is not [`SubmitError::Failure`] changed nothing but the audit.
pub async fn submit_request(
    ledger: &(impl Ledger + IdempotencyKeys),
    (directory, targets): (&impl Directory, &impl Enrolment),
    workflow: &impl Workflow,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    ask: SubmitRequest,
) -> Result<Submitted, SubmitError> {
    let now = surroundings.now();
    if let Some(earlier) = replayed(ledger, caller, &ask, now).await? {
        start(workflow, &earlier.request).await;
        return Ok(Submitted::Replayed(Box::new(earlier.request)));
    }
    let id = new_request_id(now, &surroundings.random());
    let asked = match asked(directory, policy, caller, &ask, now).await {
        Ok(asked) => asked,
        Err(error) => return Err(audited(ledger, caller.circumstances(now, None), &ask, error).await),
    };
    let circumstances =
        caller.circumstances(now, Some(asked.verdict.on_record(&asked.person, &asked.terms, way(&ask))));
    let prepared = match prepare(ledger, directory, policy, &asked, &ask, id, &circumstances).await {
        Ok(change) => match fit(targets, change).await {
            Ok(change) => free(ledger, change, ask.queue, now).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    let change = match prepared {
        Ok(change) => change,
        Err(error) => return Err(audited(ledger, circumstances, &ask, error).await),
    };
    if ask.dry_run {
        return Ok(Submitted::WouldBe(Box::new(what_if(directory, policy, &change, now).await?)));
    }
    let key = ask.idempotency.as_ref().map(|claim| record_of(caller, claim, id, now));
    match ledger.commit(&change, key.as_ref().map(Beside::Key)).await {
        Ok(()) => {}
        // The same key may have come twice at the same moment: the other one's request is the answer.
        Err(StoreError::Conflict) => {
            let earlier = replayed(ledger, caller, &ask, now).await?.ok_or(StoreError::Conflict)?;
            return Ok(Submitted::Replayed(Box::new(earlier.request)));
        }
        Err(error) => return Err(error.into()),
    }
    start(workflow, &change.after().request).await;
    note_first_use(ledger, &circumstances).await;
    Ok(Submitted::Accepted(Box::new(change.after().request.clone())))
}

/// The request is on record, and reconcile starts what was not started: a failure here is not the caller's.
async fn start(workflow: &impl Workflow, request: &AccessRequest) {
    match workflow.start(&workflow_input(request)).await {
        Ok(()) | Err(WorkflowError::Closed) => {}
        Err(error) => {
            let id = request.scope.request_id;
            tracing::warn!(request.id = %id, error = &error as &dyn std::error::Error, "workflow not started");
        }
    }
}

/// Nobody is asked about what could not be given.
async fn fit(targets: &impl Enrolment, change: Change) -> Result<Change, SubmitError> {
    match targets.check(&change.after().request.scope.access).await.map_err(Failure::from)? {
        Ok(()) => Ok(change),
        Err(Unfit::NotEnrolled) => Err(SubmitError::NotEnrolled),
        // What is extended has its room already.
        Err(Unfit::NoRoom) if change.after().request.scope.extends.is_some() => Ok(change),
        Err(Unfit::NoRoom) => Err(SubmitError::NoRoom),
    }
}

/// What only one can have is free, or waited for knowingly.
async fn free(
    ledger: &impl Ledger,
    change: Change,
    queue: bool,
    now: Timestamp,
) -> Result<Change, SubmitError> {
    let scope = &change.after().request.scope;
    match scope.access.vaulted() {
        Some(secret) if !queue && scope.extends.is_none() => match in_use(ledger, secret, now).await? {
            Some(held) => Err(SubmitError::InUse(Box::new(held))),
            None => Ok(change),
        },
        _ => Ok(change),
    }
}

/// Who asks, for what, and what policy says to it.
struct Asked<'a> {
    person: Person,
    entitlement: &'a Entitlement,
    terms: Ask,
    verdict: Verdict,
}

/// # Errors
/// [`SubmitError::BadInput`] of what cannot be asked of anything, and [`SubmitError::NotAllowed`] for somebody or something
/// that is not there, of which policy is not asked.
async fn asked<'a>(
    directory: &impl Directory,
    policy: &'a PolicyBundle,
    caller: &Caller,
    ask: &SubmitRequest,
    now: Timestamp,
) -> Result<Asked<'a>, SubmitError> {
    well_formed(ask)?;
    let nothing = || SubmitError::NotAllowed { reasons: Vec::new() };
    let entitlement = policy.entitlement(&ask.entitlement).ok_or_else(nothing)?;
    let person = directory.person(&caller.principal).await.map_err(Failure::from)?.ok_or_else(nothing)?;
    let terms = Ask {
        duration: ask.duration,
        at: now,
        has_ticket: ask.ticket.is_some(),
        justification_characters: ask.justification.characters(),
        origin: Some(caller.origin()),
        people: None,
    };
    let verdict = weighed(policy, &person, entitlement, ask, &terms)?;
    Ok(Asked { person, entitlement, terms, verdict })
}

async fn prepare(
    ledger: &impl Ledger,
    directory: &impl Directory,
    policy: &PolicyBundle,
    asked: &Asked<'_>,
    ask: &SubmitRequest,
    id: RequestId,
    circumstances: &Circumstances,
) -> Result<Change, SubmitError> {
    let person = &asked.person;
    let basis = basis(policy, asked, way(ask))?;
    let mut request = build(policy, asked, ask, id, circumstances.at)?;
    request.scope.break_glass.clone_from(&basis.review);
    let mut until = latest_end(ask, request.decide_by)?;
    if let Some(extended) = ask.extends {
        (request, until) = extending(ledger, request, extended.request_id(), circumstances.at).await?;
    }
    within_engagement(directory, person, until).await?;
    submission(request, &basis, circumstances)
}

/// A contractor without somebody to answer for them asks for nothing; with one, for nothing past the contract's end.
async fn within_engagement(
    directory: &impl Directory,
    person: &Person,
    until: Timestamp,
) -> Result<(), SubmitError> {
    match (engaged(directory, person, until).await?, person.engagement.contract()) {
        (Ok(()), _) => Ok(()),
        (Err(EndCause::ContractOver), Some(contract)) => {
            Err(SubmitError::ContractEnds { ends_at: contract.ends_at })
        }
        (Err(_), _) => Err(SubmitError::NotAllowed {
            reasons: vec![Reason {
                policy: None,
                reason: "nobody in the directory answers for this contractor".to_owned(),
            }],
        }),
    }
}

fn build(
    policy: &PolicyBundle,
    asked: &Asked<'_>,
    ask: &SubmitRequest,
    id: RequestId,
    now: Timestamp,
) -> Result<AccessRequest, SubmitError> {
    let Asked { person, entitlement, terms, .. } = asked;
    let access = entitlement.access.of(person).map_err(|NotEnrolled| SubmitError::NotEnrolled)?;
    let decide_by = decide_by(entitlement, ask, now)?;
    let scope = Scope {
        request_id: id,
        requester: person.id.clone(),
        entitlement: entitlement.id.clone(),
        access,
        duration: ask.duration,
        starts_at: ask.starts_at,
        extends: None,
        break_glass: None,
        rule: entitlement.approval.clone(),
        justification: ask.justification.clone(),
        ticket: ask.ticket.clone(),
        origin: terms.origin,
        policy_version: policy.version().to_owned(),
    };
    Ok(AccessRequest {
        scope,
        requester_name: person.display_name.clone(),
        entitlement_title: entitlement.title.clone(),
        submitted_at: now,
        decide_by,
        zone: entitlement.zone.clone(),
        review: Review::default(),
        untold: std::collections::BTreeSet::new(),
        state: RequestState::submitted(),
    })
}

fn submission(
    request: AccessRequest,
    Basis { at_once, .. }: &Basis,
    circumstances: &Circumstances,
) -> Result<Change, SubmitError> {
    let approved = at_once.as_ref().map(|at_once| Event::Approved {
        approval: Approval::of(Decider::Policy { policies: at_once.policies.clone() }, request.scope.hash()),
    });
    Recorded::submission(request, approved, circumstances)
        .ok_or(SubmitError::Failure(Failure::Bug("a submission does not follow")))
}

/// A UUID of version 7: sorted by time, unguessable in the rest.
fn new_request_id(now: Timestamp, random: &[u8; 32]) -> RequestId {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let mut tail = [0u8; 10];
    tail.iter_mut().zip(random).for_each(|(to, from)| *to = *from);
    RequestId::new(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
}
