//! An extension was approved: the grant that it extends gets a later end.
//!
//! Guards: the extension is used up in the same commit that moves the window, so it counts once however often it is
//! tried, and one that was withdrawn before counts for nothing. What lies at the target is dated after that, as a step
//! of the extended grant's own.

use crate::activate_grant::ActivateError;
use crate::eligibility::is_extension;
use crate::failure::{Failure, Missing};
use crate::ports::{Ledger, StoreError, Surroundings};
use crate::transact::{RACES, TransactError, load, transact_from};
use stint_domain::ids::RequestId;
use stint_domain::record::{Change, Circumstances, Recorded};
use stint_domain::transition::{Command, EndCause, Event, GrantCommand, Refusal, Step};

/// Hands `extension`'s time over to `extended`.
///
/// # Errors
/// As of [`crate::activate_grant::activate_grant`]: rejected if there is nothing to extend any more, and then it is over.
pub(crate) async fn hand_over(
    ledger: &impl Ledger,
    surroundings: &impl Surroundings,
    mut extension: Recorded,
    extended: RequestId,
) -> Result<(), ActivateError> {
    let id = extension.request.scope.request_id;
    for _ in 0..RACES {
        let circumstances = Circumstances::of_component("grant", surroundings.now());
        let handed = match extension.request.decide(Command::Grant(GrantCommand::HandOver), circumstances.at)
        {
            Ok(Step::Already) => return Ok(()),
            Ok(Step::Do(event)) => advance(&extension, event, &circumstances)?,
            Err(refusal) => return Err(rejected(&refusal)),
        };
        let other = load(ledger, extended).await?;
        let longer = GrantCommand::Extend { by: id, duration: extension.request.allowance().duration };
        if !is_extension(&extension.request, &other.request) {
            return Err(over(ledger, extension, &Refusal::NoExtension, &circumstances).await);
        }
        let moved = match other.request.decide(Command::Grant(longer), circumstances.at) {
            Ok(Step::Do(event)) => advance(&other, event, &circumstances)?,
            Ok(Step::Already) => return Err(Missing::from(Failure::Bug("an extension moved nothing")).into()),
            Err(refusal) => return Err(over(ledger, extension, &refusal, &circumstances).await),
        };
        match ledger.commit_both([&handed, &moved]).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Conflict) => extension = load(ledger, id).await?,
            Err(error) => return Err(Missing::from(error).into()),
        }
    }
    Err(Missing::from(StoreError::Conflict).into())
}

fn advance(
    recorded: &Recorded,
    event: Event,
    circumstances: &Circumstances,
) -> Result<Change, ActivateError> {
    let change = recorded.advance(event, circumstances);
    change.ok_or_else(|| Missing::from(Failure::Bug("an event that was decided does not apply")).into())
}

/// What it should extend has ended meanwhile, and so does it.
async fn over(
    ledger: &impl Ledger,
    extension: Recorded,
    refusal: &Refusal,
    circumstances: &Circumstances,
) -> ActivateError {
    let end = Command::Grant(GrantCommand::End(EndCause::NothingToExtend));
    match transact_from(ledger, extension, &end, circumstances).await {
        Ok(_) | Err(TransactError::Refused(..)) => rejected(refusal),
        Err(TransactError::Missing(missing)) => missing.into(),
    }
}

fn rejected(refusal: &Refusal) -> ActivateError {
    ActivateError::Rejected { reason: refusal.to_string() }
}
