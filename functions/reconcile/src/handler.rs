//! One sweep, and what it found, as metrics.

use serde::Serialize;
use stint_app::ports::{Leases, Ledger, Provider, Register, Surroundings, TaskTokens, Workflow};
use stint_app::reconcile::{Swept, reconcile};
use stint_edge::emf::{Metric, measure};
use stint_edge::task_error::TaskError;

#[derive(Serialize)]
pub(crate) struct Report {
    examined: u32,
    failed: u32,
    /// Another sweep was at it.
    skipped: bool,
}

pub(crate) async fn handle(
    ledger: &(impl Ledger + TaskTokens + Register + Leases),
    provider: &impl Provider,
    workflow: &impl Workflow,
    surroundings: &impl Surroundings,
    invocation: String,
) -> Result<Report, TaskError> {
    let swept = reconcile(ledger, provider, workflow, surroundings, &invocation).await?;
    let Swept { examined, failed, removals_failed } = swept.unwrap_or_default();
    let now = surroundings.now();
    for (metric, value) in [(Metric::Reconciled, examined), (Metric::RemovalFailed, removals_failed)] {
        if value > 0 {
            measure(metric, i64::from(value), now);
        }
    }
    tracing::info!(examined, failed, skipped = swept.is_none(), "swept");
    Ok(Report { examined, failed, skipped: swept.is_none() })
}
