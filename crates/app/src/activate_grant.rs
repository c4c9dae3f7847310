//! What was approved is given.
//!
//! Guards I2 and I3: the approval is checked against the scope's hash, every attempt is on record before the target is
//! touched, and the outcome after. A window, once recorded, is what every later attempt uses.

use crate::artefact::artefact;
use crate::failure::{Failure, Missing};
use crate::ports::{Ledger, Provider, ProviderError, Surroundings};
use crate::transact::{Done, TransactError, transact, transact_from};
use jiff::Timestamp;
use stint_domain::ids::RequestId;
use stint_domain::record::{Circumstances, Recorded};
use stint_domain::transition::{Command, GrantCommand, Refusal};
use stint_domain::window::Window;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum ActivateError {
    #[error("the grant starts later")]
    NotYet,
    /// It will never be given; whatever may have been made has to be removed.
    #[error("the grant will not be activated: {reason}")]
    Rejected { reason: String },
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl From<TransactError> for ActivateError {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Refused(Refusal::NotYet { .. }, _) => Self::NotYet,
            TransactError::Refused(refusal, _) => Self::Rejected { reason: refusal.to_string() },
            TransactError::Missing(missing) => Self::Missing(missing),
        }
    }
}

/// When access ends.
///
/// # Errors
/// [`ActivateError`]; after [`Missing::Failure`] the target may or may not have been touched, and a repeat is safe.
pub async fn activate_grant(
    ledger: &impl Ledger,
    provider: &impl Provider,
    surroundings: &impl Surroundings,
    id: RequestId,
) -> Result<Timestamp, ActivateError> {
    let begin = Command::Grant(GrantCommand::BeginActivation);
    let Done { recorded, changed } = transact(ledger, id, &begin, &circumstances(surroundings)).await?;
    let window = window_of(&recorded)?;
    if !changed {
        return Ok(window.ends_at());
    }
    let artefact = artefact(&recorded.request).map_err(Missing::from)?;
    match provider.activate(&artefact).await {
        Ok(()) => {
            let confirm = Command::Grant(GrantCommand::ConfirmActivation);
            transact_from(ledger, recorded, &confirm, &circumstances(surroundings)).await?;
            Ok(window.ends_at())
        }
        Err(ProviderError::Refused { reason, cause }) => {
            tracing::warn!(request.id = %id, error = &*cause as &dyn std::error::Error, "activation refused");
            let abandon = Command::Grant(GrantCommand::AbandonActivation { reason: reason.clone() });
            transact_from(ledger, recorded, &abandon, &circumstances(surroundings)).await?;
            Err(ActivateError::Rejected { reason })
        }
        Err(error) => Err(Missing::from(Failure::from(error)).into()),
    }
}

fn circumstances(surroundings: &impl Surroundings) -> Circumstances {
    Circumstances::of_component("grant", surroundings.now())
}

fn window_of(recorded: &Recorded) -> Result<Window, Missing> {
    let window = recorded.request.grant().and_then(|grant| grant.window());
    Ok(*window.ok_or(Failure::Bug("an activating grant has no window"))?)
}
