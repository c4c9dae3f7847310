//! What should have happened by now and has not.

use crate::end_access::{EndAccess, EndError, end_access};
use crate::failure::Failure;
use crate::ports::{ExecutionStatus, Ledger, Provider, Surroundings, TaskTokens, Workflow, WorkflowError};
use crate::tell_workflow::{tell_workflow, try_tell_workflow};
use crate::transact::{TransactError, transact};
use crate::workflow_input::workflow_input;
use jiff::Timestamp;
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_domain::record::Circumstances;
use stint_domain::request::{AccessRequest, RequestState};
use stint_domain::transition::{Command, EndCause};

pub(super) async fn mend(
    ledger: &(impl Ledger + TaskTokens),
    provider: &impl Provider,
    workflow: &impl Workflow,
    surroundings: &impl Surroundings,
    request: &AccessRequest,
) -> Result<(), EndError> {
    let (id, now) = (request.scope.request_id, surroundings.now());
    let Some(cause) = (match &request.state {
        // The index lags: it has moved on since.
        _ if request.access_due_at().is_none_or(|due| due > now) => None,
        RequestState::Pending { .. } if now >= request.decide_by => Some(EndCause::Overdue),
        RequestState::Pending(_) if request.next_turn().is_some_and(|turn| turn.at <= now) => {
            waited(ledger, workflow, id, now).await?;
            None
        }
        RequestState::Pending(_) if request.has_others_to_ask() => {
            ended_workflow(resumed(ledger, workflow, request).await?)
        }
        RequestState::Pending(_) => ended_workflow(restarted(workflow, request).await?),
        RequestState::Approved { grant, .. } => match grant {
            GrantState::Scheduled => ended_workflow(resumed(ledger, workflow, request).await?),
            GrantState::Activating { window, .. } if !window.is_over(now) => {
                ended_workflow(workflow.status(id).await.map_err(Failure::from)?)
            }
            _ => Some(EndCause::Overdue),
        },
        _ => None,
    }) else {
        return Ok(());
    };
    let ask = EndAccess { request_id: id, cause, component: "reconcile" };
    match end_access(ledger, provider, surroundings, &ask).await {
        // What finishes it at the target closes it, and if not, the next sweep does.
        Ok(_) | Err(EndError::UnderWay) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Nobody has answered for long enough: what follows from that is put on record, and mailed by the workflow.
async fn waited(
    ledger: &(impl Ledger + TaskTokens),
    workflow: &impl Workflow,
    id: RequestId,
    now: Timestamp,
) -> Result<(), EndError> {
    match transact(ledger, id, &Command::Wait, &Circumstances::of_component("reconcile", now)).await {
        Ok(done) => tell_workflow(ledger, workflow, &done.recorded).await,
        // Decided meanwhile.
        Err(TransactError::Refused(..)) => {}
        Err(TransactError::Missing(missing)) => return Err(missing.into()),
    }
    Ok(())
}

/// A workflow that is over will do nothing more for this request.
const fn ended_workflow(status: ExecutionStatus) -> Option<EndCause> {
    match status {
        ExecutionStatus::Closed => Some(EndCause::WorkflowEnded),
        ExecutionStatus::Running | ExecutionStatus::Unknown => None,
    }
}

/// Starting what runs already does no harm, so nobody has to ask first.
async fn restarted(workflow: &impl Workflow, request: &AccessRequest) -> Result<ExecutionStatus, Failure> {
    match workflow.start(&workflow_input(request)).await {
        Ok(()) => Ok(ExecutionStatus::Running),
        Err(WorkflowError::Closed) => Ok(ExecutionStatus::Closed),
        Err(error) => Err(error.into()),
    }
}

/// An approval that the workflow may not have heard of.
async fn resumed(
    tokens: &impl TaskTokens,
    workflow: &impl Workflow,
    request: &AccessRequest,
) -> Result<ExecutionStatus, Failure> {
    if try_tell_workflow(tokens, workflow, request).await? {
        return Ok(ExecutionStatus::Running);
    }
    match workflow.status(request.scope.request_id).await.map_err(Failure::from)? {
        ExecutionStatus::Unknown => restarted(workflow, request).await,
        known => Ok(known),
    }
}
