//! What a simulation showed, beside what IAM's rate allows at best; and what it has to show.

use super::clock::{Micros, lock, seconds};
use super::cloud::Cloud;
use super::iam::{BURST, RATE};
use super::play::{self, Lambda};
use std::sync::atomic::Ordering::Relaxed;
use stint_domain::ids::RequestId;

/// The last removal may be later than the best possible by a tenth of that, and by the rest of a pause between two tries.
const SLACK: Micros = seconds(15);
/// The 99th of a hundred removals, where IAM's rate holds none of them up; else it is the number of calls by the rate,
/// and a tenth of that.
const P99: Micros = seconds(5);
/// Looks at the same grant by its workflow and by the sweep at the same time, as a part of all calls.
const WASTE_PERCENT: u64 = 2;
/// A removal of several calls that is throttled after the first begins again.
const WASTE_PERCENT_OF_SEVERAL: u64 = 40;

pub(super) struct Report {
    pub(super) grants: usize,
    /// By the date in what lies at the target: allowed a second before the end, denied at it.
    pub(super) denied: u64,
    pub(super) left: usize,
    /// Calls of IAM that the removals got, and that their provider needs.
    pub(super) calls: u64,
    pub(super) needed: u64,
    pub(super) throttled: u64,
    pub(super) invoked: u64,
    pub(super) rejected: u64,
    pub(super) by_reconcile: usize,
    pub(super) exhausted: u64,
    pub(super) commits: u64,
    pub(super) total: Timing,
    pub(super) median: Timing,
    pub(super) p99: Timing,
}

/// How long it took, and how long it takes at best.
#[derive(Clone, Copy)]
pub(super) struct Timing {
    pub(super) took: Micros,
    pub(super) floor: Micros,
}

impl Report {
    pub(super) fn of(cloud: &Cloud, lambda: &Lambda, grants: &[(RequestId, Micros)], calls: u64) -> Self {
        let proven = lock(&cloud.proven);
        let never = Micros::MAX;
        let proof = |id| proven.get(id).map_or(never, |proof| proof.at);
        let first = grants.iter().map(|(_, end)| *end).min().unwrap_or(0);
        let (ends, done) = (ends(grants), best(grants, calls));
        let mut lags: Vec<_> = grants.iter().map(|(id, end)| proof(id) - end).collect();
        let mut floors: Vec<_> = done.iter().zip(&ends).map(|(done, end)| done - end).collect();
        lags.sort_unstable();
        floors.sort_unstable();
        let last = grants.iter().map(|(id, _)| proof(id)).max().unwrap_or(never);
        let wrong = lambda.wrongly_denied.load(Relaxed) + lambda.wrongly_allowed.load(Relaxed);
        Self {
            grants: grants.len(),
            denied: (grants.len() as u64).saturating_sub(wrong),
            left: grants.iter().filter(|(id, _)| !play::is_over(cloud, *id)).count(),
            calls: cloud.calls.load(Relaxed),
            needed: calls * grants.len() as u64,
            throttled: cloud.iam.throttled.load(Relaxed),
            invoked: lambda.invoked.load(Relaxed),
            rejected: lambda.rejected.load(Relaxed),
            by_reconcile: proven.values().filter(|proof| proof.by == "reconcile").count(),
            exhausted: lambda.exhausted.load(Relaxed),
            commits: cloud.commits.load(Relaxed),
            total: Timing { took: last - first, floor: done.last().map_or(0, |done| done - first) },
            median: Timing { took: at(&lags, 50), floor: at(&floors, 50) },
            p99: Timing { took: at(&lags, 99), floor: at(&floors, 99) },
        }
    }

    /// What is not as it has to be.
    pub(super) fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        let mut holds = |holds: bool, what: String| failures.extend((!holds).then_some(what));
        let grants = self.grants;
        holds(self.denied == grants as u64, format!("denied at their second: {} of {grants}", self.denied));
        holds(self.left == 0, format!("not gone, or not proven: {} of {grants}", self.left));
        holds(self.exhausted == 0, format!("executions that gave up: {}", self.exhausted));
        let calls = format!("calls of IAM: {} where {} are needed", self.calls, self.needed);
        holds(self.calls <= self.wasting(self.needed), calls);
        for (name, took, most) in [
            ("all", self.total.took, self.wasting(self.total.floor) + self.total.floor / 10 + SLACK),
            ("p99", self.p99.took, self.most_p99()),
        ] {
            let late = format!("{name}: {:.1} s, at most {:.1} s", sec(took), sec(most));
            holds(took <= most, late);
        }
        failures
    }

    const fn wasting(&self, what: u64) -> u64 {
        let several = self.needed > 2 * self.grants as u64;
        what + what * if several { WASTE_PERCENT_OF_SEVERAL } else { WASTE_PERCENT } / 100
    }

    fn most_p99(&self) -> Micros {
        let by_rate = self.wasting(seconds(self.needed) / RATE);
        if self.p99.floor < seconds(1) { P99 } else { by_rate + by_rate / 10 + P99 }
    }

    pub(super) fn columns() -> String {
        format!(
            "{:<34}{:>8}{:>6}{:>8}{:>10}{:>9}{:>10}{:>10}{:>9}{:>16}{:>14}{:>16}",
            "",
            "denied",
            "left",
            "calls",
            "throttled",
            "invoked",
            "rejected",
            "reconcile",
            "commits",
            "all/best s",
            "p50/best s",
            "p99/best s"
        )
    }

    pub(super) fn line(&self, name: &str) -> String {
        let pair = |timing: Timing| format!("{:.1}/{:.1}", sec(timing.took), sec(timing.floor));
        format!(
            "{name:<34}{:>8}{:>6}{:>8}{:>10}{:>9}{:>10}{:>10}{:>9}{:>16}{:>14}{:>16}",
            self.denied,
            self.left,
            self.calls,
            self.throttled,
            self.invoked,
            self.rejected,
            self.by_reconcile,
            self.commits,
            pair(self.total),
            pair(self.median),
            pair(self.p99)
        )
    }
}

fn sec(micros: Micros) -> f64 {
    micros as f64 / 1e6
}

fn at(sorted: &[Micros], percent: usize) -> Micros {
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0)
}

fn ends(grants: &[(RequestId, Micros)]) -> Vec<Micros> {
    let mut ends: Vec<_> = grants.iter().map(|(_, end)| *end).collect();
    ends.sort_unstable();
    ends
}

/// When each removal is over if IAM is never idle and no call is wasted: one after the other, each `calls` ÷ rate.
fn best(grants: &[(RequestId, Micros)], calls: u64) -> Vec<Micros> {
    let each = seconds(calls) / RATE;
    let mut done = 0;
    let burst = seconds(BURST) / RATE;
    let queue = ends(grants).into_iter().map(|end| {
        done = end.saturating_sub(burst).max(done) + each;
        done.max(end)
    });
    queue.collect()
}
