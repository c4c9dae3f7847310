//! Requests that are settled, and people who had a mail about them and do not know.
//!
//! Guards: it is looked at apart from the access itself, and after it, so it holds up no removal; and it ends.

use crate::failure::{Failure, Missing};
use crate::ports::{Ledger, Notifier, Surroundings};
use crate::transact::{TransactError, transact};
use stint_domain::record::Circumstances;
use stint_domain::request::AccessRequest;
use stint_domain::transition::Command;

pub(super) async fn mend(
    ledger: &impl Ledger,
    notifier: &impl Notifier,
    surroundings: &impl Surroundings,
    request: &AccessRequest,
) -> Result<(), Failure> {
    let (id, now) = (request.scope.request_id, surroundings.now());
    if request.telling_due_at().is_none_or(|due| due > now) {
        return Ok(());
    }
    let circumstances = Circumstances::of_component("reconcile", now);
    let done = match transact(ledger, id, &Command::GiveUpTelling, &circumstances).await {
        Ok(done) => done,
        Err(TransactError::Refused(..)) => return Err(Failure::Bug("giving up to tell was refused")),
        // The timetable names nothing that is not there.
        Err(TransactError::Missing(Missing::NotFound)) => {
            return Err(Failure::Bug("what is due does not exist"));
        }
        Err(TransactError::Missing(Missing::Failure(failure))) => return Err(failure),
    };
    if done.recorded.request.telling_due_at().is_some() {
        notifier.notify_again(id).await?;
    }
    Ok(())
}
