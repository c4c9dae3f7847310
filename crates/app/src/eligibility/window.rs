//! Whether a window on record is one that approvals have led to.
//!
//! Guards: whoever can only write to the record gets no more time by it than was approved, for this grant or for extensions of
//! it, and no earlier start. It takes no part in ending access.

use super::{Lost, approval_is_genuine};
use crate::failure::Missing;
use crate::ports::{Directory, Ledger, Seals};
use crate::transact::load;
use jiff::{SignedDuration, Timestamp};
use stint_domain::grant::{EndedBy, GrantState};
use stint_domain::request::AccessRequest;
use stint_domain::transition::EndCause;
use stint_policy::PolicyBundle;

/// A window opens at once, so one that opens later than this is nobody's doing but a writer's.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(15);

/// Of what is being given or active; anything else has nothing to check.
///
/// # Errors
/// As of [`super::requester_eligible`].
pub(crate) async fn window_is_genuine(
    ledger: &impl Ledger,
    (directory, seals): (&impl Directory, &impl Seals),
    policy: &PolicyBundle,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<Result<(), Lost>, Missing> {
    let Some(grant) = request.grant().filter(|grant| grant.is_given()) else { return Ok(Ok(())) };
    let Some(window) = grant.window() else { return Ok(Ok(())) };
    // Only an extension moves the end of what is active.
    if grant.is_moving() && grant.extended_by().next().is_none() {
        return Ok(Err(Lost::of(EndCause::NotSealed)));
    }
    let mut approved = request.allowance().duration.as_signed().as_secs();
    for id in grant.extended_by() {
        let extension = match load(ledger, id).await {
            Ok(recorded) => recorded.request,
            Err(Missing::NotFound) => return Ok(Err(Lost::of(EndCause::NotSealed))),
            Err(failure) => return Err(failure),
        };
        if let Err(lost) = approval_is_genuine((directory, seals), policy, &extension).await? {
            return Ok(Err(lost));
        }
        if !is_extension(&extension, request) || !was_used(&extension) {
            return Ok(Err(Lost::of(EndCause::NotSealed)));
        }
        approved += extension.allowance().duration.as_signed().as_secs();
    }
    let early = request.scope.starts_at.is_some_and(|start| window.starts_at() < start);
    let late = now < window.starts_at().saturating_sub(CLOCKS_DIFFER).unwrap_or(Timestamp::MIN);
    let sound = window.seconds() <= approved && !late && !early;
    Ok(if sound { Ok(()) } else { Err(Lost::of(EndCause::NotSealed)) })
}

/// Whether it asks for more time of exactly what `request` gives, for the same person.
pub(crate) fn is_extension(extension: &AccessRequest, request: &AccessRequest) -> bool {
    let (more, scope) = (&extension.scope, &request.scope);
    more.extends == Some(scope.request_id)
        && more.requester == scope.requester
        && more.entitlement == scope.entitlement
        && more.access == request.allowance().access
}

fn was_used(extension: &AccessRequest) -> bool {
    matches!(extension.grant(), Some(GrantState::Ended { ended_by: EndedBy::Extended, .. }))
}
