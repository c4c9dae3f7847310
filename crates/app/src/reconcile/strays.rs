//! What is at a target and belongs to no grant that may have anything there: an attempt that arrived when all was over, a
//! record that a restored table has lost, something that somebody has copied.
//!
//! Guards: an intent is on record before anything is made, so what has no record, or one that is over, is nobody's.

use crate::failure::Failure;
use crate::ports::{Artefact, Bookmarks, Inventory, Ledger, Marked, Provider, Sighting, Surroundings};
use jiff::{SignedDuration, Timestamp};
use stint_domain::audit::Outcome;
use stint_domain::record::{Circumstances, SystemEvent};
use stint_domain::window::{Window, whole_second};

const JOB: &str = "strays";

/// Looks at one page of the targets, and takes away what is nobody's. How many there were, and how many of them are
/// still there.
pub(super) async fn sweep(
    ledger: &(impl Ledger + Bookmarks),
    provider: &(impl Provider + Inventory),
    surroundings: &impl Surroundings,
) -> Result<(u32, u32), Failure> {
    let cursor = ledger.bookmark(JOB).await?;
    let page = provider.marked(cursor.as_deref()).await;
    // A page that cannot be had must not be asked for for ever.
    let next = page.as_ref().ok().and_then(|page| page.next.as_deref());
    ledger.set_bookmark(JOB, next).await?;
    let (mut found, mut left) = (0, 0);
    for marked in page?.items {
        if is_stray(ledger, &marked).await? {
            found += 1;
            left += u32::from(!take(ledger, provider, surroundings, marked).await?);
        }
    }
    Ok((found, left))
}

async fn is_stray(ledger: &impl Ledger, marked: &Marked) -> Result<bool, Failure> {
    let recorded = ledger.load(marked.grant_id.request_id()).await?;
    Ok(!recorded.is_some_and(|r| r.request.grant().is_some_and(|grant| grant.may_be_at_target())))
}

/// Whether it is gone. Either way it is in the audit.
async fn take(
    ledger: &impl Ledger,
    provider: &impl Provider,
    surroundings: &impl Surroundings,
    marked: Marked,
) -> Result<bool, Failure> {
    let now = surroundings.now();
    let artefact = Artefact { grant_id: marked.grant_id, access: marked.access, window: over(now)? };
    let taken = match provider.deactivate(&artefact, now).await {
        Ok(()) => provider.verify_removed(&artefact, now).await,
        Err(error) => Err(error),
    };
    let (outcome, said) = match &taken {
        Ok(Sighting::Over(_)) => (Outcome::Success, "gone".to_owned()),
        Ok(Sighting::StillThere { .. }) => (Outcome::Failure, "still there".to_owned()),
        Err(error) => (Outcome::Failure, error.to_string()),
    };
    tracing::warn!(grant.id = %artefact.grant_id, outcome = said, "something was at a target without a grant");
    let place = artefact.access.place(artefact.grant_id);
    let event = SystemEvent {
        action: "target.stray_taken",
        outcome,
        entitlement: None,
        detail: serde_json::json!({ "grant_id": artefact.grant_id, "place": place, "result": said }),
    };
    ledger.append(event, Circumstances::of_component("reconcile", now)).await?;
    Ok(outcome == Outcome::Success)
}

/// A window that is over: there is nothing left to cut, only to take.
fn over(now: Timestamp) -> Result<Window, Failure> {
    let ends_at = whole_second(now);
    let starts_at = ends_at.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(ends_at);
    Window::between(starts_at, ends_at).map_err(|_| Failure::Bug("a second is no window"))
}
