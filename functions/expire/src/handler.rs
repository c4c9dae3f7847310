//! The task's contract. Executions outlive deployments: fields are added, never renamed, and unknown ones ignored.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stint_app::end_access::{EndAccess, EndError, end_access};
use stint_app::ports::{Ledger, Provider, Surroundings};
use stint_domain::BadInput;
use stint_domain::grant::{EndedBy, GrantState};
use stint_domain::ids::RequestId;
use stint_domain::request::AccessRequest;
use stint_domain::transition::EndCause;
use stint_edge::emf::{Metric, count, measure};
use stint_edge::task_error::{TaskError, read};

#[derive(Deserialize)]
struct Task {
    /// Also the name of an execution, which is the request's id or that and a number.
    request_id: String,
    #[serde(default)]
    trigger: Trigger,
}

/// Who called. Something unheard of is taken for the workflow, which has the least authority.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Trigger {
    Returned,
    Execution,
    #[default]
    #[serde(other)]
    Workflow,
}

#[derive(Serialize)]
pub(crate) struct Ended {
    state: &'static str,
}

pub(crate) async fn handle(
    ledger: &impl Ledger,
    provider: &impl Provider,
    surroundings: &impl Surroundings,
    event: Value,
) -> Result<Ended, TaskError> {
    let task: Task = read(event)?;
    let request_id = request_id(&task.request_id)?;
    let cause = match task.trigger {
        Trigger::Workflow => EndCause::WindowOver,
        Trigger::Returned => EndCause::Returned,
        Trigger::Execution => EndCause::WorkflowEnded,
    };
    let ask = EndAccess { request_id, cause, component: "expire" };
    match end_access(ledger, provider, surroundings, &ask).await {
        Ok(done) => {
            let request = &done.recorded.request;
            tracing::info!(request.id = %request_id, outcome = request.state.name(), "ended");
            if done.changed {
                note(request, surroundings.now());
            }
            Ok(Ended { state: request.grant().map_or(request.state.name(), |grant| grant.name()) })
        }
        Err(EndError::WindowOpen) => Err(TaskError::WindowMoved),
        Err(EndError::UnderWay) => match task.trigger {
            Trigger::Workflow => Err(TaskError::Rotating),
            // Nobody waits for the answer; whoever finishes it closes it.
            Trigger::Returned | Trigger::Execution => Ok(Ended { state: "DEACTIVATING" }),
        },
        Err(error @ EndError::NotSettled { .. }) => Err(TaskError::Transient(Box::new(error))),
        Err(error @ EndError::RemovalFailed(_)) => {
            count(Metric::RemovalFailed, surroundings.now());
            Err(TaskError::Transient(Box::new(error)))
        }
        Err(EndError::Missing(missing)) => Err(missing.into()),
    }
}

/// Only what this call ended is counted: a repeat finds it over.
fn note(request: &AccessRequest, now: Timestamp) {
    match request.grant() {
        None => count(Metric::RequestLapsed, now),
        Some(grant) => {
            count(Metric::GrantEnded, now);
            if let (GrantState::Ended { ended_by: EndedBy::Expired, .. }, Some(window)) =
                (grant, grant.window())
            {
                measure(Metric::ExpiryLagMs, now.as_millisecond() - window.ends_at().as_millisecond(), now);
            }
        }
    }
}

/// The id in an execution's name: a restarted one has a number after it.
fn request_id(name: &str) -> Result<RequestId, BadInput> {
    let restarted =
        name.rsplit_once('-').filter(|(_, n)| n.len() <= 4 && n.bytes().all(|b| b.is_ascii_digit()));
    restarted.map_or(name, |(id, _)| id).parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restarted_executions_name_leads_to_its_request() {
        let id = "req-01980000000070008000000000000001";
        assert_eq!(request_id(id).unwrap().to_string(), id);
        assert_eq!(request_id(&format!("{id}-2")).unwrap().to_string(), id);
        assert!(request_id("req-2").is_err());
    }
}
