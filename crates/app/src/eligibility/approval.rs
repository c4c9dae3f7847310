//! Whether those who approve may: when they do, and again before anything is given.

use super::{Lost, engaged_now, has_approved_as_another, is_another_of};
use crate::failure::Failure;
use crate::ports::{Directory, Seals};
use jiff::Timestamp;
use stint_domain::approval::Standing;
use stint_domain::audit::Authorization;
use stint_domain::ids::PrincipalId;
use stint_domain::principal::{Authentication, Origin, Person};
use stint_domain::request::{AccessRequest, Decider, RequestState};
use stint_domain::transition::EndCause;
use stint_policy::{Ask, PolicyBundle, Requester};

/// Somebody who may decide, and in whose place.
#[derive(Debug)]
pub struct Approver {
    pub person: Person,
    pub standing: Standing,
    pub authorization: Authorization,
}

/// Whom the requester reports to, if a rule of the request asks them.
pub(crate) fn managing(requester: Option<&Person>, request: &AccessRequest) -> Option<PrincipalId> {
    requester.filter(|_| request.scope.rule.asks_the_manager())?.manager.clone()
}

pub(crate) fn standing(person: &Person, manager: Option<&PrincipalId>) -> Standing {
    Standing { groups: person.groups.clone(), manages_the_requester: manager == Some(&person.id) }
}

/// Whether `id` may approve `request`, who proves or proved who they are `by` this. Who they are is asked now; `at` is when
/// they decide or did, from `origin`, and what policy asks of that moment, such as the hour, stays as it was then.
///
/// # Errors
/// As of [`super::requester_eligible`].
pub(crate) async fn approver_eligible(
    directory: &impl Directory,
    policy: &PolicyBundle,
    (id, by, origin): (&PrincipalId, Authentication, Option<Origin>),
    request: &AccessRequest,
    (at, now): (Timestamp, Timestamp),
) -> Result<Result<Approver, Lost>, Failure> {
    let scope = &request.scope;
    let lost = |cause| Ok(Err(Lost::of(cause)));
    let Some(person) = directory.person(id).await? else { return lost(EndCause::ApproverIneligible) };
    let Some(entitlement) = policy.entitlement(&scope.entitlement) else {
        return lost(EndCause::Ineligible);
    };
    if !engaged_now(directory, &person, now).await? {
        return lost(EndCause::ApproverIneligible);
    }
    let requester = directory.person(&scope.requester).await?;
    if requester.as_ref().is_some_and(|requester| is_another_of(requester, &person)) {
        let reasons = vec!["nobody decides on their own request, by whichever account".to_owned()];
        return Ok(Err(Lost { reasons, ..Lost::of(EndCause::ApproverIneligible) }));
    }
    let manager = managing(requester.as_ref(), request);
    let ask = Ask::about(scope, at, origin);
    let requester = Requester { id: &scope.requester, manager: manager.as_ref() };
    Ok(match policy.may_approve(&person, requester, entitlement, &ask, by) {
        Ok(proof) => Ok(Approver {
            standing: standing(&person, manager.as_ref()),
            person,
            authorization: proof.authorization().clone(),
        }),
        Err(denied) => Err(Lost {
            cause: EndCause::ApproverIneligible,
            reasons: denied.reasons,
            authorization: Some(denied.authorization),
        }),
    })
}

/// Whether everybody who is said to have approved `request` has, and whether policy would still, where policy did:
/// whatever else the record says, and whoever wrote it.
///
/// # Errors
/// As of [`super::requester_eligible`].
pub(crate) async fn approval_is_genuine(
    (directory, seals): (&impl Directory, &impl Seals),
    policy: &PolicyBundle,
    request: &AccessRequest,
) -> Result<Result<(), Lost>, Failure> {
    let RequestState::Approved { approved_at, .. } = &request.state else { return Ok(Ok(())) };
    for (step, approval) in request.given() {
        let genuine = match request.statement(step, approval) {
            None => still_at_once(directory, policy, request, *approved_at).await?,
            Some(statement) => match &approval.seal {
                Some(seal) if seals.is_of(seal, &statement).await? => Ok(()),
                _ => Err(Lost::of(EndCause::NotSealed)),
            },
        };
        if genuine.is_err() {
            return Ok(genuine);
        }
    }
    Ok(Ok(()))
}

/// Whether everybody who approved `request` could do so today.
///
/// # Errors
/// As of [`super::requester_eligible`].
pub(crate) async fn approvers_hold(
    directory: &impl Directory,
    policy: &PolicyBundle,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<Result<(), Lost>, Failure> {
    let RequestState::Approved { approval, earlier, approved_at, .. } = &request.state else {
        return Ok(Ok(()));
    };
    let earlier = earlier.iter().map(|given| (&given.approval, given.step, given.at));
    let last = (approval.as_ref(), request.scope.rule.steps().len().saturating_sub(1), *approved_at);
    for (approval, step, at) in earlier.chain([last]) {
        if let Decider::Person { id, authentication, origin, .. } = &approval.by {
            let who = (id, *authentication, Some(origin.unwrap_or(Origin::UNKNOWN)));
            let holds = person_holds(directory, policy, request, who, (step, at), now).await?;
            if holds.is_err() {
                return Ok(holds);
            }
        }
    }
    Ok(Ok(()))
}

/// Whoever said yes in a step has to count in it still: somebody may be an approver of another by now.
async fn person_holds(
    directory: &impl Directory,
    policy: &PolicyBundle,
    request: &AccessRequest,
    who: (&PrincipalId, Authentication, Option<Origin>),
    (step, at): (usize, Timestamp),
    now: Timestamp,
) -> Result<Result<(), Lost>, Failure> {
    Ok(match approver_eligible(directory, policy, who, request, (at, now)).await? {
        Err(lost) => Err(lost),
        Ok(approver) => {
            let twice = has_approved_as_another(directory, &approver.person, request).await?;
            if !twice && request.counts_in(step, &approver.standing) {
                Ok(())
            } else {
                Err(Lost::of(EndCause::ApproverIneligible))
            }
        }
    })
}

async fn still_at_once(
    directory: &impl Directory,
    policy: &PolicyBundle,
    request: &AccessRequest,
    at: Timestamp,
) -> Result<Result<(), Lost>, Failure> {
    let scope = &request.scope;
    let person = directory.person(&scope.requester).await?;
    let (Some(person), Some(entitlement)) = (person, policy.entitlement(&scope.entitlement)) else {
        return Ok(Err(Lost::of(EndCause::Ineligible)));
    };
    // Policy answers for what the catalog says, and for nothing else that a record does.
    let known = entitlement.access.of(&person).is_ok_and(|whole| scope.access.is_within(&whole));
    let terms = entitlement.break_glass.as_ref().map(|terms| &terms.review);
    if !known || scope.break_glass.is_some() && scope.break_glass.as_ref() != terms {
        return Ok(Err(Lost::of(EndCause::NotApprovedByPolicy)));
    }
    let ask = Ask::again(scope, at);
    let may = match scope.break_glass {
        Some(_) => policy.may_break_glass(&person, entitlement, &ask).map(drop),
        None => policy.auto_approves(&person, entitlement, &ask).map(drop),
    };
    Ok(may.map_err(|denied| Lost {
        cause: EndCause::NotApprovedByPolicy,
        reasons: denied.reasons,
        authorization: Some(denied.authorization),
    }))
}
