//! One sweep, and what it found, as metrics.

use serde::Serialize;
use stint_app::ports::{
    Bookmarks, Directory, Inventory, Leases, Ledger, Provider, Register, Surroundings, TaskTokens, Workflow,
};
use stint_app::reconcile::{Swept, reconcile};
use stint_edge::emf::{Metric, measure};
use stint_edge::task_error::TaskError;
use stint_policy::PolicyBundle;

#[derive(Serialize)]
pub(crate) struct Report {
    examined: u32,
    failed: u32,
    /// Another sweep was at it.
    skipped: bool,
}

pub(crate) struct Deps<L, P, W, D, S> {
    pub(crate) store: L,
    pub(crate) provider: P,
    pub(crate) workflow: W,
    pub(crate) directory: D,
    pub(crate) surroundings: S,
    pub(crate) policy: PolicyBundle,
}

pub(crate) async fn handle<L, P, W, D, S>(
    deps: &Deps<L, P, W, D, S>,
    invocation: String,
) -> Result<Report, TaskError>
where
    L: Ledger + TaskTokens + Register + Leases + Bookmarks,
    P: Provider + Inventory,
    W: Workflow,
    D: Directory,
    S: Surroundings,
{
    let Deps { store, provider, workflow, directory, surroundings, policy } = deps;
    let swept = reconcile(store, provider, workflow, directory, policy, surroundings, &invocation).await?;
    let Swept { examined, failed, removals_failed, ineligible, strays, altered } = swept.unwrap_or_default();
    let now = surroundings.now();
    for (metric, value) in [
        (Metric::Reconciled, examined),
        (Metric::RemovalFailed, removals_failed),
        (Metric::StrayFound, strays),
        (Metric::TargetAltered, altered),
    ] {
        if value > 0 {
            measure(metric, i64::from(value), now);
        }
    }
    tracing::info!(examined, failed, ineligible, strays, altered, skipped = swept.is_none(), "swept");
    Ok(Report { examined, failed, skipped: swept.is_none() })
}
