//! An approver says yes or no, by a mail link or by the API.
//!
//! Guards: only whom policy lets, at the moment of deciding; never the requester; one decision, which stands; it is
//! bound to the scope the approver was shown; nobody says yes to what its requester could not have any more. The decision is committed first and the workflow told after: should the
//! telling fail, reconcile repeats it.

use crate::caller::Caller;
use crate::eligibility::{Approver, approver_eligible, has_approved_as_another, requester_eligible};
use crate::failure::{Failure, Missing};
use crate::first_use::note_first_use;
use crate::note_refusal::note_refusal;
use crate::ports::{Directory, Ledger, Sealer, StoreError, Surroundings, TaskTokens, Workflow};
use crate::tell_workflow::tell_workflow;
use crate::transact::{Done, RACES, load, record};
use jiff::Timestamp;
use stint_domain::ids::RequestId;
use stint_domain::justification::Comment;
use stint_domain::narrowing::Narrowing;
use stint_domain::principal::Authentication;
use stint_domain::request::{AccessRequest, Approval, Decider};
use stint_domain::scope::ScopeHash;
use stint_domain::transition::{Command, Event, Refusal, Step};
use stint_policy::PolicyBundle;
use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Approve,
    Deny,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

#[derive(Debug, Clone)]
pub struct DecideRequest {
    pub request_id: RequestId,
    pub verdict: Verdict,
    pub comment: Option<Comment>,
    /// What the approver was shown; `None` when they named the request by its id alone.
    pub shown: Option<ScopeHash>,
    /// What the approver leaves of it, should it be less. A denial leaves nothing anyway.
    pub narrowing: Narrowing,
}

#[derive(Debug, Error)]
pub enum DecideError {
    #[error("policy does not let this caller decide")]
    NotAllowed { reasons: Vec<String> },
    /// Whoever asked could not have it any more.
    #[error("the requester may not have it any more")]
    RequesterIneligible { reasons: Vec<String> },
    /// They may, and a link is not enough for it.
    #[error("policy does not let anybody decide this who has not signed in")]
    NotSignedIn,
    /// The rules of the request say no; the request is as it was.
    #[error("{0}")]
    Refused(Refusal, Box<AccessRequest>),
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl From<Failure> for DecideError {
    fn from(failure: Failure) -> Self {
        Self::Missing(failure.into())
    }
}

impl From<StoreError> for DecideError {
    fn from(error: StoreError) -> Self {
        Self::Missing(error.into())
    }
}

/// The request as decided, and whether this call decided it.
///
/// # Errors
/// [`DecideError`]; every refusal is in the request's own audit stream.
pub async fn decide_request(
    ledger: &(impl Ledger + TaskTokens),
    directory: &impl Directory,
    (workflow, sealer): (&impl Workflow, &impl Sealer),
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    ask: DecideRequest,
) -> Result<Done, DecideError> {
    let now = surroundings.now();
    for _ in 0..RACES {
        let recorded = load(ledger, ask.request_id).await?;
        let approver = allowed(ledger, directory, policy, caller, &ask, &recorded.request, now).await?;
        let circumstances = caller.circumstances(now, Some(approver.authorization.clone()));
        let command = command(caller, &approver, &ask, &recorded.request);
        let event = match recorded.request.decide(command, now) {
            Ok(Step::Do(event)) => sealed(sealer, &recorded.request, event).await?,
            Ok(Step::Already) => return told(ledger, workflow, Done { recorded, changed: false }).await,
            Err(refusal) => {
                refused(ledger, caller, &ask, &refusal.to_string(), now).await;
                return Err(DecideError::Refused(refusal, Box::new(recorded.request)));
            }
        };
        match record(ledger, &recorded, event, &circumstances).await {
            Ok(recorded) => {
                note_first_use(ledger, &circumstances).await;
                return told(ledger, workflow, Done { recorded, changed: true }).await;
            }
            // What was decided and sealed was about the record as it was: all of it is asked again.
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Conflict.into())
}

async fn told(ledger: &impl TaskTokens, workflow: &impl Workflow, done: Done) -> Result<Done, DecideError> {
    tell_workflow(ledger, workflow, &done.recorded).await;
    Ok(done)
}

/// Whom policy lets decide; and a yes, as long as the requester could have it.
async fn allowed(
    ledger: &impl Ledger,
    directory: &impl Directory,
    policy: &PolicyBundle,
    caller: &Caller,
    ask: &DecideRequest,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<Approver, DecideError> {
    let approver = match may_decide(directory, policy, caller, request, now).await? {
        Ok(approver) => approver,
        Err(reasons) => {
            refused(ledger, caller, ask, "policy does not allow it", now).await;
            let lacks_sign_in = lacks_sign_in(directory, policy, caller, request, now).await?;
            return Err(if lacks_sign_in {
                DecideError::NotSignedIn
            } else {
                DecideError::NotAllowed { reasons }
            });
        }
    };
    if ask.verdict == Verdict::Approve
        && has_approved_as_another(directory, &approver.person, request).await?
    {
        let reasons = vec!["nobody counts twice, by whichever account".to_owned()];
        refused(ledger, caller, ask, "they have approved it by another account", now).await;
        return Err(DecideError::NotAllowed { reasons });
    }
    if ask.verdict == Verdict::Approve && request.progress().is_some() {
        let begins = request.scope.starts_at.map_or(now, |start| start.max(now));
        if let Err(lost) = requester_eligible(directory, policy, request, begins).await? {
            let error = DecideError::RequesterIneligible { reasons: lost.reasons };
            refused(ledger, caller, ask, &error.to_string(), now).await;
            return Err(error);
        }
    }
    Ok(approver)
}

/// Whether policy lets `caller` decide on `request` now; the inner error says why not.
pub async fn may_decide(
    directory: &impl Directory,
    policy: &PolicyBundle,
    caller: &Caller,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<Result<Approver, Vec<String>>, Missing> {
    let who = (&caller.principal, caller.authentication, Some(caller.origin()));
    let may = approver_eligible(directory, policy, who, request, (now, now)).await?;
    Ok(may.map_err(|lost| lost.reasons))
}

/// Whether `caller` could decide on `request`, had they signed in, and by as many factors as a rule may ask for.
///
/// # Errors
/// As [`may_decide`].
pub async fn lacks_sign_in(
    directory: &impl Directory,
    policy: &PolicyBundle,
    caller: &Caller,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<bool, Missing> {
    if caller.authentication.is_signed_in() {
        return Ok(false);
    }
    let signed_in = Caller { authentication: Authentication::MailLinkSignedIn, mfa: true, ..caller.clone() };
    Ok(may_decide(directory, policy, caller, request, now).await?.is_err()
        && may_decide(directory, policy, &signed_in, request, now).await?.is_ok())
}

fn command(caller: &Caller, approver: &Approver, ask: &DecideRequest, request: &AccessRequest) -> Command {
    let by = Decider::Person {
        id: caller.principal.clone(),
        name: approver.person.display_name.clone(),
        authentication: caller.authentication,
        origin: Some(caller.origin()),
    };
    let comment = ask.comment.clone();
    match ask.verdict {
        Verdict::Approve => {
            let scope_hash = ask.shown.clone().unwrap_or_else(|| request.scope.hash());
            let narrowing = ask.narrowing.clone();
            let approval = Approval { comment, narrowing, ..Approval::of(by, scope_hash) };
            Command::Approve { approval, standing: approver.standing.clone() }
        }
        Verdict::Deny => Command::Deny { by, comment },
    }
}

/// With its seal, if it is a yes: about `request` as it is, and in the step that is open in it.
async fn sealed(sealer: &impl Sealer, request: &AccessRequest, mut event: Event) -> Result<Event, Failure> {
    let step = request.progress().map_or(0, |open| open.number);
    let approval = match &mut event {
        Event::Approved { approval } => approval,
        Event::ApprovalGiven { given } => &mut given.approval,
        _ => return Ok(event),
    };
    if let Some(statement) = request.statement(step, approval) {
        approval.seal = Some(sealer.seal(&statement).await?);
    }
    Ok(event)
}

/// Whoever was refused learns so even if that could not be noted: the refusal changed nothing.
async fn refused(ledger: &impl Ledger, caller: &Caller, ask: &DecideRequest, reason: &str, now: Timestamp) {
    let id = ask.request_id;
    if let Err(error) = note_refusal(ledger, caller, id, ask.verdict.as_str(), reason, now).await {
        tracing::error!(request.id = %id, error = &error as &dyn std::error::Error, "a refusal was not noted");
    }
}
