//! Who may not have any more what they have.
//!
//! Guards: a directory that does not answer takes nothing from anybody.

use crate::eligibility::requester_eligible;
use crate::end_access::{EndAccess, EndError, end_access};
use crate::ports::{Directory, Ledger, Provider, Surroundings, Workflow, WorkflowError};
use crate::transact::load;
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_domain::transition::EndCause;
use stint_policy::PolicyBundle;

/// Ends the grant if its requester could not ask for it any more. `true` if it did.
pub(super) async fn check(
    ledger: &impl Ledger,
    provider: &impl Provider,
    workflow: &impl Workflow,
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    id: RequestId,
) -> Result<bool, EndError> {
    let request = load(ledger, id).await?.request;
    let active = matches!(request.grant(), Some(GrantState::Active { .. }));
    if !active || requester_eligible(directory, policy, &request, surroundings.now()).await?.is_ok() {
        return Ok(false);
    }
    let ask = EndAccess { request_id: id, cause: EndCause::Ineligible, component: "reconcile" };
    end_access(ledger, provider, surroundings, &ask).await?;
    match workflow.stop(id, "the requester may not have it any more").await {
        Ok(()) | Err(WorkflowError::Closed) => {}
        Err(error) => {
            tracing::warn!(request.id = %id, error = &error as &dyn std::error::Error, "workflow not stopped")
        }
    }
    Ok(true)
}
