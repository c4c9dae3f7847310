//! What an execution is started with.

use crate::ports::WorkflowInput;
use stint_domain::request::AccessRequest;

/// Always the same for the same request, because a start is repeated until one has taken, and Step Functions tells a
/// repeat from a clash by the input.
pub(crate) fn workflow_input(request: &AccessRequest) -> WorkflowInput {
    let wait = request.decide_by.as_second() - request.submitted_at.as_second();
    WorkflowInput {
        request_id: request.scope.request_id,
        wait_seconds: u32::try_from(wait).unwrap_or(1).max(1),
        starts_at: request.scope.starts_at,
    }
}
