//! Somebody with the right to takes access away, or answers for what cannot be removed.
//!
//! Guards: only whom policy lets, with a reason that is on record; taking away is never refused because of anything but
//! that. As with giving back, the removal is on record before anything else, and the workflow is stopped last.

use crate::caller::Caller;
use crate::failure::{Failure, Missing};
use crate::note_refusal::note_refusal;
use crate::ports::{Directory, Expirer, Ledger, Surroundings, Workflow};
use crate::transact::{Done, TransactError, load, transact_from};
use crate::withdraw::finish;
use stint_domain::audit::Authorization;
use stint_domain::ids::RequestId;
use stint_domain::justification::Comment;
use stint_domain::principal::Person;
use stint_domain::request::AccessRequest;
use stint_domain::transition::{Command, GrantCommand, Refusal};
use stint_policy::{Denied, PolicyBundle};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum RevokeError {
    #[error("policy does not let this caller do that")]
    NotAllowed { reasons: Vec<String> },
    #[error("{0}")]
    Refused(Refusal, Box<AccessRequest>),
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl From<TransactError> for RevokeError {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Refused(refusal, recorded) => Self::Refused(refusal, Box::new(recorded.request)),
            TransactError::Missing(missing) => Self::Missing(missing),
        }
    }
}

/// Whose grant, and why.
#[derive(Debug, Clone)]
pub struct Taking {
    pub request_id: RequestId,
    pub comment: Comment,
}

/// Ends a grant now, whatever it is doing; a repeat finds it ending.
///
/// # Errors
/// [`RevokeError`]; for whoever has nothing to do with it, it does not exist. After [`Missing::Failure`] it may be on record already, and a repeat is safe.
pub async fn revoke_grant(
    ledger: &impl Ledger,
    directory: &impl Directory,
    (workflow, expirer): (&impl Workflow, &impl Expirer),
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    ask: Taking,
) -> Result<AccessRequest, RevokeError> {
    let command = GrantCommand::Revoke { comment: ask.comment };
    let done = commanded(ledger, directory, policy, surroundings, caller, ask.request_id, command).await?;
    finish(workflow, expirer, &done.recorded.request, "revoked").await;
    Ok(done.recorded.request)
}

/// Closes a removal that keeps failing, without proof: the administrator answers for it.
///
/// # Errors
/// [`RevokeError`]; [`Refusal::NotFailing`] for anything that Stint can still end by itself.
pub async fn force_close(
    ledger: &impl Ledger,
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    ask: Taking,
) -> Result<AccessRequest, RevokeError> {
    let command = GrantCommand::ForceClose { comment: ask.comment };
    let done = commanded(ledger, directory, policy, surroundings, caller, ask.request_id, command).await?;
    Ok(done.recorded.request)
}

async fn commanded(
    ledger: &impl Ledger,
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    id: RequestId,
    command: GrantCommand,
) -> Result<Done, RevokeError> {
    let recorded = load(ledger, id).await?;
    let now = surroundings.now();
    let person = directory.person(&caller.principal).await.map_err(|e| Missing::from(Failure::from(e)))?;
    let allowed = match person {
        Some(person) => may(policy, &person, &recorded.request, &command),
        None => Err(Vec::new()),
    };
    let authorization = match allowed {
        Ok(authorization) => authorization,
        Err(reasons) => {
            let attempted =
                if matches!(command, GrantCommand::Revoke { .. }) { "revoke" } else { "force-close" };
            note_refusal(ledger, caller, id, attempted, "policy does not allow it", now).await?;
            let knows = recorded.request.scope.requester == caller.principal;
            return Err(if knows { RevokeError::NotAllowed { reasons } } else { Missing::NotFound.into() });
        }
    };
    let circumstances = caller.circumstances(now, Some(authorization));
    Ok(transact_from(ledger, recorded, &Command::Grant(command), &circumstances).await?)
}

/// Policy is asked about the entitlement's name and the requester alone, so a grant of something that is no longer in
/// the catalog can still be ended.
pub(crate) fn may(
    policy: &PolicyBundle,
    person: &Person,
    request: &AccessRequest,
    command: &GrantCommand,
) -> Result<Authorization, Vec<String>> {
    let (requester, entitlement) = (&request.scope.requester, &request.scope.entitlement);
    let said = match command {
        GrantCommand::ForceClose { .. } => {
            policy.may_force_close(person, requester, entitlement).map(|proof| proof.authorization().clone())
        }
        _ => policy.may_revoke(person, requester, entitlement).map(|proof| proof.authorization().clone()),
    };
    said.map_err(|denied: Denied| denied.reasons)
}
