//! What a request's grant makes at its target: what was asked, and approved.

use crate::failure::Failure;
use crate::ports::Artefact;
use stint_domain::request::AccessRequest;

/// # Errors
/// [`Failure::Bug`] for a grant that never had a window, which has touched no target.
pub(crate) fn artefact(request: &AccessRequest) -> Result<Artefact, Failure> {
    let window = request.grant().and_then(|grant| grant.window());
    let window = *window.ok_or(Failure::Bug("a grant without a window is at no target"))?;
    Ok(Artefact { grant_id: request.scope.request_id.grant_id(), access: request.allowance().access, window })
}
