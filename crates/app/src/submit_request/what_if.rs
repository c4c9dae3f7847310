//! What a dry run tells beside the request that would be: which policies decide, and who could approve.
//!
//! It changes nothing, and is told to nobody but whoever policy lets ask.

use super::SubmitError;
use crate::candidates::candidates;
use crate::failure::Failure;
use crate::ports::Directory;
use jiff::Timestamp;
use std::collections::BTreeMap;
use stint_domain::ids::PrincipalId;
use stint_domain::record::Change;
use stint_domain::request::{AccessRequest, RequestState};
use stint_policy::{Ask, PolicyBundle};

/// A request that nobody has made.
#[derive(Debug)]
pub struct WhatIf {
    pub request: AccessRequest,
    /// Policies that let the requester ask, or approve at once, by their ids, and why they do.
    pub decided_by: BTreeMap<String, String>,
    /// `None` if nobody would have to approve.
    pub approval: Option<FirstStep>,
}

/// Who would be asked first.
#[derive(Debug)]
pub struct FirstStep {
    /// How many of them would have to say yes.
    pub needed: usize,
    /// By id, with their names.
    pub could_approve: BTreeMap<PrincipalId, String>,
}

pub(super) async fn what_if(
    directory: &impl Directory,
    policy: &PolicyBundle,
    change: &Change,
    now: Timestamp,
) -> Result<WhatIf, SubmitError> {
    let request = change.after().request.clone();
    Ok(WhatIf {
        decided_by: decided_by(directory, policy, &request, now).await?,
        approval: match &request.state {
            RequestState::Pending(_) => Some(first_step(directory, policy, &request, now).await?),
            _ => None,
        },
        request,
    })
}

async fn decided_by(
    directory: &impl Directory,
    policy: &PolicyBundle,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<BTreeMap<String, String>, Failure> {
    let scope = &request.scope;
    let person = directory.person(&scope.requester).await?;
    let (Some(person), Some(entitlement)) = (person, policy.entitlement(&scope.entitlement)) else {
        return Ok(BTreeMap::new());
    };
    let ask = Ask::again(scope, now);
    let mut decided = BTreeMap::new();
    if scope.break_glass.is_some() {
        let allowed = policy.may_break_glass(&person, entitlement, &ask);
        return Ok(allowed.map(|allowed| policy.reasons(allowed.authorization())).unwrap_or_default());
    }
    if let Ok(allowed) = policy.may_request(&person, entitlement, &ask) {
        decided.extend(policy.reasons(allowed.authorization()));
    }
    if let Ok(at_once) = policy.auto_approves(&person, entitlement, &ask) {
        decided.extend(policy.reasons(at_once.authorization()));
    }
    Ok(decided)
}

async fn first_step(
    directory: &impl Directory,
    policy: &PolicyBundle,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<FirstStep, Failure> {
    let found = candidates(directory, policy, request, now).await?;
    let could_approve = found.people.into_values().map(|person| (person.id, person.display_name)).collect();
    Ok(FirstStep { needed: found.missing, could_approve })
}
