//! Access ends: at the end of its window, early, or because something died. Whatever state the request is in, this
//! brings it to its final one.
//!
//! Guards I1 and I6. Removal never waits: not for policy, mail or eligibility, and if the intent cannot be put on
//! record the target is cleaned all the same. It is closed only with a receipt, and only when no activation can still
//! be on its way.

use crate::artefact::artefact;
use crate::failure::{Failure, Missing};
use crate::ports::{Artefact, Ledger, Provider, ProviderError, Sighting, StoreError, Surroundings};
use crate::transact::{Done, TransactError, load, record, transact, transact_from};
use jiff::Timestamp;
use stint_domain::grant::{Evidence, GrantState};
use stint_domain::ids::RequestId;
use stint_domain::record::{Circumstances, Recorded};
use stint_domain::request::RequestState;
use stint_domain::transition::{Command, EndCause, GrantCommand, LapseReason, Refusal, Step};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum EndError {
    /// Not before the end of the window, and whoever called has no authority to end it early.
    #[error("the window is still open")]
    WindowOpen,
    /// Removed, but an activation may still be on its way: come back then.
    #[error("an activation may be on its way until {settles_at}")]
    NotSettled { settles_at: Timestamp },
    /// The target is at it, and what finishes it there comes back.
    #[error("the removal is under way")]
    UnderWay,
    /// On record, counted and alarmed; come back and try again.
    #[error("the removal failed: {0}")]
    RemovalFailed(String),
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl From<Failure> for EndError {
    fn from(failure: Failure) -> Self {
        Self::Missing(failure.into())
    }
}

impl From<StoreError> for EndError {
    fn from(error: StoreError) -> Self {
        Self::Missing(error.into())
    }
}

impl From<TransactError> for EndError {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Refused(Refusal::WindowOpen, _) => Self::WindowOpen,
            TransactError::Refused(Refusal::NotSettled { settles_at }, _) => Self::NotSettled { settles_at },
            TransactError::Refused(..) => Failure::Transient(Box::new(error)).into(),
            TransactError::Missing(missing) => Self::Missing(missing),
        }
    }
}

/// Who ends it, and why.
#[derive(Debug, Clone)]
pub struct EndAccess {
    pub request_id: RequestId,
    pub cause: EndCause,
    /// The function that does it, for the audit.
    pub component: &'static str,
}

/// The final record, and whether this call brought it there.
///
/// # Errors
/// [`EndError`]; all of them are worth coming back for, and [`EndError::WindowOpen`] only when the window is over.
pub async fn end_access(
    ledger: &impl Ledger,
    provider: &impl Provider,
    surroundings: &impl Surroundings,
    ask: &EndAccess,
) -> Result<Done, EndError> {
    let recorded = load(ledger, ask.request_id).await?;
    let circumstances = Circumstances::of_component(ask.component, surroundings.now());
    match &recorded.request.state {
        RequestState::Pending { .. } => lapse(ledger, recorded, &circumstances).await,
        RequestState::Approved { .. } => end_grant(ledger, provider, surroundings, recorded, ask).await,
        RequestState::Denied { .. } | RequestState::Cancelled { .. } | RequestState::Lapsed { .. } => {
            Ok(Done { recorded, changed: false })
        }
    }
}

async fn lapse(
    ledger: &impl Ledger,
    recorded: Recorded,
    circumstances: &Circumstances,
) -> Result<Done, EndError> {
    // Before the deadline it can only be that the workflow died or could not ask anybody.
    let in_time = circumstances.at < recorded.request.decide_by;
    let because = if in_time { LapseReason::WorkflowEnded } else { LapseReason::NobodyDecidedInTime };
    Ok(transact_from(ledger, recorded, &Command::Lapse { because }, circumstances).await?)
}

async fn end_grant(
    ledger: &impl Ledger,
    provider: &impl Provider,
    surroundings: &impl Surroundings,
    recorded: Recorded,
    ask: &EndAccess,
) -> Result<Done, EndError> {
    let circumstances = Circumstances::of_component(ask.component, surroundings.now());
    let before = recorded.head.clone();
    let (recorded, unrecorded) = intend(ledger, recorded, &ask.cause, &circumstances).await?;
    // The grant's end, and not the request's: that may wait for a review.
    if unrecorded.is_none() && recorded.request.grant().is_some_and(GrantState::is_final) {
        let changed = recorded.head != before;
        return Ok(Done { recorded, changed });
    }
    let taken = recorded.request.grant().is_some_and(GrantState::was_taken);
    let seen = remove(provider, surroundings, &artefact(&recorded.request)?, taken).await;
    if let Some(error) = unrecorded {
        return Err(error.into());
    }
    let circumstances = Circumstances::of_component(ask.component, surroundings.now());
    match seen {
        Ok(Seen::UnderWay { looked_at }) => under_way(ledger, recorded, looked_at, &circumstances).await,
        Ok(Seen::Over(evidence)) => {
            let confirm = Command::Grant(GrantCommand::ConfirmRemoval(evidence));
            Ok(transact_from(ledger, recorded, &confirm, &circumstances).await?)
        }
        Err(NotRemoved { error, taken }) => {
            let report = GrantCommand::ReportRemovalFailure { error: error.clone(), taken };
            let report = Command::Grant(report);
            transact_from(ledger, recorded, &report, &circumstances).await?;
            Err(EndError::RemovalFailed(error))
        }
    }
}

/// What goes on by itself is waited for, and reported once it should have been done.
async fn under_way(
    ledger: &impl Ledger,
    recorded: Recorded,
    looked_at: String,
    circumstances: &Circumstances,
) -> Result<Done, EndError> {
    if !recorded.request.grant().is_some_and(|grant| grant.removal_is_late(circumstances.at)) {
        return Err(EndError::UnderWay);
    }
    let error = format!("still under way: {looked_at}");
    let report = GrantCommand::ReportRemovalFailure { error: error.clone(), taken: false };
    transact_from(ledger, recorded, &Command::Grant(report), circumstances).await?;
    Err(EndError::RemovalFailed(error))
}

/// What the target showed after it was told to let go.
enum Seen {
    Over(Evidence),
    UnderWay { looked_at: String },
}

/// Puts the intent on record. If the ledger cannot take it now, or others are faster each time, that is handed back rather
/// than returned, because the target is cleaned first and complained about later.
async fn intend(
    ledger: &impl Ledger,
    recorded: Recorded,
    cause: &EndCause,
    circumstances: &Circumstances,
) -> Result<(Recorded, Option<Missing>), EndError> {
    let mut recorded = recorded;
    for command in [GrantCommand::End(*cause), GrantCommand::RetryRemoval] {
        match commit_intent(ledger, &recorded, Command::Grant(command), circumstances).await? {
            Intent::Unchanged => {}
            Intent::Recorded(after) => recorded = *after,
            Intent::Unrecorded(error) => return Ok((recorded, Some(error))),
        }
    }
    Ok((recorded, None))
}

enum Intent {
    Unchanged,
    Recorded(Box<Recorded>),
    Unrecorded(Missing),
}

async fn commit_intent(
    ledger: &impl Ledger,
    recorded: &Recorded,
    command: Command,
    circumstances: &Circumstances,
) -> Result<Intent, EndError> {
    match recorded.request.decide(command.clone(), circumstances.at) {
        Ok(Step::Already) => Ok(Intent::Unchanged),
        Err(refusal) => Err(TransactError::Refused(refusal, Box::new(recorded.clone())).into()),
        Ok(Step::Do(event)) => match record(ledger, recorded, event, circumstances).await {
            Ok(after) => Ok(Intent::Recorded(Box::new(after))),
            Err(StoreError::Conflict) => {
                let id = recorded.request.scope.request_id;
                match transact(ledger, id, &command, circumstances).await {
                    Ok(done) => Ok(Intent::Recorded(Box::new(done.recorded))),
                    Err(TransactError::Missing(error)) => Ok(Intent::Unrecorded(error)),
                    Err(refused) => Err(refused.into()),
                }
            }
            Err(error) => Ok(Intent::Unrecorded(error.into())),
        },
    }
}

/// Why there is no proof yet.
struct NotRemoved {
    error: String,
    /// The target has said that it let go; it was the look at it that failed.
    taken: bool,
}

/// Takes the artefact away and reads the target back. What an earlier attempt has `taken` has only to be seen to be
/// gone: where IAM's rate is what everybody waits for, taking it once more would cost somebody else's turn.
async fn remove(
    provider: &impl Provider,
    surroundings: &impl Surroundings,
    artefact: &Artefact,
    taken: bool,
) -> Result<Seen, NotRemoved> {
    if taken && let Sighting::Over(evidence) = look(provider, surroundings, artefact).await? {
        return Ok(Seen::Over(evidence));
    }
    let taken = provider.deactivate(artefact, surroundings.now()).await;
    taken.map_err(|error| NotRemoved { error: said(error), taken: false })?;
    match look(provider, surroundings, artefact).await? {
        Sighting::Over(evidence) => Ok(Seen::Over(evidence)),
        Sighting::UnderWay { looked_at } => Ok(Seen::UnderWay { looked_at }),
        Sighting::StillThere { looked_at } => {
            Err(NotRemoved { error: format!("still there: {looked_at}"), taken: false })
        }
    }
}

async fn look(
    provider: &impl Provider,
    surroundings: &impl Surroundings,
    artefact: &Artefact,
) -> Result<Sighting, NotRemoved> {
    let seen = provider.verify_removed(artefact, surroundings.now()).await;
    seen.map_err(|error| NotRemoved { error: said(error), taken: true })
}

fn said(error: ProviderError) -> String {
    match error {
        ProviderError::Refused { reason, .. } => reason,
        error @ ProviderError::Unavailable(_) => error.to_string(),
    }
}
