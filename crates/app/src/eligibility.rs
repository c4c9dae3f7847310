//! Whether somebody may still take part, today: who asks, whoever approved, and what policy approved at once.
//!
//! Guards: who has left, changed groups, lost an entitlement, their sponsor or their contract does not get what was
//! approved for them before, and does not keep it; nor does anybody get what somebody approved who may not any more. It
//! takes no part in ending access: that needs nobody's leave.

mod approval;
mod one_person;
mod window;

pub(crate) use approval::{
    Approver, approval_is_genuine, approver_eligible, approvers_hold, managing, standing,
};
pub(crate) use one_person::{has_approved_as_another, is_also, is_another_of};
pub(crate) use window::{is_extension, window_is_genuine};

use crate::failure::Failure;
use crate::ports::Directory;
use jiff::{SignedDuration, Timestamp};
use stint_domain::audit::Authorization;
use stint_domain::grant::GrantState;
use stint_domain::principal::{Engagement, Kind, Person};
use stint_domain::request::AccessRequest;
use stint_domain::transition::EndCause;
use stint_policy::{Ask, PolicyBundle};

/// Somebody may not, or may not any more.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) cause: EndCause,
    /// For people. Empty for somebody unknown or disabled, and for an entitlement that is gone.
    pub(crate) reasons: Vec<String>,
    /// What policy said, if it was policy.
    pub(crate) authorization: Option<Authorization>,
}

impl Lost {
    const fn of(cause: EndCause) -> Self {
        Self { cause, reasons: Vec::new(), authorization: None }
    }
}

/// Whether the requester could ask for the same now.
///
/// # Errors
/// [`Failure::Transient`] if the directory does not answer, which says neither yes nor no.
pub(crate) async fn requester_eligible(
    directory: &impl Directory,
    policy: &PolicyBundle,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<Result<Authorization, Lost>, Failure> {
    let scope = &request.scope;
    let person = directory.person(&scope.requester).await?;
    let (Some(person), Some(entitlement)) = (person, policy.entitlement(&scope.entitlement)) else {
        return Ok(Err(Lost::of(EndCause::Ineligible)));
    };
    if let Err(cause) = engaged(directory, &person, until(request, now)).await? {
        return Ok(Err(Lost::of(cause)));
    }
    let ask = Ask::again(scope, now);
    let may = match scope.break_glass {
        Some(_) => {
            policy.may_break_glass(&person, entitlement, &ask).map(|proof| proof.authorization().clone())
        }
        None => policy.may_request(&person, entitlement, &ask).map(|proof| proof.authorization().clone()),
    };
    Ok(match may {
        Ok(authorization) => Ok(authorization),
        Err(denied) => Err(Lost {
            cause: EndCause::Ineligible,
            reasons: denied.reasons,
            authorization: Some(denied.authorization),
        }),
    })
}

/// Until when the requester has to be engaged: what is not given yet, for as long as it would last if it were given
/// now; what is given, for the moment. An extension lasts longer than this knows of; its use case adds that.
fn until(request: &AccessRequest, now: Timestamp) -> Timestamp {
    let scope = &request.scope;
    match request.grant() {
        None | Some(GrantState::Scheduled) => {
            let begins = scope.starts_at.map_or(now, |start| start.max(now));
            begins.saturating_add(request.allowance().duration.as_signed()).unwrap_or(Timestamp::MAX)
        }
        _ => a_moment_after(now),
    }
}

/// Windows are in whole seconds, and nothing is shorter.
fn a_moment_after(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX)
}

/// Whether somebody is engaged at this moment.
///
/// # Errors
/// As of [`requester_eligible`].
pub(crate) async fn engaged_now(
    directory: &impl Directory,
    person: &Person,
    now: Timestamp,
) -> Result<bool, Failure> {
    Ok(engaged(directory, person, a_moment_after(now)).await?.is_ok())
}

/// Whether what stands between a contractor and the door stands until `until`: a contract, and an employee who answers
/// for them. The inner error says which does not. Nobody else needs either.
///
/// # Errors
/// As of [`requester_eligible`].
pub(crate) async fn engaged(
    directory: &impl Directory,
    person: &Person,
    until: Timestamp,
) -> Result<Result<(), EndCause>, Failure> {
    let contract = match &person.engagement {
        Engagement::Employed | Engagement::Service => return Ok(Ok(())),
        Engagement::Contracted(None) => return Ok(Err(EndCause::SponsorGone)),
        Engagement::Contracted(Some(contract)) => contract,
    };
    if until > contract.ends_at {
        return Ok(Err(EndCause::ContractOver));
    }
    let sponsor = directory.person(&contract.sponsor).await?;
    let answers = sponsor.is_some_and(|sponsor| sponsor.engagement.kind() == Kind::Employee);
    Ok(if answers { Ok(()) } else { Err(EndCause::SponsorGone) })
}
