//! Whether policy would let somebody ask for the same today as when they asked.
//!
//! Guards: who has left, changed groups or lost an entitlement does not get what was approved for them before, and does
//! not keep it. It takes no part in ending access: that needs nobody's leave.

use crate::failure::Failure;
use crate::ports::Directory;
use jiff::Timestamp;
use stint_domain::audit::Authorization;
use stint_domain::request::AccessRequest;
use stint_policy::{Ask, PolicyBundle};

/// The inner error says why not; it is empty for somebody unknown or disabled, and for an entitlement that is gone.
///
/// # Errors
/// [`Failure::Transient`] if the directory does not answer, which says neither yes nor no.
pub(crate) async fn requester_eligible(
    directory: &impl Directory,
    policy: &PolicyBundle,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<Result<Authorization, Vec<String>>, Failure> {
    let scope = &request.scope;
    let person = directory.person(&scope.requester).await?;
    let (Some(person), Some(entitlement)) = (person, policy.entitlement(&scope.entitlement)) else {
        return Ok(Err(Vec::new()));
    };
    let ask = Ask { duration: scope.duration, at: now, has_ticket: scope.ticket.is_some() };
    Ok(match policy.may_request(&person, entitlement, &ask) {
        Ok(proof) => Ok(proof.authorization().clone()),
        Err(denied) => Err(denied.reasons),
    })
}
