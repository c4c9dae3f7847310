//! Somebody asks for access.
//!
//! Guards: nothing is accepted that policy does not allow for this person, this entitlement and these circumstances;
//! the same `Idempotency-Key` makes one request; a refusal is an audit event. A request that policy approves at once
//! is approved in the same commit that creates it, before any workflow starts. What the target could not take is not
//! accepted either.

use crate::caller::Caller;
use crate::custody::{InUse, in_use};
use crate::eligibility::engaged;
use crate::failure::Failure;
use crate::ports::{
    Beside, Directory, Enrolment, IdempotencyKeys, IdempotencyRecord, Ledger, StoreError, Surroundings,
    Unfit, Workflow, WorkflowError,
};
use crate::workflow_input::workflow_input;
use jiff::{SignedDuration, Timestamp};
use stint_domain::BadInput;
use stint_domain::access::NotEnrolled;
use stint_domain::audit::{Authorization, Outcome};
use stint_domain::duration::{AccessDuration, LONGEST_SECONDS};
use stint_domain::entitlement::Entitlement;
use stint_domain::grant::GrantState;
use stint_domain::ids::{EntitlementId, GrantId, RequestId};
use stint_domain::justification::{Justification, Ticket};
use stint_domain::principal::Person;
use stint_domain::record::{Change, Recorded, SystemEvent};
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::scope::Scope;
use stint_domain::transition::{EndCause, Event};
use stint_domain::window::{Window, whole_second};
use stint_policy::{Ask, Authorized, AutoApprove, PolicyBundle, Request};
use thiserror::Error;

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
    /// Say what would happen, and change nothing.
    pub dry_run: bool,
}

/// The caller's `Idempotency-Key` and a hash of the body it came with.
#[derive(Debug, Clone)]
pub struct IdempotencyClaim {
    pub key: String,
    pub body_hash: String,
}

impl IdempotencyClaim {
    /// `body_hash`: SHA-256 of the body, in lower-case hex.
    pub fn new(key: &str, body_hash: &str) -> Result<Self, BadInput> {
        if (1..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self { key: key.to_owned(), body_hash: body_hash.to_owned() })
        } else {
            Err(BadInput::new(
                "Idempotency-Key",
                "must be 1 to 128 printable ASCII characters without spaces",
            ))
        }
    }
}

/// How long an `Idempotency-Key` is remembered.
const KEY_LIVES: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Error)]
pub enum SubmitError {
    /// Unknown, or not for this caller: the answer is the same.
    #[error("the entitlement may not be requested by this caller")]
    NotAllowed { reasons: Vec<String> },
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

/// What became of it.
#[derive(Debug)]
pub enum Submitted {
    Accepted(Box<AccessRequest>),
    /// The same key and body came before; this is what it led to.
    Replayed(Box<AccessRequest>),
    /// Nothing was changed; this is what would have been.
    WouldBe(Box<AccessRequest>),
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
    let prepared = match prepare(ledger, directory, policy, caller, &ask, id, now).await {
        Ok(change) => match fit(targets, change).await {
            Ok(change) => free(ledger, change, ask.queue, now).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    let change = match prepared {
        Ok(change) => change,
        Err(error) => return Err(audited(ledger, caller, &ask, now, error).await),
    };
    if ask.dry_run {
        return Ok(Submitted::WouldBe(Box::new(change.after().request.clone())));
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

async fn replayed(
    ledger: &(impl Ledger + IdempotencyKeys),
    caller: &Caller,
    ask: &SubmitRequest,
    now: Timestamp,
) -> Result<Option<Recorded>, SubmitError> {
    let Some(claim) = ask.idempotency.as_ref().filter(|_| !ask.dry_run) else { return Ok(None) };
    match ledger.find(&caller.principal, &claim.key, now).await? {
        None => Ok(None),
        Some(record) if record.body_hash != claim.body_hash => Err(SubmitError::KeyReused),
        Some(record) => Ok(Ledger::load(ledger, record.request_id).await?),
    }
}

fn record_of(caller: &Caller, claim: &IdempotencyClaim, id: RequestId, now: Timestamp) -> IdempotencyRecord {
    IdempotencyRecord {
        caller: caller.principal.clone(),
        key: claim.key.clone(),
        body_hash: claim.body_hash.clone(),
        request_id: id,
        expires_at: now.saturating_add(KEY_LIVES).unwrap_or(now),
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

async fn prepare(
    ledger: &impl Ledger,
    directory: &impl Directory,
    policy: &PolicyBundle,
    caller: &Caller,
    ask: &SubmitRequest,
    id: RequestId,
    now: Timestamp,
) -> Result<Change, SubmitError> {
    let nothing = || SubmitError::NotAllowed { reasons: Vec::new() };
    let entitlement = policy.entitlement(&ask.entitlement).ok_or_else(nothing)?;
    let person = directory.person(&caller.principal).await.map_err(Failure::from)?.ok_or_else(nothing)?;
    let terms = Ask { duration: ask.duration, at: now, has_ticket: ask.ticket.is_some() };
    let allowed = policy
        .may_request(&person, entitlement, &terms)
        .map_err(|denied| not_allowed(policy, &person, entitlement, &terms, denied.reasons))?;
    let at_once = policy.auto_approves(&person, entitlement, &terms).ok();
    let mut request = build(policy, &person, entitlement, ask, id, now)?;
    let mut until = latest_end(ask, request.decide_by)?;
    if let Some(extended) = ask.extends {
        (request, until) = extending(ledger, request, extended.request_id(), now).await?;
    }
    within_engagement(directory, &person, until).await?;
    submission(request, &allowed, at_once.as_ref(), caller, now)
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
            reasons: vec!["nobody in the directory answers for this contractor".to_owned()],
        }),
    }
}

/// Whoever might have it for less is told for how long; nobody else learns of a limit.
fn not_allowed(
    policy: &PolicyBundle,
    person: &Person,
    entitlement: &Entitlement,
    terms: &Ask,
    reasons: Vec<String>,
) -> SubmitError {
    let longest = entitlement.max_duration;
    let shorter = Ask { duration: longest, ..*terms };
    if terms.duration > longest && policy.may_request(person, entitlement, &shorter).is_ok() {
        return SubmitError::DurationTooLong { longest };
    }
    SubmitError::NotAllowed { reasons }
}

fn build(
    policy: &PolicyBundle,
    person: &Person,
    entitlement: &Entitlement,
    ask: &SubmitRequest,
    id: RequestId,
    now: Timestamp,
) -> Result<AccessRequest, SubmitError> {
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
        justification: ask.justification.clone(),
        ticket: ask.ticket.clone(),
        policy_version: policy.version().to_owned(),
    };
    Ok(AccessRequest {
        scope,
        requester_name: person.display_name.clone(),
        entitlement_title: entitlement.title.clone(),
        submitted_at: now,
        decide_by,
        rule: entitlement.approval.clone(),
        state: RequestState::submitted(),
    })
}

/// The same request as an extension: of what the requester has now, and decided before that ends. With the end that it
/// leads to.
async fn extending(
    ledger: &impl Ledger,
    request: AccessRequest,
    extended: RequestId,
    now: Timestamp,
) -> Result<(AccessRequest, Timestamp), SubmitError> {
    if request.scope.starts_at.is_some() {
        return Err(BadInput::new("starts_at", "must be left out of an extension").into());
    }
    let earlier = Ledger::load(ledger, extended).await?.ok_or(SubmitError::NothingToExtend)?.request;
    let window = window_to_extend(&earlier, &request.scope, now).ok_or(SubmitError::NothingToExtend)?;
    let longer = window.extended(request.scope.duration).map_err(|_| SubmitError::TooFarAhead)?;
    // The execution that waits for its end is as old as the request.
    if longer.ends_at().as_second() - earlier.submitted_at.as_second() > i64::from(LONGEST_SECONDS) {
        return Err(SubmitError::TooFarAhead);
    }
    let request = AccessRequest {
        scope: Scope { extends: Some(extended), ..request.scope },
        decide_by: request.decide_by.min(window.ends_at()),
        ..request
    };
    Ok((request, longer.ends_at()))
}

/// Only the requester's own, and only if it gives exactly what is asked for now.
fn window_to_extend(earlier: &AccessRequest, scope: &Scope, now: Timestamp) -> Option<Window> {
    let same = earlier.scope.requester == scope.requester
        && earlier.scope.entitlement == scope.entitlement
        && earlier.scope.access == scope.access;
    match earlier.grant() {
        Some(GrantState::Active { window, .. }) if same && !window.is_over(now) => Some(*window),
        _ => None,
    }
}

/// The whole life of the request, wait and lead and window, has to fit into an execution's year.
fn decide_by(
    entitlement: &Entitlement,
    ask: &SubmitRequest,
    now: Timestamp,
) -> Result<Timestamp, SubmitError> {
    let too_far = |_| SubmitError::TooFarAhead;
    let decide_by = whole_second(now).checked_add(entitlement.decide_within.as_signed()).map_err(too_far)?;
    match ask.starts_at {
        Some(start) if start.subsec_nanosecond() != 0 => {
            return Err(BadInput::new("starts_at", "must be a whole second").into());
        }
        Some(start) if start <= now => return Err(SubmitError::StartInThePast),
        _ => {}
    }
    let ends_at = latest_end(ask, decide_by)?;
    if ends_at.as_second() - now.as_second() > i64::from(LONGEST_SECONDS) {
        Err(SubmitError::TooFarAhead)
    } else {
        Ok(decide_by)
    }
}

/// When access ends if it is decided at the last moment.
fn latest_end(ask: &SubmitRequest, decide_by: Timestamp) -> Result<Timestamp, SubmitError> {
    let starts_at = ask.starts_at.map_or(decide_by, |start| start.max(decide_by));
    starts_at.checked_add(ask.duration.as_signed()).map_err(|_| SubmitError::TooFarAhead)
}

fn submission(
    request: AccessRequest,
    allowed: &Authorized<Request>,
    at_once: Option<&Authorized<AutoApprove>>,
    caller: &Caller,
    now: Timestamp,
) -> Result<Change, SubmitError> {
    let approved = at_once.map(|proof| Event::Approved {
        approval: Approval::of(
            Decider::Policy { policies: proof.authorization().policies.clone() },
            request.scope.hash(),
        ),
    });
    let mut authorization: Authorization = allowed.authorization().clone();
    if let Some(proof) = at_once {
        authorization.policies.extend(proof.authorization().policies.iter().cloned());
    }
    Recorded::submission(request, approved, &caller.circumstances(now, Some(authorization)))
        .ok_or(SubmitError::Failure(Failure::Bug("a submission does not follow")))
}

/// An attempt on access that was refused stands in the audit.
async fn audited(
    ledger: &impl Ledger,
    caller: &Caller,
    ask: &SubmitRequest,
    now: Timestamp,
    error: SubmitError,
) -> SubmitError {
    if ask.dry_run || matches!(error, SubmitError::KeyReused | SubmitError::Failure(_)) {
        return error;
    }
    let detail = serde_json::json!({
        "reason": error.to_string(), "justification": ask.justification, "duration": ask.duration,
    });
    match refused(ledger, caller, now, Some(ask.entitlement.clone()), detail).await {
        Ok(()) => error,
        Err(failure) => failure.into(),
    }
}

/// Somebody asked for what cannot even be a request, such as access for less than no time. It stands in the audit as
/// every other attempt does, with what was wrong and nothing of what was sent.
///
/// # Errors
/// [`Failure`] if that could not be written down.
pub async fn note_bad_input(
    ledger: &impl Ledger,
    surroundings: &impl Surroundings,
    caller: &Caller,
    bad: &BadInput,
) -> Result<(), Failure> {
    let detail = serde_json::json!({ "reason": bad.to_string() });
    Ok(refused(ledger, caller, surroundings.now(), None, detail).await?)
}

async fn refused(
    ledger: &impl Ledger,
    caller: &Caller,
    now: Timestamp,
    entitlement: Option<EntitlementId>,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let event = SystemEvent { action: "request.refused", outcome: Outcome::Denied, entitlement, detail };
    ledger.append(event, caller.circumstances(now, None)).await
}

/// A UUID of version 7: sorted by time, unguessable in the rest.
fn new_request_id(now: Timestamp, random: &[u8; 32]) -> RequestId {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let mut tail = [0u8; 10];
    tail.iter_mut().zip(random).for_each(|(to, from)| *to = *from);
    RequestId::new(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
}
