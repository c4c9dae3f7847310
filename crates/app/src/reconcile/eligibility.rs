//! Who may not have any more what they have.
//!
//! Guards: everybody who has access is looked at, a shard a minute, and nobody is always last; a directory that does not
//! answer takes nothing from anybody.

use crate::eligibility::requester_eligible;
use crate::end_access::{EndAccess, EndError, end_access};
use crate::failure::Failure;
use crate::ports::{
    Bookmarks, DUE_SHARDS, Directory, Ledger, ListError, PageQuery, Provider, Register, Surroundings,
    Workflow, WorkflowError,
};
use crate::transact::load;
use jiff::Timestamp;
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_policy::PolicyBundle;

/// How many grants are looked at between two looks at the clock: the directory answers slowly.
const PAGE: u32 = 20;

#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) ended: u32,
    pub(super) failed: u32,
    pub(super) removals_failed: u32,
}

/// Looks at the shard of the minute until `until`, from where the last round of it has stopped.
pub(super) async fn sweep(
    ledger: &(impl Ledger + Register + Bookmarks),
    provider: &impl Provider,
    workflow: &impl Workflow,
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    until: Timestamp,
) -> Result<Round, Failure> {
    let shard = shard_of_the_minute(surroundings.now());
    let job = format!("eligibility-{shard}");
    let (mut round, mut cursor) = (Round::default(), ledger.bookmark(&job).await?);
    while surroundings.now() < until {
        let page = ledger.live(shard, &PageQuery { cursor, limit: PAGE }).await;
        // A page that cannot be had must not be asked for for ever.
        let next = page.as_ref().ok().and_then(|page| page.next.as_deref());
        ledger.set_bookmark(&job, next).await?;
        let page = page.map_err(|error| match error {
            ListError::Store(error) => error.into(),
            ListError::BadCursor => Failure::Bug("a bookmark of its own does not fit"),
        })?;
        for id in page.items {
            let ended = check(ledger, provider, workflow, directory, policy, surroundings, id).await;
            round.note(id, ended);
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(round)
}

fn shard_of_the_minute(now: Timestamp) -> u8 {
    u8::try_from((now.as_second() / 60).rem_euclid(i64::from(DUE_SHARDS))).unwrap_or(0)
}

impl Round {
    fn note(&mut self, id: RequestId, ended: Result<bool, EndError>) {
        match ended {
            Ok(ended) => self.ended += u32::from(ended),
            Err(error) => {
                self.failed += 1;
                self.removals_failed += u32::from(matches!(error, EndError::RemovalFailed(_)));
                tracing::warn!(request.id = %id, error = &error as &dyn std::error::Error, "not looked at");
            }
        }
    }
}

/// Ends the grant if its requester could not ask for it any more. `true` if it did.
async fn check(
    ledger: &impl Ledger,
    provider: &impl Provider,
    workflow: &impl Workflow,
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    id: RequestId,
) -> Result<bool, EndError> {
    let request = load(ledger, id).await?.request;
    if !matches!(request.grant(), Some(GrantState::Active { .. })) {
        return Ok(false);
    }
    let Err(lost) = requester_eligible(directory, policy, &request, surroundings.now()).await? else {
        return Ok(false);
    };
    let ask = EndAccess { request_id: id, cause: lost.cause, component: "reconcile" };
    end_access(ledger, provider, surroundings, &ask).await?;
    match workflow.stop(id, "the requester may not have it any more").await {
        Ok(()) | Err(WorkflowError::Closed) => {}
        Err(error) => {
            tracing::warn!(request.id = %id, error = &error as &dyn std::error::Error, "workflow not stopped")
        }
    }
    Ok(true)
}
