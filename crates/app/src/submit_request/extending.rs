//! An extension: a request for more time of what the requester has now.

use super::SubmitError;
use crate::ports::Ledger;
use jiff::Timestamp;
use stint_domain::BadInput;
use stint_domain::duration::LONGEST_SECONDS;
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_domain::request::AccessRequest;
use stint_domain::scope::Scope;
use stint_domain::window::Window;

/// The same request as an extension: of what the requester has now, and decided before that ends. With the end that it
/// leads to.
pub(super) async fn extending(
    ledger: &impl Ledger,
    request: AccessRequest,
    extended: RequestId,
    now: Timestamp,
) -> Result<(AccessRequest, Timestamp), SubmitError> {
    if request.scope.starts_at.is_some() {
        return Err(BadInput::new("starts_at", "must be left out of an extension").into());
    }
    let earlier = Ledger::load(ledger, extended).await?.ok_or(SubmitError::NothingToExtend)?.request;
    let window = window_to_extend(&earlier, &request.scope, now).ok_or(SubmitError::NothingToExtend)?;
    let longer = window.extended(request.scope.duration).map_err(|_| SubmitError::TooFarAhead)?;
    // The execution that waits for its end is as old as the request.
    if longer.ends_at().as_second() - earlier.submitted_at.as_second() > i64::from(LONGEST_SECONDS) {
        return Err(SubmitError::TooFarAhead);
    }
    let request = AccessRequest {
        // What approvers have taken away from it they do not give back by its time.
        scope: Scope { extends: Some(extended), access: earlier.allowance().access, ..request.scope },
        decide_by: request.decide_by.min(window.ends_at()),
        ..request
    };
    Ok((request, longer.ends_at()))
}

/// Only the requester's own, and only if it gives exactly what is asked for now.
fn window_to_extend(earlier: &AccessRequest, scope: &Scope, now: Timestamp) -> Option<Window> {
    let same = earlier.scope.requester == scope.requester
        && earlier.scope.entitlement == scope.entitlement
        && earlier.scope.access == scope.access;
    match earlier.grant() {
        Some(GrantState::Active { window, .. }) if same && !window.is_over(now) => Some(*window),
        _ => None,
    }
}
