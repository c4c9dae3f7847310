//! Who is asked to decide now: of the step that is open, everybody who counts in it, whom policy lets, and who has not
//! said yes already.
//!
//! It must not ask anybody, nor decide anything.

use crate::eligibility::{engaged_now, has_approved_as_another, is_another_of, managing, standing};
use crate::failure::Failure;
use crate::ports::Directory;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use stint_domain::approval::Progress;
use stint_domain::entitlement::Entitlement;
use stint_domain::ids::{GroupName, PrincipalId};
use stint_domain::principal::{Authentication, Person};
use stint_domain::request::AccessRequest;
use stint_policy::{Ask, PolicyBundle, Requester};

#[derive(Debug, Default)]
pub(crate) struct Candidates {
    /// How many of them have to say yes.
    pub(crate) missing: usize,
    pub(crate) people: BTreeMap<PrincipalId, Person>,
}

/// # Errors
/// [`Failure::Transient`] if the directory does not answer.
pub(crate) async fn candidates(
    directory: &impl Directory,
    policy: &PolicyBundle,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<Candidates, Failure> {
    let scope = &request.scope;
    let (Some(open), Some(entitlement)) = (request.progress(), policy.entitlement(&scope.entitlement)) else {
        return Ok(Candidates::default());
    };
    let known = directory.person(&scope.requester).await?;
    let manager = managing(known.as_ref(), request);
    let terms = Ask::about(scope, now, None);
    let requester = Requester { id: &scope.requester, manager: manager.as_ref() };
    let mut people = everybody(directory, &open, entitlement, manager.as_ref()).await?;
    people.retain(|_, person| {
        open.counts(&standing(person, manager.as_ref()))
            && !request.has_approved(&person.id)
            && !known.as_ref().is_some_and(|requester| is_another_of(requester, person))
            && policy.may_approve(person, requester, entitlement, &terms, Authentication::Token).is_ok()
    });
    Ok(Candidates { missing: open.missing(), people: engaged_only(directory, request, people, now).await? })
}

/// Whom the step could mean, once each.
async fn everybody(
    directory: &impl Directory,
    open: &Progress<'_>,
    entitlement: &Entitlement,
    manager: Option<&PrincipalId>,
) -> Result<BTreeMap<PrincipalId, Person>, Failure> {
    let mut found = BTreeMap::new();
    for group in asked(open, entitlement) {
        found.extend(directory.members(group).await?.into_iter().map(|person| (person.id.clone(), person)));
    }
    if let Some(manager) = manager.filter(|manager| open.step.manager && !found.contains_key(manager)) {
        found.extend(directory.person(manager).await?.map(|person| (person.id.clone(), person)));
    }
    Ok(found)
}

fn asked<'a>(open: &Progress<'a>, entitlement: &'a Entitlement) -> BTreeSet<&'a GroupName> {
    if open.step.names_somebody() { open.groups().collect() } else { entitlement.approvers.iter().collect() }
}

async fn engaged_only(
    directory: &impl Directory,
    request: &AccessRequest,
    people: BTreeMap<PrincipalId, Person>,
    now: Timestamp,
) -> Result<BTreeMap<PrincipalId, Person>, Failure> {
    let mut engaged = BTreeMap::new();
    for (id, person) in people {
        let twice = has_approved_as_another(directory, &person, request).await?;
        if !twice && engaged_now(directory, &person, now).await? {
            engaged.insert(id, person);
        }
    }
    Ok(engaged)
}
