//! What is at a target and belongs to no grant that may have anything there: an attempt that arrived when all was over, a
//! record that a restored table has lost, something that somebody has copied. And what belongs there, but not as it is.
//!
//! Guards: an intent is on record before anything is made, so what has no record, or one that is over, is nobody's. Only
//! what was over just before the targets were looked at, or since, may have been seen in its own time.

use crate::artefact::artefact;
use crate::failure::{Failure, Missing};
use crate::ports::{Artefact, Bookmarks, Inventory, Ledger, Marked, Provider, Sighting, Surroundings};
use crate::transact::{TransactError, transact_from};
use jiff::{SignedDuration, Timestamp};
use stint_domain::audit::Outcome;
use stint_domain::grant::{Dating, GrantState, Proof};
use stint_domain::record::{Circumstances, Recorded, SystemEvent};
use stint_domain::transition::{Command, GrantCommand};
use stint_domain::window::{Window, whole_second};

const JOB: &str = "strays";

/// How long, in seconds, IAM may still show what was there before Stint wrote it, or took it away.
const SHOWN_LATE_SECONDS: i64 = 60;

#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) strays: u32,
    /// Of the strays, those that are still there.
    pub(super) left: u32,
    /// What somebody else has changed, however often it was seen before.
    pub(super) altered: u32,
    /// What could not be looked at.
    pub(super) unseen: u32,
}

/// Looks at one page of the targets, takes away what is nobody's, and reports what is not as it was made.
pub(super) async fn sweep(
    ledger: &(impl Ledger + Bookmarks),
    provider: &(impl Provider + Inventory),
    surroundings: &impl Surroundings,
) -> Result<Seen, Failure> {
    let cursor = ledger.bookmark(JOB).await?;
    let listed_at = surroundings.now();
    let page = provider.marked(cursor.as_deref()).await;
    // A page that cannot be had must not be asked for for ever.
    let next = match &page {
        Ok(page) => page.next.clone(),
        Err(_) => provider.beyond(cursor.as_deref()),
    };
    ledger.set_bookmark(JOB, next.as_deref()).await?;
    let mut seen = Seen::default();
    for look in page?.items {
        let marked = match look {
            Ok(marked) => marked,
            Err(error) => {
                seen.unseen += 1;
                tracing::warn!(error = &error as &dyn std::error::Error, "one target was not looked at");
                continue;
            }
        };
        match ledger.load(marked.grant_id.request_id()).await? {
            Some(recorded) if recorded.request.grant().is_some_and(GrantState::may_be_at_target) => {
                seen.altered += u32::from(note_altered(ledger, provider, surroundings, recorded).await?);
            }
            // What is there all the same is found in the next round.
            Some(recorded)
                if recorded.request.grant().is_some_and(|grant| was_just_there(grant, listed_at)) => {}
            _ => {
                seen.strays += 1;
                seen.left += u32::from(!take(ledger, provider, surroundings, marked).await?);
            }
        }
    }
    Ok(seen)
}

/// Whether it was over so late that a look at the target may still have shown it.
fn was_just_there(grant: &GrantState, listed_at: Timestamp) -> bool {
    let (GrantState::Ended { at, proof, .. } | GrantState::ActivationFailed { at, proof, .. }) = grant else {
        return false;
    };
    // What denied its sessions went later than the access.
    let gone_at = if let Proof::Removed { receipt, .. } = proof { receipt.at.max(*at) } else { *at };
    let shown = gone_at.saturating_add(SignedDuration::from_secs(SHOWN_LATE_SECONDS));
    shown.is_ok_and(|shown| shown > listed_at)
}

/// Whether it is not as it was made. What has just been written, or is about to be, is not looked at.
async fn note_altered(
    ledger: &impl Ledger,
    provider: &impl Inventory,
    surroundings: &impl Surroundings,
    recorded: Recorded,
) -> Result<bool, Failure> {
    let now = surroundings.now();
    let at_rest = match recorded.request.grant() {
        Some(GrantState::Active { settles_at, window, dating: Dating::Done, .. }) => {
            let shown = settles_at.saturating_add(SignedDuration::from_secs(SHOWN_LATE_SECONDS));
            shown.is_ok_and(|shown| shown <= now) && !window.is_over(now)
        }
        _ => false,
    };
    if !at_rest {
        return Ok(false);
    }
    let Some(what) = provider.altered(&artefact(&recorded.request)?).await? else { return Ok(false) };
    let id = recorded.request.scope.request_id;
    tracing::warn!(request.id = %id, what, "what is at the target is not as it was made");
    let note = Command::Grant(GrantCommand::NoteAltered { what });
    match transact_from(ledger, recorded, &note, &Circumstances::of_component("reconcile", now)).await {
        Ok(_) | Err(TransactError::Refused(..) | TransactError::Missing(Missing::NotFound)) => Ok(true),
        Err(TransactError::Missing(Missing::Failure(failure))) => Err(failure),
    }
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
        Ok(Sighting::StillThere { .. } | Sighting::UnderWay { .. }) => {
            (Outcome::Failure, "still there".to_owned())
        }
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
