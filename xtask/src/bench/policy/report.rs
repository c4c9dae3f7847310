//! What policies cost with each catalog, and whether that is within the budgets.
//!
//! Guards: a request pays nothing for entitlements that it does not concern, and being ready grows with the catalog alone.

use serde::Deserialize;
use stint_local::{LocalError, Result};

/// In nanoseconds.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Cost {
    pub(super) entitlements: u64,
    pub(super) ready: u64,
    pub(super) decision: u64,
    /// Reading the same catalog as bare JSON.
    pub(super) bare: u64,
}

pub(super) struct Report(pub(super) Vec<Cost>);

/// Ready with a catalog of this size, and one decision with any, on a machine that does nothing else.
const SIZE: u64 = 1_000;
const READY: u64 = 2_000_000;
const DECISION: u64 = 600_000;
/// What one decision may cost with the largest catalog, in hundredths of what it costs with the smallest.
const GROWTH: u64 = 125;
/// The same of being ready, for each entitlement, between [`SIZE`] and the largest.
const EACH: u64 = 200;

impl Report {
    pub(super) fn read(lines: &str) -> Result<Self> {
        let costs = lines.lines().map(serde_json::from_str).collect::<std::result::Result<Vec<_>, _>>();
        costs.map(Self).map_err(|cause| LocalError::Unexpected(format!("policy-bench: {cause}")))
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let heading = format!(
            "{:<14}{:>12}{:>10}{:>12}{:>14}{:>10}",
            "entitlements", "ready", "to bare", "each more", "one request", "growth"
        );
        let smallest = self.0.first().copied();
        let row = |cost: &Cost| {
            let (first, millis) = (smallest.unwrap_or(*cost), |nanos: u64| nanos as f64 / 1e6);
            let more = cost.ready.saturating_sub(first.ready) as f64
                / cost.entitlements.saturating_sub(first.entitlements).max(1) as f64;
            format!(
                "{:<14}{:>9.3} ms{:>10.2}{:>9.2} us{:>11.3} ms{:>10.2}",
                cost.entitlements,
                millis(cost.ready),
                ratio(cost.ready, cost.bare),
                more / 1e3,
                millis(cost.decision),
                ratio(cost.decision, first.decision),
            )
        };
        std::iter::once(heading).chain(self.0.iter().map(row)).collect()
    }

    /// # Errors
    /// What is over its budget.
    pub(super) fn is_sound(&self) -> Result<()> {
        let over = self.over();
        if over.is_empty() { Ok(()) } else { Err(LocalError::Unexpected(over.join("; "))) }
    }

    fn over(&self) -> Vec<String> {
        let at_size = self.0.iter().find(|cost| cost.entitlements == SIZE);
        let (Some(first), Some(last), Some(middle)) = (self.0.first(), self.0.last(), at_size) else {
            return vec![format!("there is no measurement with {SIZE} entitlements")];
        };
        let each = |cost: &Cost| cost.ready / cost.entitlements.max(1);
        let budgets = [
            (middle.ready > READY, "being ready with 1,000 entitlements takes more than 2 ms"),
            (self.0.iter().any(|cost| cost.decision > DECISION), "a decision takes more than 0.6 ms"),
            (
                last.decision * 100 > first.decision * GROWTH,
                "a request pays for entitlements that it does not concern",
            ),
            (each(last) * 100 > each(middle) * EACH, "being ready grows faster than the catalog"),
        ];
        budgets.into_iter().filter(|(over, _)| *over).map(|(_, what)| what.to_owned()).collect()
    }
}

fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other.max(1) as f64
}
