//! What should have happened and has not: found by the timetable, and done.
//!
//! Guards I1 and I6 without any help from the workflow: it starts what was not started, tells what was not told, and
//! ends what should be over. One broken request does not hold up the others.

use crate::decide_request::try_tell_workflow;
use crate::end_access::{EndAccess, EndError, end_access};
use crate::failure::Failure;
use crate::ports::{
    DUE_SHARDS, ExecutionStatus, Leases, Ledger, Provider, Register, Surroundings, TaskTokens, Workflow,
    WorkflowError,
};
use crate::transact::load;
use crate::workflow_input::workflow_input;
use jiff::SignedDuration;
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_domain::request::{AccessRequest, RequestState};
use stint_domain::transition::EndCause;

/// How long a sweep may hold the lease, in seconds: just under the minute between two sweeps.
const LEASE_SECONDS: i64 = 55;

/// How long a sweep takes up new work, in seconds, so that it ends before its lease does.
const WORK_SECONDS: i64 = 40;

/// How many of a shard's due requests one sweep looks at.
const SHARD_LIMIT: u32 = 100;

#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub struct Swept {
    pub examined: u32,
    pub failed: u32,
    /// Removals among the failed: each is worth a page to somebody.
    pub removals_failed: u32,
}

/// One sweep over everything due; `None` if another one is at it.
///
/// # Errors
/// Only if the timetable itself cannot be read; what fails for one request is logged and counted.
pub async fn reconcile(
    ledger: &(impl Ledger + TaskTokens + Register + Leases),
    provider: &impl Provider,
    workflow: &impl Workflow,
    surroundings: &impl Surroundings,
    holder: &str,
) -> Result<Option<Swept>, Failure> {
    let began = surroundings.now();
    let after = |seconds| began.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(began);
    if !ledger.acquire("reconcile", holder, began, after(LEASE_SECONDS)).await? {
        return Ok(None);
    }
    let mut swept = Swept::default();
    for shard in 0..DUE_SHARDS {
        for id in ledger.due(shard, began, SHARD_LIMIT).await? {
            if surroundings.now() >= after(WORK_SECONDS) {
                return Ok(Some(swept));
            }
            swept.examined += 1;
            if let Err(error) = mend(ledger, provider, workflow, surroundings, id).await {
                swept.failed += 1;
                swept.removals_failed += u32::from(matches!(error, EndError::RemovalFailed(_)));
                tracing::warn!(request.id = %id, error = &error as &dyn std::error::Error, "not mended");
            }
        }
    }
    Ok(Some(swept))
}

async fn mend(
    ledger: &(impl Ledger + TaskTokens),
    provider: &impl Provider,
    workflow: &impl Workflow,
    surroundings: &impl Surroundings,
    id: RequestId,
) -> Result<(), EndError> {
    let request = load(ledger, id).await?.request;
    let now = surroundings.now();
    let Some(cause) = (match &request.state {
        // The index lags: it has moved on since.
        _ if request.due_at().is_none_or(|due| due > now) => None,
        RequestState::Pending { .. } if now >= request.decide_by => Some(EndCause::Overdue),
        RequestState::Pending { .. } => ended_workflow(restarted(workflow, &request).await?),
        RequestState::Approved { grant, .. } => match grant {
            GrantState::Scheduled => ended_workflow(resumed(ledger, workflow, &request).await?),
            GrantState::Activating { window, .. } if !window.is_over(now) => {
                ended_workflow(workflow.status(id).await.map_err(Failure::from)?)
            }
            _ => Some(EndCause::Overdue),
        },
        _ => None,
    }) else {
        return Ok(());
    };
    end_access(ledger, provider, surroundings, &EndAccess { request_id: id, cause, component: "reconcile" })
        .await?;
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
