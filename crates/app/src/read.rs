//! Looking: at one's own requests, at what one may decide on, and, for auditors, at the audit.
//!
//! Guards: what is not yours does not exist for you; every look at the audit of others is in the audit.

use crate::caller::Caller;
use crate::eligibility::{approver_eligible, engaged_now};
use crate::failure::{Failure, Missing};
use crate::first_use::note_first_use;
use crate::ports::{AuditTrail, Directory, Ledger, ListError, Page, PageQuery, StoredEvent, Surroundings};
use crate::review_access::may_review;
use crate::transact::load;
use jiff::Timestamp;
use stint_domain::audit::{Outcome, Stream};
use stint_domain::duration::AccessDuration;
use stint_domain::entitlement::Entitlement;
use stint_domain::ids::RequestId;
use stint_domain::record::SystemEvent;
use stint_domain::request::AccessRequest;
use stint_policy::{Ask, PolicyBundle};
use thiserror::Error;

/// A request, for its requester, for whoever may decide on it or review it, and for auditors.
///
/// # Errors
/// [`Missing::NotFound`] for everybody else.
pub async fn view_request(
    ledger: &impl Ledger,
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    id: RequestId,
) -> Result<AccessRequest, Missing> {
    let request = load(ledger, id).await?.request;
    if request.scope.requester == caller.principal {
        return Ok(request);
    }
    let person =
        directory.person(&caller.principal).await.map_err(Failure::from)?.ok_or(Missing::NotFound)?;
    if policy.may_read_audit(&person).is_ok() {
        return Ok(request);
    }
    let now = surroundings.now();
    if may_review(directory, policy, &caller.principal, &request, now).await?.is_ok() {
        return Ok(request);
    }
    // Whoever is among those who decide sees it at any hour and from any place: looking is not deciding.
    let who = (&caller.principal, caller.authentication, None);
    match approver_eligible(directory, policy, who, &request, (now, now)).await? {
        Ok(_) => Ok(request),
        Err(_) => Err(Missing::NotFound),
    }
}

/// Something that somebody may have, and on which terms.
#[derive(Debug)]
pub struct Offer<'a> {
    pub entitlement: &'a Entitlement,
    /// Whether policy would approve the shortest ask at once; `None` if it may not be asked for.
    pub at_once: Option<bool>,
    /// Whether it may be had without asking, in an emergency.
    pub break_glass: bool,
}

/// What the caller may have.
///
/// # Errors
/// [`Missing::NotFound`] for somebody the directory does not know.
pub async fn entitlements<'a>(
    directory: &impl Directory,
    policy: &'a PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
) -> Result<Vec<Offer<'a>>, Missing> {
    let person =
        directory.person(&caller.principal).await.map_err(Failure::from)?.ok_or(Missing::NotFound)?;
    let at = surroundings.now();
    if !engaged_now(directory, &person, at).await? {
        return Ok(Vec::new());
    }
    let offer = |entitlement: &'a Entitlement| {
        let ask = least(entitlement, at);
        let may = policy.may_request(&person, entitlement, &ask).is_ok();
        Offer {
            entitlement,
            at_once: may.then(|| policy.auto_approves(&person, entitlement, &ask).is_ok()),
            break_glass: entitlement.break_glass.is_some()
                && policy.may_break_glass(&person, entitlement, &ask).is_ok(),
        }
    };
    let offers = policy.entitlements().map(offer);
    Ok(offers.filter(|offer| offer.at_once.is_some() || offer.break_glass).collect())
}

#[derive(Debug, Error)]
pub enum AuditError {
    #[error("policy does not let this caller read the audit")]
    NotAllowed,
    #[error("the cursor does not belong to this listing")]
    BadCursor,
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<ListError> for AuditError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::BadCursor => Self::BadCursor,
            ListError::Store(error) => Self::Failure(error.into()),
        }
    }
}

/// What an auditor wants to see, and whether they take it away.
#[derive(Debug, Clone)]
pub struct ReadAudit {
    pub from: Timestamp,
    pub to: Timestamp,
    pub page: PageQuery,
    /// The format, if it is an export.
    pub export: Option<&'static str>,
}

/// One page of all events of a time, oldest first.
///
/// # Errors
/// [`AuditError::NotAllowed`] is an audit event, and so is every look that was allowed.
pub async fn read_audit(
    ledger: &(impl Ledger + AuditTrail),
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    ask: &ReadAudit,
) -> Result<Page<StoredEvent>, AuditError> {
    let person = directory.person(&caller.principal).await.map_err(Failure::from)?;
    let authorization = person.and_then(|person| match ask.export {
        Some(_) => policy.may_export_audit(&person).ok().map(|proof| proof.authorization().clone()),
        None => policy.may_read_audit(&person).ok().map(|proof| proof.authorization().clone()),
    });
    let event = SystemEvent {
        action: if ask.export.is_some() { "audit.exported" } else { "audit.read" },
        outcome: if authorization.is_some() { Outcome::Success } else { Outcome::Denied },
        entitlement: None,
        detail: serde_json::json!({ "from": ask.from, "to": ask.to, "format": ask.export, "continued": ask.page.cursor.is_some() }),
    };
    let allowed = authorization.is_some();
    let circumstances = caller.circumstances(surroundings.now(), authorization);
    ledger.append(event, circumstances.clone()).await.map_err(Failure::from)?;
    note_first_use(ledger, &circumstances).await;
    if allowed { Ok(ledger.between(ask.from, ask.to, &ask.page).await?) } else { Err(AuditError::NotAllowed) }
}

/// One request's own history, for whoever may see the request.
///
/// # Errors
/// As [`view_request`].
pub async fn request_events(
    ledger: &(impl Ledger + AuditTrail),
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    id: RequestId,
    page: &PageQuery,
) -> Result<Page<StoredEvent>, Missing> {
    view_request(ledger, directory, policy, surroundings, caller, id).await?;
    Ok(ledger.stream(&Stream::Request(id), page).await?)
}

/// What is asked for by whoever asks for as little as can be: who may not have that may not have more.
pub(crate) fn least(entitlement: &Entitlement, at: Timestamp) -> Ask {
    let minute = AccessDuration::try_from(60).unwrap_or(entitlement.max_duration);
    Ask {
        duration: minute.min(entitlement.max_duration),
        at,
        has_ticket: true,
        justification_characters: u32::MAX,
        origin: None,
        people: None,
    }
}
