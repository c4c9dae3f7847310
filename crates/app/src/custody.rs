//! Who may have a vaulted credential, moved along with the grant that it is for.
//!
//! Guards I5: the credential is taken in the same commit that begins an activation, and given back in the same commit
//! that records the proof of its rotation. A grant that was closed by force without proof keeps it for ever, so that
//! nobody is handed what somebody else may know.

use crate::failure::Failure;
use crate::ports::{Ledger, StoreError};
use crate::transact::RACES;
use jiff::Timestamp;
use stint_domain::custody::{Custody, CustodyChange, Handover, Occupied, Waiting};
use stint_domain::grant::GrantState;
use stint_domain::ids::{RequestId, SecretName};
use stint_domain::request::AccessRequest;

/// What has to be committed together with the step from `before` to `after`, if it moves a credential.
///
/// # Errors
/// [`StoreError::Conflict`] if the credential cannot be had now, or not any more.
pub(crate) async fn moved_with(
    ledger: &impl Ledger,
    before: &AccessRequest,
    after: &AccessRequest,
    now: Timestamp,
) -> Result<Option<CustodyChange>, StoreError> {
    let Some(secret) = before.scope.access.vaulted() else { return Ok(None) };
    let id = before.scope.request_id;
    let (Some(was), Some(is)) = (before.grant(), after.grant()) else { return Ok(None) };
    let Some(handover) = Handover::between(was, is) else { return Ok(None) };
    let custody = ledger.custody(secret).await?;
    match handover {
        Handover::Taken => custody.take(id, now).map_err(|_| StoreError::Conflict),
        Handover::Released => Ok(custody.release(id)),
    }
}

/// Whether it is the request's turn; if not, it waits in the queue from now on.
///
/// # Errors
/// [`Failure`] if the ledger could not say.
pub(crate) async fn turn(
    ledger: &impl Ledger,
    request: &AccessRequest,
    secret: &SecretName,
    now: Timestamp,
) -> Result<Result<(), Occupied>, Failure> {
    let who = Waiting { request_id: request.scope.request_id, duration: request.allowance().duration };
    for _ in 0..RACES {
        let custody = ledger.custody(secret).await?;
        let change = match custody.take(who.request_id, now) {
            Ok(_) => return Ok(Ok(())),
            Err(Occupied::NotYourTurn { first }) if !waits(ledger, first).await? => custody.leave(first),
            Err(occupied) => match custody.join(who) {
                Ok(None) => return Ok(Err(occupied)),
                Ok(joins) => joins,
                Err(full) => return Ok(Err(full)),
            },
        };
        let Some(change) = change else { continue };
        match ledger.change_custody(&change).await {
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Conflict.into())
}

/// One that was cancelled or has ended in the queue holds nobody up.
async fn waits(ledger: &impl Ledger, id: RequestId) -> Result<bool, Failure> {
    let found = ledger.load(id).await?;
    Ok(found.is_some_and(|found| matches!(found.request.grant(), Some(GrantState::Scheduled))))
}

/// Who has a credential now, and when somebody who comes now could have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    pub holder: String,
    /// If nobody ends it early or extends it.
    pub until: Timestamp,
    /// How many wait already.
    pub ahead: usize,
    /// When all of those have had their time.
    pub estimate: Timestamp,
}

/// `None` if it is free and nobody waits for it.
///
/// # Errors
/// [`StoreError`] if the ledger could not say.
pub(crate) async fn in_use(
    ledger: &impl Ledger,
    secret: &SecretName,
    now: Timestamp,
) -> Result<Option<InUse>, StoreError> {
    let custody = ledger.custody(secret).await?;
    let first = custody.holder().or_else(|| custody.queue().first().map(|one| one.request_id));
    let Some(first) = first else { return Ok(None) };
    let Some(found) = ledger.load(first).await? else { return Ok(None) };
    let window = found.request.grant().and_then(|grant| grant.window());
    let until = window.map_or(now, |window| window.ends_at()).max(now);
    let holder = found.request.requester_name.clone();
    Ok(Some(InUse { holder, until, ahead: custody.queue().len(), estimate: after_all(&custody, until) }))
}

fn after_all(custody: &Custody, until: Timestamp) -> Timestamp {
    let rotation = jiff::SignedDuration::from_secs(30);
    let add = |at: Timestamp, one: &Waiting| {
        at.checked_add(one.duration.as_signed()).and_then(|at| at.checked_add(rotation)).unwrap_or(at)
    };
    custody.queue().iter().fold(until, add)
}
