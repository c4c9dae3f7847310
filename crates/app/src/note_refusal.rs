//! Somebody tried something with a request and was not allowed to: that stands in its own stream.

use crate::caller::Caller;
use crate::failure::Missing;
use crate::ports::{Ledger, StoreError};
use crate::transact::{RACES, load, record};
use jiff::Timestamp;
use stint_domain::ids::RequestId;
use stint_domain::transition::Event;

/// Puts into the request's stream that `caller` tried something and was not allowed to.
pub(crate) async fn note_refusal(
    ledger: &impl Ledger,
    caller: &Caller,
    id: RequestId,
    attempted: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), Missing> {
    let event = Event::Refused { attempted: attempted.to_owned(), reason: reason.to_owned() };
    let circumstances = caller.circumstances(now, None);
    for _ in 0..RACES {
        let recorded = load(ledger, id).await?;
        match record(ledger, &recorded, event.clone(), &circumstances).await {
            Ok(_) => return Ok(()),
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Conflict.into())
}
