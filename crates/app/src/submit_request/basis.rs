//! On what somebody asks: that others decide, or that nobody can be waited for.
//!
//! Guards: access without asking has a policy of its own, a shorter time, and a review under the scope's hash.

use super::{Reason, SubmitError, SubmitRequest};
use crate::read::least;
use std::collections::BTreeMap;
use stint_domain::BadInput;
use stint_domain::audit::Authorization;
use stint_domain::duration::AccessDuration;
use stint_domain::entitlement::Entitlement;
use stint_domain::principal::Person;
use stint_domain::review::{BreakGlass, ReviewTerms};
use stint_policy::{Ask, Denied, PolicyBundle};

/// What lets somebody ask, and what approves at once, if anything does.
pub(super) struct Basis {
    pub(super) allowed: Authorization,
    pub(super) at_once: Option<Authorization>,
    /// What has to follow.
    pub(super) review: Option<ReviewTerms>,
}

/// # Errors
/// [`SubmitError::NotAllowed`], [`SubmitError::DurationTooLong`], and [`SubmitError::BadInput`] of an emergency that is
/// to begin later, or to last longer.
pub(super) fn basis(
    policy: &PolicyBundle,
    person: &Person,
    entitlement: &Entitlement,
    ask: &SubmitRequest,
    terms: &Ask,
) -> Result<Basis, SubmitError> {
    if ask.break_glass {
        emergency(policy, person, entitlement, ask, terms)
    } else {
        usual(policy, person, entitlement, terms)
    }
}

fn usual(
    policy: &PolicyBundle,
    person: &Person,
    entitlement: &Entitlement,
    terms: &Ask,
) -> Result<Basis, SubmitError> {
    let may =
        |ask: &Ask| policy.may_request(person, entitlement, ask).map(|proof| proof.authorization().clone());
    let allowed = may(terms).map_err(|denied| {
        not_allowed(policy, entitlement, terms, &denied, entitlement.max_duration, &|ask| may(ask).is_ok())
    })?;
    let at_once = policy.auto_approves(person, entitlement, terms).ok();
    let at_once = at_once.map(|proof| proof.authorization().clone());
    Ok(Basis { allowed, at_once, review: None })
}

fn emergency(
    policy: &PolicyBundle,
    person: &Person,
    entitlement: &Entitlement,
    ask: &SubmitRequest,
    terms: &Ask,
) -> Result<Basis, SubmitError> {
    if ask.starts_at.is_some() {
        return Err(BadInput::new("starts_at", "must be left out where nobody can be waited for").into());
    }
    if ask.extends.is_some() {
        return Err(BadInput::new("break_glass", "must be left out of an extension").into());
    }
    let nothing = || SubmitError::NotAllowed { reasons: Vec::new() };
    let BreakGlass { max_duration, review, .. } = entitlement.break_glass.as_ref().ok_or_else(nothing)?;
    let may = |ask: &Ask| {
        policy.may_break_glass(person, entitlement, ask).map(|proof| proof.authorization().clone())
    };
    let allowed = may(terms).map_err(|denied| {
        not_allowed(policy, entitlement, terms, &denied, *max_duration, &|ask| may(ask).is_ok())
    })?;
    Ok(Basis { at_once: Some(allowed.clone()), allowed, review: Some(review.clone()) })
}

/// Whoever might have it for less is told for how long, and whoever might in other circumstances, why not in these; nobody
/// else learns of it.
fn not_allowed(
    policy: &PolicyBundle,
    entitlement: &Entitlement,
    terms: &Ask,
    denied: &Denied,
    longest: AccessDuration,
    may: &dyn Fn(&Ask) -> bool,
) -> SubmitError {
    if terms.duration > longest && may(&Ask { duration: longest, ..*terms }) {
        return SubmitError::DurationTooLong { longest };
    }
    let reasons = match may(&least(entitlement, terms.at)) {
        true => policy.reasons(&denied.authorization),
        false => BTreeMap::new(),
    };
    let reason = |(policy, reason)| Reason { policy: Some(policy), reason };
    SubmitError::NotAllowed { reasons: reasons.into_iter().map(reason).collect() }
}
