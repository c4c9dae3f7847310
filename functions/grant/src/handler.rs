//! The task's contract. Executions outlive deployments: fields are added, never renamed, and unknown ones ignored.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stint_app::activate_grant::{ActivateError, activate_grant};
use stint_app::ports::{Directory, Ledger, Provider, Seals, Surroundings};
use stint_edge::emf::{Metric, count};
use stint_edge::task_error::{TaskError, read};
use stint_policy::PolicyBundle;

#[derive(Deserialize)]
struct Task {
    request_id: String,
}

#[derive(Serialize)]
pub(crate) struct Activated {
    /// RFC 3339, a whole second: a wait drops fractions.
    ends_at: String,
}

pub(crate) struct Deps<L, P, D, K, S> {
    pub(crate) store: L,
    pub(crate) provider: P,
    pub(crate) directory: D,
    pub(crate) seals: K,
    pub(crate) surroundings: S,
    pub(crate) policy: PolicyBundle,
}

pub(crate) async fn handle<L: Ledger, P: Provider, D: Directory, K: Seals, S: Surroundings>(
    deps: &Deps<L, P, D, K, S>,
    event: Value,
) -> Result<Activated, TaskError> {
    let task: Task = read(event)?;
    let request_id = task.request_id.parse()?;
    let Deps { store, provider, directory, seals, surroundings, policy } = deps;
    match activate_grant(store, provider, (directory, seals), policy, surroundings, request_id).await {
        Ok(ends_at) => {
            tracing::info!(request.id = %request_id, outcome = "active", "granted");
            count(Metric::GrantActivated, surroundings.now());
            Ok(Activated { ends_at: ends_at.to_string() })
        }
        Err(ActivateError::NotYet) => Err(TaskError::NotYet),
        Err(ActivateError::InUse(_)) => Err(TaskError::InUse),
        Err(error @ ActivateError::Rejected { .. }) => {
            count(Metric::ActivationFailed, surroundings.now());
            Err(TaskError::Rejected(Box::new(error)))
        }
        Err(error @ ActivateError::NotSealed) => {
            tracing::error!(request.id = %request_id, outcome = "denied", "an approval on record was given by nobody");
            count(Metric::ApprovalForged, surroundings.now());
            Err(TaskError::Rejected(Box::new(error)))
        }
        Err(ActivateError::Missing(missing)) => Err(missing.into()),
    }
}
