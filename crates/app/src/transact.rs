//! Load, decide, commit; and if somebody else was faster, again.
//!
//! This is where every state change of an existing request goes through.

use crate::custody::moved_with;
use crate::failure::Missing;
use crate::ports::{Beside, Ledger, StoreError};
use stint_domain::ids::RequestId;
use stint_domain::record::{Circumstances, Recorded};
use stint_domain::transition::{Command, Event, Refusal, Step};
use thiserror::Error;

/// How often a lost race is run again before the caller is told to try later.
pub(crate) const RACES: u32 = 12;

#[derive(Debug, Error)]
pub enum TransactError {
    #[error("{0}")]
    Refused(Refusal, Box<Recorded>),
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl From<StoreError> for TransactError {
    fn from(error: StoreError) -> Self {
        Self::Missing(error.into())
    }
}

/// The record after the command, and whether this call changed it.
#[derive(Debug)]
pub struct Done {
    pub recorded: Recorded,
    pub changed: bool,
}

pub async fn load(ledger: &impl Ledger, id: RequestId) -> Result<Recorded, Missing> {
    ledger.load(id).await?.ok_or(Missing::NotFound)
}

/// Carries `command` out on the request as it stands now, whatever races it loses on the way.
pub async fn transact(
    ledger: &impl Ledger,
    id: RequestId,
    command: &Command,
    circumstances: &Circumstances,
) -> Result<Done, TransactError> {
    let recorded = load(ledger, id).await?;
    transact_from(ledger, recorded, command, circumstances).await
}

/// The same, for whoever has just read the record.
pub async fn transact_from(
    ledger: &impl Ledger,
    mut recorded: Recorded,
    command: &Command,
    circumstances: &Circumstances,
) -> Result<Done, TransactError> {
    for _ in 0..RACES {
        let event = match recorded.request.decide(command.clone(), circumstances.at) {
            Ok(Step::Already) => return Ok(Done { recorded, changed: false }),
            Ok(Step::Do(event)) => event,
            Err(refusal) => return Err(TransactError::Refused(refusal, Box::new(recorded))),
        };
        match record(ledger, &recorded, event, circumstances).await {
            Ok(after) => return Ok(Done { recorded: after, changed: true }),
            Err(StoreError::Conflict) => recorded = load(ledger, recorded.request.scope.request_id).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Conflict.into())
}

/// Commits one event on top of what was read.
pub async fn record(
    ledger: &impl Ledger,
    recorded: &Recorded,
    event: Event,
    circumstances: &Circumstances,
) -> Result<Recorded, StoreError> {
    let impossible = || StoreError::Corrupt {
        item: recorded.request.scope.request_id.to_string(),
        cause: "an event that was decided does not apply".into(),
    };
    let change = recorded.advance(event, circumstances).ok_or_else(impossible)?;
    let (before, after) = (&recorded.request, &change.after().request);
    let custody = moved_with(ledger, before, after, circumstances.at).await?;
    ledger.commit(&change, custody.as_ref().map(Beside::Custody)).await?;
    Ok(change.after().clone())
}
