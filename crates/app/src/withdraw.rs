//! The requester steps back: cancels what has not started, or returns what is in use.
//!
//! Guards: only the requester; the removal is on record before anything else; the workflow is stopped last, so that
//! nothing depends on it.

use crate::caller::Caller;
use crate::failure::Missing;
use crate::note_refusal::note_refusal;
use crate::ports::{Expirer, Ledger, Surroundings, TaskTokens, Workflow, WorkflowError};
use crate::tell_workflow::tell_workflow;
use crate::transact::{Done, TransactError, load, transact_from};
use stint_domain::ids::RequestId;
use stint_domain::record::Recorded;
use stint_domain::request::{AccessRequest, RequestState};
use stint_domain::transition::{Command, EndCause, GrantCommand, Refusal};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum WithdrawError {
    #[error("{0}")]
    Refused(Refusal, Box<AccessRequest>),
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl From<TransactError> for WithdrawError {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Refused(refusal, recorded) => Self::Refused(refusal, Box::new(recorded.request)),
            TransactError::Missing(missing) => Self::Missing(missing),
        }
    }
}

/// Withdraws a request that has not been activated.
///
/// # Errors
/// [`Missing::NotFound`] also for somebody else's request.
pub async fn cancel_request(
    ledger: &(impl Ledger + TaskTokens),
    workflow: &impl Workflow,
    surroundings: &impl Surroundings,
    caller: &Caller,
    id: RequestId,
) -> Result<AccessRequest, WithdrawError> {
    let recorded = own(ledger, surroundings, caller, id, "cancel").await?;
    let circumstances = caller.circumstances(surroundings.now(), None);
    let done = transact_from(ledger, recorded, &Command::Cancel, &circumstances).await?;
    match &done.recorded.request.state {
        RequestState::Approved { .. } => stop(workflow, id, "cancelled").await,
        _ => tell_workflow(ledger, workflow, &done.recorded).await,
    }
    Ok(done.recorded.request)
}

/// "I'm done": gives a grant back before its end.
///
/// # Errors
/// [`Missing::NotFound`] also for somebody else's grant.
pub async fn return_grant(
    ledger: &impl Ledger,
    workflow: &impl Workflow,
    expirer: &impl Expirer,
    surroundings: &impl Surroundings,
    caller: &Caller,
    id: RequestId,
) -> Result<AccessRequest, WithdrawError> {
    let recorded = own(ledger, surroundings, caller, id, "return").await?;
    let circumstances = caller.circumstances(surroundings.now(), None);
    let end = Command::Grant(GrantCommand::End(EndCause::Returned));
    let Done { recorded, .. } = transact_from(ledger, recorded, &end, &circumstances).await?;
    finish(workflow, expirer, &recorded.request, "returned").await;
    Ok(recorded.request)
}

/// Has the removal that is on record done at once, and stops the workflow, which has nothing to wait for any more.
pub(crate) async fn finish(
    workflow: &impl Workflow,
    expirer: &impl Expirer,
    request: &AccessRequest,
    cause: &str,
) {
    let id = request.scope.request_id;
    if request.grant().is_some_and(|grant| !grant.is_final())
        && let Err(error) = expirer.expire_now(id).await
    {
        // The removal is on record, so reconcile does it.
        tracing::warn!(request.id = %id, error = &error as &dyn std::error::Error, "expire not invoked");
        return;
    }
    stop(workflow, id, cause).await;
}

pub(crate) async fn own(
    ledger: &impl Ledger,
    surroundings: &impl Surroundings,
    caller: &Caller,
    id: RequestId,
    attempted: &str,
) -> Result<Recorded, Missing> {
    let recorded = load(ledger, id).await?;
    if recorded.request.scope.requester == caller.principal {
        return Ok(recorded);
    }
    note_refusal(ledger, caller, id, attempted, "not the requester", surroundings.now()).await?;
    Err(Missing::NotFound)
}

async fn stop(workflow: &impl Workflow, id: RequestId, cause: &str) {
    match workflow.stop(id, cause).await {
        Ok(()) | Err(WorkflowError::Closed) => {}
        Err(error) => {
            tracing::warn!(request.id = %id, error = &error as &dyn std::error::Error, "workflow not stopped")
        }
    }
}
