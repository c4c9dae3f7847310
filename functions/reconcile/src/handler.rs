//! One sweep, and what it found, as metrics.

use serde::Serialize;
use stint_app::ports::{
    Bookmarks, Directory, Inventory, Leases, Ledger, Notifier, Provider, Register, Surroundings, TaskTokens,
    Workflow,
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

pub(crate) struct Deps<L, P, W, N, D, S> {
    pub(crate) store: L,
    pub(crate) provider: P,
    pub(crate) workflow: W,
    pub(crate) notifier: N,
    pub(crate) directory: D,
    pub(crate) surroundings: S,
    pub(crate) policy: PolicyBundle,
}

pub(crate) async fn handle<L, P, W, N, D, S>(
    deps: &Deps<L, P, W, N, D, S>,
    invocation: String,
) -> Result<Report, TaskError>
where
    L: Ledger + TaskTokens + Register + Leases + Bookmarks,
    P: Provider + Inventory,
    W: Workflow,
    N: Notifier,
    D: Directory,
    S: Surroundings,
{
    let Deps { store, provider, workflow, notifier, directory, surroundings, policy } = deps;
    let telling = (workflow, notifier);
    let swept = reconcile(store, provider, telling, directory, policy, surroundings, &invocation).await?;
    let Swept { examined, failed, removals_failed, ineligible, strays, altered, unreviewed } =
        swept.unwrap_or_default();
    let now = surroundings.now();
    for (metric, value) in [
        (Metric::Reconciled, examined),
        (Metric::SweepFailed, failed),
        (Metric::RemovalFailed, removals_failed),
        (Metric::StrayFound, strays),
        (Metric::TargetAltered, altered),
        (Metric::ReviewOverdue, unreviewed),
    ] {
        if value > 0 {
            measure(metric, i64::from(value), now);
        }
    }
    tracing::info!(
        examined,
        failed,
        ineligible,
        strays,
        altered,
        unreviewed,
        skipped = swept.is_none(),
        "swept"
    );
    Ok(Report { examined, failed, skipped: swept.is_none() })
}
