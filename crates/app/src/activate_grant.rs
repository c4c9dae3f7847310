//! What was approved is given.
//!
//! Guards I2 and I3: the approval is checked against the scope's hash and by its seals, whether the requester may still have
//! it, and whether whoever approved it still may; every attempt is on record before the target is touched, and the outcome
//! after. A window, once recorded, is what every later attempt uses.

use crate::artefact::artefact;
use crate::custody::turn;
use crate::eligibility::{
    Lost, approval_is_genuine, approvers_hold, engaged, requester_eligible, window_is_genuine,
};
use crate::extend_grant::hand_over;
use crate::failure::{Failure, Missing};
use crate::ports::{Directory, Ledger, Provider, ProviderError, Seals, Surroundings};
use crate::transact::{Done, TransactError, load, transact_from};
use jiff::Timestamp;
use stint_domain::custody::Occupied;
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_domain::record::{Circumstances, Recorded};
use stint_domain::request::AccessRequest;
use stint_domain::transition::{Command, EndCause, GrantCommand, Refusal};
use stint_domain::window::{Window, whole_second};
use stint_policy::PolicyBundle;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum ActivateError {
    #[error("the grant starts later")]
    NotYet,
    /// Somebody else has the credential, or is to have it before.
    #[error("the credential is in use: {0}")]
    InUse(Occupied),
    /// It will never be given; whatever may have been made has to be removed.
    #[error("the grant will not be activated: {reason}")]
    Rejected { reason: String },
    /// Somebody has written an approval to the record that nobody gave.
    #[error("the grant will not be activated: nobody has approved it whose approval can be proven")]
    NotSealed,
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl From<TransactError> for ActivateError {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Refused(Refusal::NotYet { .. }, _) => Self::NotYet,
            TransactError::Refused(refusal, _) => Self::Rejected { reason: refusal.to_string() },
            TransactError::Missing(missing) => Self::Missing(missing),
        }
    }
}

/// When access ends.
///
/// # Errors
/// [`ActivateError`]; after [`Missing::Failure`] the target may or may not have been touched, and a repeat is safe.
pub async fn activate_grant(
    ledger: &impl Ledger,
    provider: &impl Provider,
    (directory, seals): (&impl Directory, &impl Seals),
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    id: RequestId,
) -> Result<Timestamp, ActivateError> {
    let recorded = load(ledger, id).await?;
    still_approved(ledger, directory, seals, policy, surroundings, &recorded).await?;
    let Some(extended) = recorded.request.scope.extends else {
        return give(ledger, provider, surroundings, recorded).await;
    };
    hand_over(ledger, surroundings, recorded, extended).await?;
    let recorded = load(ledger, extended).await?;
    still_approved(ledger, directory, seals, policy, surroundings, &recorded).await?;
    give(ledger, provider, surroundings, recorded).await?;
    // Nothing is left to do for the extension itself.
    Ok(whole_second(surroundings.now()))
}

/// Makes what was approved at the target, or dates it anew after an extension. When access ends.
async fn give(
    ledger: &impl Ledger,
    provider: &impl Provider,
    surroundings: &impl Surroundings,
    recorded: Recorded,
) -> Result<Timestamp, ActivateError> {
    queue(ledger, surroundings, &recorded).await?;
    let begin = Command::Grant(GrantCommand::BeginActivation);
    let Done { recorded, changed } =
        transact_from(ledger, recorded, &begin, &circumstances(surroundings)).await?;
    if !changed {
        return Ok(window_of(&recorded)?.ends_at());
    }
    let artefact = artefact(&recorded.request).map_err(Missing::from)?;
    match provider.activate(&artefact).await {
        Ok(()) => {
            let confirm = Command::Grant(GrantCommand::ConfirmActivation);
            let done = transact_from(ledger, recorded, &confirm, &circumstances(surroundings)).await?;
            Ok(window_of(&done.recorded)?.ends_at())
        }
        Err(ProviderError::Refused { reason, cause }) => {
            let id = recorded.request.scope.request_id;
            tracing::warn!(request.id = %id, error = &*cause as &dyn std::error::Error, "activation refused");
            let abandon = Command::Grant(GrantCommand::AbandonActivation { reason: reason.clone() });
            let done = transact_from(ledger, recorded, &abandon, &circumstances(surroundings)).await?;
            match done.recorded.request.grant() {
                // Only the later end was refused: it is active as it was before.
                Some(GrantState::Active { window, .. }) => Ok(window.ends_at()),
                _ => Err(ActivateError::Rejected { reason }),
            }
        }
        Err(error) => Err(Missing::from(Failure::from(error)).into()),
    }
}

/// Whoever wants what only one can have waits for their turn. What has a start of its own queues no earlier than that.
async fn queue(
    ledger: &impl Ledger,
    surroundings: &impl Surroundings,
    recorded: &Recorded,
) -> Result<(), ActivateError> {
    let (request, now) = (&recorded.request, surroundings.now());
    let waits = matches!(request.grant(), Some(GrantState::Scheduled))
        && request.scope.starts_at.is_none_or(|start| start <= now);
    match request.scope.access.vaulted() {
        Some(secret) if waits => {
            let turn = turn(ledger, request, secret, now).await.map_err(Missing::from)?;
            turn.map_err(ActivateError::InUse)
        }
        _ => Ok(()),
    }
}

/// Whoever may not have it any more does not get it, nor what nobody approved or would approve any more, and the grant is
/// over. All of it is asked at every attempt until one is confirmed, since a record can say that there has been one; that it
/// was approved, after that as well.
async fn still_approved(
    ledger: &impl Ledger,
    directory: &impl Directory,
    seals: &impl Seals,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    recorded: &Recorded,
) -> Result<(), ActivateError> {
    let request = &recorded.request;
    let gives = |grant: &GrantState| {
        matches!(grant, GrantState::Scheduled | GrantState::Activating { .. } | GrantState::Active { .. })
    };
    if !request.grant().is_some_and(gives) {
        return Ok(());
    }
    let (proofs, now) = ((directory, seals), surroundings.now());
    let mut lost = approval_is_genuine(proofs, policy, request).await.map_err(Missing::from)?.err();
    if lost.is_none() {
        lost = window_is_genuine(ledger, proofs, policy, request, now).await?.err();
    }
    let given = matches!(request.grant(), Some(GrantState::Active { .. }));
    if lost.is_none() && !given {
        lost = not_eligible(ledger, directory, policy, surroundings, request).await?;
    }
    let Some(lost) = lost else { return Ok(()) };
    let end = Command::Grant(GrantCommand::End(lost.cause));
    let circumstances = Circumstances { authorization: lost.authorization, ..circumstances(surroundings) };
    transact_from(ledger, recorded.clone(), &end, &circumstances).await?;
    Err(match lost.cause {
        EndCause::NotSealed => ActivateError::NotSealed,
        cause => ActivateError::Rejected { reason: refused(cause).to_owned() },
    })
}

/// Why it may not be given any more, if it may not: of the requester first, then of the approvers.
async fn not_eligible(
    ledger: &impl Ledger,
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    request: &AccessRequest,
) -> Result<Option<Lost>, Missing> {
    let now = surroundings.now();
    if let Err(lost) = requester_eligible(directory, policy, request, now).await? {
        return Ok(Some(lost));
    }
    if let Some(cause) = outlasted(ledger, directory, request).await? {
        return Ok(Some(Lost { cause, reasons: Vec::new(), authorization: None }));
    }
    Ok(approvers_hold(directory, policy, request, now).await?.err())
}

/// An extension must not carry the grant past what its requester is engaged for.
async fn outlasted(
    ledger: &impl Ledger,
    directory: &impl Directory,
    request: &AccessRequest,
) -> Result<Option<EndCause>, Missing> {
    let Some(extended) = request.scope.extends else { return Ok(None) };
    let earlier = load(ledger, extended).await?.request;
    let longer = earlier.grant().and_then(GrantState::window);
    let longer = longer.and_then(|window| window.extended(request.allowance().duration).ok());
    let person = directory.person(&request.scope.requester).await.map_err(Failure::from)?;
    match (longer, person) {
        (Some(window), Some(person)) => Ok(engaged(directory, &person, window.ends_at()).await?.err()),
        // Whoever extends finds out what is wrong with it.
        _ => Ok(None),
    }
}

const fn refused(cause: EndCause) -> &'static str {
    match cause {
        EndCause::SponsorGone => "nobody answers for the requester any more",
        EndCause::ContractOver => "the requester's contract ends before the access would",
        EndCause::ApproverIneligible => "whoever approved it may not approve it any more",
        EndCause::NotApprovedByPolicy => "policy does not approve it at once any more",
        _ => "the requester may not have it any more",
    }
}

fn circumstances(surroundings: &impl Surroundings) -> Circumstances {
    Circumstances::of_component("grant", surroundings.now())
}

fn window_of(recorded: &Recorded) -> Result<Window, Missing> {
    let window = recorded.request.grant().and_then(|grant| grant.window());
    Ok(*window.ok_or(Failure::Bug("an activating grant has no window"))?)
}
