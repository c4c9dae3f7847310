//! Emergencies whose reviewers have not been told, or have not answered in time.
//!
//! Guards: it is looked at apart from the access itself, and after it, so it holds up no removal.

use crate::failure::{Failure, Missing};
use crate::ports::{Ledger, Notifier, Surroundings};
use crate::transact::{TransactError, transact};
use stint_domain::record::Circumstances;
use stint_domain::request::AccessRequest;
use stint_domain::transition::Command;

/// `true` if the review was found late now, for the first time or again.
pub(super) async fn mend(
    ledger: &impl Ledger,
    notifier: &impl Notifier,
    surroundings: &impl Surroundings,
    request: &AccessRequest,
) -> Result<bool, Failure> {
    let (id, now) = (request.scope.request_id, surroundings.now());
    if request.review_due_at().is_none_or(|due| due > now) {
        return Ok(false);
    }
    let circumstances = Circumstances::of_component("reconcile", now);
    let done = match transact(ledger, id, &Command::ReportUnreviewed, &circumstances).await {
        Ok(done) => done,
        Err(TransactError::Refused(..)) => return Err(Failure::Bug("reporting a late review was refused")),
        // The timetable names nothing that is not there.
        Err(TransactError::Missing(Missing::NotFound)) => {
            return Err(Failure::Bug("what is due does not exist"));
        }
        Err(TransactError::Missing(Missing::Failure(failure))) => return Err(failure),
    };
    if done.recorded.request.reviewers_to_tell().is_some() {
        notifier.notify_again(id).await?;
    }
    Ok(done.changed)
}
