//! Attempts that were refused, in the audit.

use super::{SubmitError, SubmitRequest};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::first_use::note_first_use;
use crate::ports::{Ledger, StoreError, Surroundings};
use stint_domain::BadInput;
use stint_domain::audit::Outcome;
use stint_domain::ids::EntitlementId;
use stint_domain::record::{Circumstances, SystemEvent};

/// An attempt on access that was refused stands in the audit.
pub(super) async fn audited(
    ledger: &impl Ledger,
    circumstances: Circumstances,
    ask: &SubmitRequest,
    error: SubmitError,
) -> SubmitError {
    if ask.dry_run || matches!(error, SubmitError::KeyReused | SubmitError::Failure(_)) {
        return error;
    }
    let detail = serde_json::json!({
        "reason": error.to_string(), "justification": ask.justification, "duration": ask.duration,
    });
    match refused(ledger, circumstances.clone(), Some(ask.entitlement.clone()), detail).await {
        Ok(()) => {
            note_first_use(ledger, &circumstances).await;
            error
        }
        Err(failure) => failure.into(),
    }
}

/// Somebody asked for what cannot even be a request, such as access for less than no time. It stands in the audit as
/// every other attempt does, with what was wrong and nothing of what was sent.
///
/// # Errors
/// [`Failure`] if that could not be written down.
pub async fn note_bad_input(
    ledger: &impl Ledger,
    surroundings: &impl Surroundings,
    caller: &Caller,
    bad: &BadInput,
) -> Result<(), Failure> {
    let detail = serde_json::json!({ "reason": bad.to_string() });
    Ok(refused(ledger, caller.circumstances(surroundings.now(), None), None, detail).await?)
}

async fn refused(
    ledger: &impl Ledger,
    circumstances: Circumstances,
    entitlement: Option<EntitlementId>,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let event = SystemEvent { action: "request.refused", outcome: Outcome::Denied, entitlement, detail };
    ledger.append(event, circumstances).await
}
