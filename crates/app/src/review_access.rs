//! Somebody says whether an emergency was one, in which access was had without asking.
//!
//! Guards: only whom policy lets, never whoever took it; a word to it is on record; what is said stands. It changes
//! nothing about the access.

use crate::caller::Caller;
use crate::eligibility::{engaged_now, is_also};
use crate::failure::{Failure, Missing};
use crate::note_refusal::note_refusal;
use crate::ports::{Directory, Ledger, StoreError, Surroundings};
use crate::transact::{TransactError, load, transact_from};
use jiff::Timestamp;
use stint_domain::audit::Authorization;
use stint_domain::ids::{PrincipalId, RequestId};
use stint_domain::justification::Comment;
use stint_domain::principal::Person;
use stint_domain::request::AccessRequest;
use stint_domain::review::{Finding, Reviewed};
use stint_domain::transition::{Command, Refusal};
use stint_policy::PolicyBundle;
use thiserror::Error;

#[derive(Debug, Clone)]
pub struct ReviewAccess {
    pub request_id: RequestId,
    pub finding: Finding,
    pub comment: Comment,
}

#[derive(Debug, Error)]
pub enum ReviewError {
    /// Only for whoever knows of it anyway; for others it does not exist.
    #[error("policy does not let this caller review")]
    NotAllowed { reasons: Vec<String> },
    #[error("{0}")]
    Refused(Refusal, Box<AccessRequest>),
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl From<Failure> for ReviewError {
    fn from(failure: Failure) -> Self {
        Self::Missing(failure.into())
    }
}

impl From<StoreError> for ReviewError {
    fn from(error: StoreError) -> Self {
        Self::Missing(error.into())
    }
}

/// The request as reviewed.
///
/// # Errors
/// [`ReviewError`]; every refusal is in the request's own audit stream.
pub async fn review_access(
    ledger: &impl Ledger,
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    ask: ReviewAccess,
) -> Result<AccessRequest, ReviewError> {
    let now = surroundings.now();
    let recorded = load(ledger, ask.request_id).await?;
    let allowed = may_review(directory, policy, &caller.principal, &recorded.request, now).await?;
    let (person, authorization) = match allowed {
        Ok(reviewer) => reviewer,
        Err(reasons) => {
            note_refusal(ledger, caller, ask.request_id, "review", "policy does not allow it", now).await?;
            let knows = recorded.request.scope.requester == caller.principal;
            return Err(if knows { ReviewError::NotAllowed { reasons } } else { Missing::NotFound.into() });
        }
    };
    let reviewed = Reviewed {
        by: person.id,
        name: person.display_name,
        authentication: caller.authentication,
        finding: ask.finding,
        comment: ask.comment,
    };
    let circumstances = caller.circumstances(now, Some(authorization));
    match transact_from(ledger, recorded, &Command::Review { reviewed }, &circumstances).await {
        Ok(done) => Ok(done.recorded.request),
        Err(TransactError::Refused(refusal, recorded)) => {
            let reason = refusal.to_string();
            note_refusal(ledger, caller, ask.request_id, "review", &reason, now).await?;
            Err(ReviewError::Refused(refusal, Box::new(recorded.request)))
        }
        Err(TransactError::Missing(missing)) => Err(missing.into()),
    }
}

/// Whether policy lets `id` review what `request` was, now; the inner error says why not.
///
/// # Errors
/// [`Failure::Transient`] if the directory does not answer.
pub(crate) async fn may_review(
    directory: &impl Directory,
    policy: &PolicyBundle,
    id: &PrincipalId,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<Result<(Person, Authorization), Vec<String>>, Failure> {
    let scope = &request.scope;
    let nothing = || Ok(Err(Vec::new()));
    let Some(terms) = &scope.break_glass else { return nothing() };
    let Some(person) = directory.person(id).await? else { return nothing() };
    if !engaged_now(directory, &person, now).await? || is_also(directory, &person, &scope.requester).await? {
        return nothing();
    }
    let said = policy.may_review(&person, &scope.requester, &scope.entitlement, &terms.reviewers);
    Ok(match said {
        Ok(proof) => Ok((person, proof.authorization().clone())),
        Err(denied) => Err(denied.reasons),
    })
}
