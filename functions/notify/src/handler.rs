//! The task's contract. Executions outlive deployments: fields are added, never renamed, and unknown ones ignored.

use serde::Deserialize;
use serde_json::Value;
use stint_app::notify_approvers::notify_approvers;
use stint_app::ports::{
    ApprovalLinks, Directory, Ledger, Mailer, Sealer, Surroundings, TaskToken, TaskTokens, Workflow,
};
use stint_edge::task_error::{TaskError, read};
use stint_policy::PolicyBundle;

/// It has no `Debug`, because of the token.
#[derive(Deserialize)]
struct Task {
    request_id: String,
    /// Left out by the sweep.
    task_token: Option<String>,
}

pub(crate) struct Deps<L, D, W, M, K, S> {
    pub(crate) store: L,
    pub(crate) directory: D,
    pub(crate) workflow: W,
    pub(crate) mailer: M,
    pub(crate) sealer: K,
    pub(crate) surroundings: S,
    pub(crate) policy: PolicyBundle,
    pub(crate) public_url: String,
}

pub(crate) async fn handle<L, D, W, M, K, S>(
    deps: &Deps<L, D, W, M, K, S>,
    event: Value,
) -> Result<(), TaskError>
where
    L: Ledger + TaskTokens + ApprovalLinks,
    D: Directory,
    W: Workflow,
    M: Mailer,
    K: Sealer,
    S: Surroundings,
{
    let task: Task = read(event)?;
    let request_id = task.request_id.parse()?;
    let token = task.task_token.map(TaskToken::new);
    let Deps { store, directory, workflow, mailer, sealer, surroundings, policy, public_url } = deps;
    notify_approvers(
        store,
        directory,
        workflow,
        (mailer, sealer),
        policy,
        surroundings,
        public_url,
        request_id,
        token.as_ref(),
    )
    .await?;
    tracing::info!(request.id = %request_id, outcome = "notified", "approvers asked");
    Ok(())
}
