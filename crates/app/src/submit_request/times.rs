//! How long a request may wait and its window may last: all of it has to fit into one execution.

use super::{SubmitError, SubmitRequest};
use jiff::Timestamp;
use stint_domain::BadInput;
use stint_domain::duration::LONGEST_SECONDS;
use stint_domain::entitlement::Entitlement;
use stint_domain::window::whole_second;

/// The whole life of the request, wait and lead and window, has to fit into an execution's year.
pub(super) fn decide_by(
    entitlement: &Entitlement,
    ask: &SubmitRequest,
    now: Timestamp,
) -> Result<Timestamp, SubmitError> {
    let too_far = |_| SubmitError::TooFarAhead;
    let decide_by = whole_second(now).checked_add(entitlement.decide_within.as_signed()).map_err(too_far)?;
    match ask.starts_at {
        Some(start) if start.subsec_nanosecond() != 0 => {
            return Err(BadInput::new("starts_at", "must be a whole second").into());
        }
        Some(start) if start <= now => return Err(SubmitError::StartInThePast),
        _ => {}
    }
    let ends_at = latest_end(ask, decide_by)?;
    if ends_at.as_second() - now.as_second() > i64::from(LONGEST_SECONDS) {
        Err(SubmitError::TooFarAhead)
    } else {
        Ok(decide_by)
    }
}

/// When access ends if it is decided at the last moment.
pub(super) fn latest_end(ask: &SubmitRequest, decide_by: Timestamp) -> Result<Timestamp, SubmitError> {
    let starts_at = ask.starts_at.map_or(decide_by, |start| start.max(decide_by));
    starts_at.checked_add(ask.duration.as_signed()).map_err(|_| SubmitError::TooFarAhead)
}
