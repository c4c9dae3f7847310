//! On what somebody asks: that others decide, or that nobody can be waited for.
//!
//! Guards: access without asking has a policy of its own, a shorter time, and a review under the scope's hash.

use super::{Asked, Reason, SubmitError, SubmitRequest};
use crate::read::least;
use jiff::SignedDuration;
use std::collections::BTreeMap;
use stint_domain::BadInput;
use stint_domain::audit::Authorization;
use stint_domain::duration::AccessDuration;
use stint_domain::entitlement::Entitlement;
use stint_domain::principal::Person;
use stint_domain::review::ReviewTerms;
use stint_policy::{Ask, Denied, PolicyBundle, Verdict, Way};

/// What approves at once, if anything does, and what has to follow.
pub(super) struct Basis {
    pub(super) at_once: Option<Authorization>,
    pub(super) review: Option<ReviewTerms>,
}

pub(super) const fn way(ask: &SubmitRequest) -> Way {
    if ask.break_glass { Way::BreakGlass } else { Way::Usual }
}

/// What an emergency cannot be, whatever it is for: said before anything is looked up, since it would tell otherwise that
/// there is such a thing.
///
/// # Errors
/// Of an emergency that is to begin later, or to last longer.
pub(super) fn well_formed(ask: &SubmitRequest) -> Result<(), BadInput> {
    if ask.break_glass && ask.starts_at.is_some() {
        return Err(BadInput::new("starts_at", "must be left out where nobody can be waited for"));
    }
    if ask.break_glass && ask.extends.is_some() {
        return Err(BadInput::new("break_glass", "must be left out of an extension"));
    }
    Ok(())
}

/// What policy says.
///
/// # Errors
/// [`SubmitError::NotAllowed`] of what is not there for emergencies: policy is not asked about it.
pub(super) fn weighed(
    policy: &PolicyBundle,
    person: &Person,
    entitlement: &Entitlement,
    ask: &SubmitRequest,
    terms: &Ask,
) -> Result<Verdict, SubmitError> {
    if ask.break_glass && entitlement.break_glass.is_none() {
        return Err(SubmitError::NotAllowed { reasons: Vec::new() });
    }
    Ok(policy.weigh(person, entitlement, terms, way(ask)))
}

/// # Errors
/// [`SubmitError::NotAllowed`] and [`SubmitError::DurationTooLong`].
pub(super) fn basis(policy: &PolicyBundle, asked: &Asked<'_>, way: Way) -> Result<Basis, SubmitError> {
    let Asked { person, entitlement, terms, verdict } = asked;
    let emergency = entitlement.break_glass.as_ref().filter(|_| way == Way::BreakGlass);
    let longest = emergency.map_or(entitlement.max_duration, |emergency| emergency.max_duration);
    let may = |ask: &Ask| policy.weigh(person, entitlement, ask, way).permitted().is_ok();
    let permitted = verdict
        .permitted()
        .map_err(|denied| not_allowed(policy, entitlement, terms, denied, longest, &may))?;
    let review = emergency.map(|emergency| emergency.review.clone());
    Ok(Basis { at_once: permitted.at_once.cloned(), review })
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
    let reasons = match in_other_circumstances(entitlement, terms, denied, may) {
        true => policy.reasons(&denied.authorization),
        false => BTreeMap::new(),
    };
    let reason = |(policy, reason)| Reason { policy: Some(policy), reason };
    SubmitError::NotAllowed { reasons: reasons.into_iter().map(reason).collect() }
}

/// Whether they might have it now if they asked otherwise, or at another hour of the coming week. What nothing forbids is not
/// tried at every hour: nobody has permitted it.
fn in_other_circumstances(
    entitlement: &Entitlement,
    terms: &Ask,
    denied: &Denied,
    may: &dyn Fn(&Ask) -> bool,
) -> bool {
    let hours = if denied.authorization.policies.is_empty() { 1 } else { 7 * 24 };
    let mut moments =
        (0..hours).filter_map(|hour| terms.at.checked_add(SignedDuration::from_hours(hour)).ok());
    moments.any(|at| may(&least(entitlement, at)))
}
