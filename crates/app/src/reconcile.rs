//! What should have happened and has not, who may not have any more what they have, and what is at a target without a
//! grant: found every minute, and put right.
//!
//! Guards I1 and I6 without any help from the workflow, and from both sides: the records and the targets. One broken
//! request or target does not hold up the others.

mod due;
mod eligibility;
mod reviews;
mod settled;
mod strays;

use crate::end_access::EndError;
use crate::failure::Failure;
use crate::ports::{
    Bookmarks, DUE_SHARDS, Directory, Inventory, Leases, Ledger, Notifier, Provider, Register, Surroundings,
    TaskTokens, Workflow,
};
use crate::transact::load;
use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use stint_domain::due::Timetable;
use stint_domain::ids::RequestId;
use stint_policy::PolicyBundle;

/// How long a sweep may hold the lease, in seconds: just under the minute between two sweeps.
const LEASE_SECONDS: i64 = 55;

/// How long a sweep takes up new work, in seconds, so that it ends before its lease does.
const WORK_SECONDS: i64 = 40;

/// How many of a shard's due requests one sweep looks at, on each timetable.
const SHARD_LIMIT: u32 = 100;

/// How many requests are put right at the same time, so that a slow target costs the others little and IAM's rate is
/// kept.
const AT_ONCE: usize = 4;

#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub struct Swept {
    pub examined: u32,
    pub failed: u32,
    /// Removals among the failed: each is worth a page to somebody.
    pub removals_failed: u32,
    /// Grants that ended because their requester may not have them any more.
    pub ineligible: u32,
    /// Things at targets that were nobody's.
    pub strays: u32,
    /// Things at targets that somebody else has changed.
    pub altered: u32,
    /// Emergencies that nobody has reviewed in time.
    pub unreviewed: u32,
}

impl Swept {
    fn note(&mut self, id: RequestId, result: Result<(), EndError>) {
        self.examined += 1;
        if let Err(error) = result {
            self.failed += 1;
            self.removals_failed += u32::from(matches!(error, EndError::RemovalFailed(_)));
            tracing::warn!(request.id = %id, error = &error as &dyn std::error::Error, "not put right");
        }
    }
}

impl Swept {
    fn note_review(&mut self, id: RequestId, late: Result<bool, Failure>) {
        match late {
            Ok(late) => self.unreviewed += u32::from(late),
            Err(error) => {
                self.failed += 1;
                tracing::warn!(request.id = %id, error = &error as &dyn std::error::Error, "review not looked at");
            }
        }
    }

    fn note_telling(&mut self, id: RequestId, told: Result<(), Failure>) {
        if let Err(error) = told {
            self.failed += 1;
            tracing::warn!(request.id = %id, error = &error as &dyn std::error::Error, "nobody asked to tell");
        }
    }
}

/// One sweep; `None` if another one is at it.
///
/// # Errors
/// Only if the timetable itself cannot be read; what fails for one request or target is logged and counted.
pub async fn reconcile(
    ledger: &(impl Ledger + TaskTokens + Register + Leases + Bookmarks),
    provider: &(impl Provider + Inventory),
    (workflow, notifier): (&impl Workflow, &impl Notifier),
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    holder: &str,
) -> Result<Option<Swept>, Failure> {
    let began = surroundings.now();
    let after = |seconds| began.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(began);
    if !ledger.acquire("reconcile", holder, began, after(LEASE_SECONDS)).await? {
        return Ok(None);
    }
    let in_time = || surroundings.now() < after(WORK_SECONDS);
    let mut swept = Swept::default();

    let mut due = due_now(ledger, Timetable::Grants, began).await?;
    due.extend(due_now(ledger, Timetable::Requests, began).await?);
    let mended = futures_util::stream::iter(due).take_while(|_| std::future::ready(in_time()));
    let mended = mended.map(|id| async move {
        let request = match load(ledger, id).await {
            Ok(recorded) => recorded.request,
            Err(missing) => return (id, Err(missing)),
        };
        let mended = due::mend(ledger, provider, workflow, surroundings, &request).await;
        // After the removal, which waits for nobody's review and nobody's mail.
        let late = reviews::mend(ledger, notifier, surroundings, &request).await;
        let told = settled::mend(ledger, notifier, surroundings, &request).await;
        (id, Ok((mended, late, told)))
    });
    let mut mended = std::pin::pin!(mended.buffer_unordered(AT_ONCE));
    while let Some((id, done)) = mended.next().await {
        match done {
            Ok((mended, late, told)) => {
                swept.note(id, mended);
                swept.note_review(id, late);
                swept.note_telling(id, told);
            }
            Err(unreadable) => swept.note(id, Err(EndError::from(unreadable))),
        }
    }

    match strays::sweep(ledger, provider, surroundings).await {
        Ok(seen) => {
            swept.strays += seen.strays;
            swept.removals_failed += seen.left;
            swept.altered += seen.altered;
            swept.failed += seen.unseen;
        }
        Err(error) => {
            swept.failed += 1;
            tracing::warn!(error = &error as &dyn std::error::Error, "the targets were not looked at");
        }
    }

    let until = after(WORK_SECONDS);
    match eligibility::sweep(ledger, provider, workflow, directory, policy, surroundings, until).await {
        Ok(round) => {
            swept.ineligible += round.ended;
            swept.failed += round.failed;
            swept.removals_failed += round.removals_failed;
        }
        Err(error) => {
            swept.failed += 1;
            tracing::warn!(error = &error as &dyn std::error::Error, "who has access was not looked at");
        }
    }
    Ok(Some(swept))
}

/// From all shards in turn, so that none waits for another's backlog.
async fn due_now(
    ledger: &impl Register,
    timetable: Timetable,
    began: Timestamp,
) -> Result<Vec<RequestId>, Failure> {
    let mut shards = Vec::new();
    for shard in 0..DUE_SHARDS {
        shards.push(ledger.due(timetable, shard, began, SHARD_LIMIT).await?.into_iter());
    }
    let mut all = Vec::new();
    loop {
        let row: Vec<_> = shards.iter_mut().filter_map(Iterator::next).collect();
        if row.is_empty() {
            return Ok(all);
        }
        all.extend(row);
    }
}
