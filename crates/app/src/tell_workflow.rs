//! The workflow is told what has become of the request that it waits for.
//!
//! Guards: it is told what is on record, and after that; should the telling fail, reconcile repeats it.

use crate::failure::Failure;
use crate::ports::{TaskToken, TaskTokens, Wait, Workflow, WorkflowError};
use stint_domain::record::Recorded;
use stint_domain::request::{AccessRequest, RequestState};

/// Answers the token that the workflow waits for, if there is one to answer and something to say.
pub(crate) async fn tell_workflow(tokens: &impl TaskTokens, workflow: &impl Workflow, recorded: &Recorded) {
    let id = recorded.request.scope.request_id;
    if let Err(error) = try_tell_workflow(tokens, workflow, &recorded.request).await {
        tracing::warn!(request.id = %id, error = &error as &dyn std::error::Error, "workflow not told");
    }
}

/// The same, for whoever can try again later. `true` if the workflow took the answer.
pub(crate) async fn try_tell_workflow(
    tokens: &impl TaskTokens,
    workflow: &impl Workflow,
    request: &AccessRequest,
) -> Result<bool, Failure> {
    // Which of them the workflow waits for it knows alone; the others it calls closed. The latest is the likeliest.
    for token in tokens.kept(request.scope.request_id, Wait::Decision).await?.iter().rev() {
        if answered(workflow, token, request).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn answered(
    workflow: &impl Workflow,
    token: &TaskToken,
    request: &AccessRequest,
) -> Result<bool, Failure> {
    let told = match &request.state {
        // It waits again, with another token, once those of the next step have been asked.
        RequestState::Pending(_) if request.has_others_to_ask() => {
            workflow.declined(token, "Stint.AskAgain").await
        }
        RequestState::Pending(_) => return Ok(false),
        RequestState::Approved { .. } => workflow.approved(token).await,
        RequestState::Denied { .. } => workflow.declined(token, "Stint.Denied").await,
        RequestState::Cancelled { .. } => workflow.declined(token, "Stint.Cancelled").await,
        RequestState::Lapsed { .. } => workflow.declined(token, "Stint.Rejected").await,
    };
    match told {
        Ok(()) => Ok(true),
        Err(WorkflowError::Closed) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
