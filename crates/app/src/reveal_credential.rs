//! The holder of a grant is handed what they use it with.
//!
//! Guards: the holder only, while the grant is active, and only if policy would still let them ask and it was approved; the
//! intent is on record before anything is issued, and what could not be recorded as revealed is not revealed. A credential
//! is stored nowhere: whoever has lost it asks again and gets another.

use crate::artefact::artefact;
use crate::caller::Caller;
use crate::eligibility::{Lost, approval_is_genuine, requester_eligible, window_is_genuine};
use crate::failure::{Failure, Missing};
use crate::note_refusal::note_refusal;
use crate::ports::{Credential, CredentialIssuer, Directory, Ledger, ProviderError, Seals, Surroundings};
use crate::transact::{TransactError, transact_from};
use crate::withdraw::own;
use jiff::Timestamp;
use stint_domain::audit::Authorization;
use stint_domain::ids::RequestId;
use stint_domain::request::AccessRequest;
use stint_domain::transition::{Command, EndCause, GrantCommand, Refusal};
use stint_policy::PolicyBundle;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum RevealError {
    #[error("policy does not let this caller have it any more")]
    NotAllowed { reasons: Vec<String> },
    /// Somebody has written an approval to the record that nobody gave.
    #[error("nobody has approved it whose approval can be proven")]
    NotSealed,
    #[error("{0}")]
    Refused(Refusal, Box<AccessRequest>),
    /// `reason` is safe to show.
    #[error("the target refused: {reason}")]
    Target { reason: String },
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl From<TransactError> for RevealError {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Refused(refusal, recorded) => Self::Refused(refusal, Box::new(recorded.request)),
            TransactError::Missing(missing) => Self::Missing(missing),
        }
    }
}

/// # Errors
/// [`Missing::NotFound`] also for somebody else's grant. After [`Missing::Failure`] something may have been issued that
/// nobody knows, and a repeat is safe.
pub async fn reveal_credential(
    ledger: &impl Ledger,
    (directory, seals): (&impl Directory, &impl Seals),
    issuer: &impl CredentialIssuer,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    id: RequestId,
) -> Result<Credential, RevealError> {
    let recorded = own(ledger, surroundings, caller, id, "reveal").await?;
    let now = surroundings.now();
    let authorization = match allowed(ledger, (directory, seals), policy, &recorded.request, now).await? {
        Ok(authorization) => authorization,
        Err(lost) => {
            note_refusal(ledger, caller, id, "reveal", why(&lost), now).await?;
            return Err(lost.into());
        }
    };
    let circumstances = caller.circumstances(now, Some(authorization));
    let begin = Command::Grant(GrantCommand::BeginReveal);
    let recorded = match transact_from(ledger, recorded, &begin, &circumstances).await {
        Ok(done) => done.recorded,
        Err(error) => {
            if let TransactError::Refused(refusal, _) = &error {
                note_refusal(ledger, caller, id, "reveal", &refusal.to_string(), now).await?;
            }
            return Err(error.into());
        }
    };
    let credential = issue(issuer, &recorded.request, now).await?;
    let confirm = Command::Grant(GrantCommand::ConfirmReveal(credential.revealed()));
    transact_from(ledger, recorded, &confirm, &circumstances).await?;
    Ok(credential)
}

/// By whom policy would still let ask, and what somebody has approved or policy still would: a record can say that it is
/// active.
async fn allowed(
    ledger: &impl Ledger,
    (directory, seals): (&impl Directory, &impl Seals),
    policy: &PolicyBundle,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<Result<Authorization, Lost>, Missing> {
    let eligible = requester_eligible(directory, policy, request, now).await?;
    if eligible.is_err() {
        return Ok(eligible);
    }
    if let Err(lost) = approval_is_genuine((directory, seals), policy, request).await? {
        return Ok(Err(lost));
    }
    let window = window_is_genuine(ledger, (directory, seals), policy, request, now).await?;
    Ok(window.and(eligible))
}

impl From<Lost> for RevealError {
    fn from(lost: Lost) -> Self {
        match lost.cause {
            EndCause::NotSealed => Self::NotSealed,
            _ => Self::NotAllowed { reasons: lost.reasons },
        }
    }
}

const fn why(lost: &Lost) -> &'static str {
    match lost.cause {
        EndCause::NotSealed => "nobody has approved it whose approval can be proven",
        _ => "policy does not allow it any more",
    }
}

async fn issue(
    issuer: &impl CredentialIssuer,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<Credential, RevealError> {
    let artefact = artefact(request).map_err(Missing::from)?;
    issuer.issue(&artefact, now).await.map_err(|error| match error {
        ProviderError::Refused { reason, cause } => {
            tracing::warn!(grant.id = %artefact.grant_id, error = &*cause as &dyn std::error::Error, "not issued");
            RevealError::Target { reason }
        }
        error @ ProviderError::Unavailable(_) => Missing::from(Failure::from(error)).into(),
    })
}
