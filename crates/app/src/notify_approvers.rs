//! The workflow waits for a decision: keep its token, and mail everybody who may decide.
//!
//! Guards: the token is kept before the request is read, and whoever decides commits before looking for a token, so one
//! of the two always finds both and answers. One mail to an approver, as far as that can be known: the right to send
//! is taken before and given up only by time.

use crate::decide_request::{tell_workflow, try_tell_workflow};
use crate::eligibility::engaged_now;
use crate::failure::{Failure, Missing};
use crate::letter::Letter;
use crate::ports::{
    ApprovalLinks, Directory, Ledger, MailError, Mailer, Surroundings, TaskToken, TaskTokens, Wait, Workflow,
};
use crate::transact::{TransactError, load, transact};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use stint_domain::ids::{PrincipalId, RequestId};
use stint_domain::link::{ApprovalLink, LinkSecret};
use stint_domain::principal::Person;
use stint_domain::record::{Circumstances, Recorded};
use stint_domain::request::{AccessRequest, RequestState};
use stint_domain::transition::{Command, LapseReason, Refusal};
use stint_policy::{Ask, PolicyBundle};

/// How long a reservation to send one mail is held, in seconds: longer than the function may run.
const RESERVED_SECONDS: i64 = 30;

/// # Errors
/// Anything transient is worth a retry: mails that went out are not sent again.
#[expect(clippy::too_many_arguments, reason = "one argument for each thing the use case needs of the world")]
pub async fn notify_approvers(
    ledger: &(impl Ledger + TaskTokens + ApprovalLinks),
    directory: &impl Directory,
    workflow: &impl Workflow,
    mailer: &impl Mailer,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    public_url: &str,
    id: RequestId,
    token: &TaskToken,
) -> Result<(), Missing> {
    ledger.keep(id, Wait::Decision, token).await?;
    let recorded = load(ledger, id).await?;
    if !matches!(recorded.request.state, RequestState::Pending { .. }) {
        try_tell_workflow(ledger, workflow, &recorded.request).await?;
        return Ok(());
    }
    let now = surroundings.now();
    let approvers = who_may_decide(directory, policy, &recorded.request, now).await?;
    let mut told = BTreeSet::new();
    for approver in approvers.values() {
        if mail(ledger, mailer, surroundings, public_url, &recorded, approver).await? {
            told.insert(approver.id.clone());
        }
    }
    note(ledger, workflow, id, told, surroundings.now()).await
}

/// Everybody whom the entitlement asks and policy lets, once each.
async fn who_may_decide(
    directory: &impl Directory,
    policy: &PolicyBundle,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<BTreeMap<PrincipalId, Person>, Failure> {
    let scope = &request.scope;
    let Some(entitlement) = policy.entitlement(&scope.entitlement) else { return Ok(BTreeMap::new()) };
    let terms = Ask { duration: scope.duration, at: now, has_ticket: scope.ticket.is_some() };
    let mut found = BTreeMap::new();
    for group in &entitlement.approvers {
        for person in directory.members(group).await? {
            let allowed = policy.may_approve(&person, &scope.requester, entitlement, &terms).is_ok();
            if allowed && engaged_now(directory, &person, now).await? {
                found.insert(person.id.clone(), person);
            }
        }
    }
    Ok(found)
}

/// `true` if this approver has the mail, now or from before.
async fn mail(
    links: &impl ApprovalLinks,
    mailer: &impl Mailer,
    surroundings: &impl Surroundings,
    public_url: &str,
    recorded: &Recorded,
    approver: &Person,
) -> Result<bool, Failure> {
    let Some(address) = &approver.email else { return Ok(false) };
    let (now, secret) = (surroundings.now(), LinkSecret::new(surroundings.random()));
    let link = ApprovalLink {
        hash: secret.hash(),
        request_id: recorded.request.scope.request_id,
        approver: approver.id.clone(),
        scope_hash: recorded.request.scope.hash(),
    };
    let until = now.saturating_add(SignedDuration::from_secs(RESERVED_SECONDS)).unwrap_or(now);
    if !links.reserve(&link, now, until).await? {
        return Ok(true);
    }
    let url = format!("{public_url}/approvals/{}", secret.reveal());
    let letter = Letter::approval_request(&recorded.request, &approver.display_name, address, &url);
    match mailer.send(&letter).await {
        Ok(()) => links.sent(&link, surroundings.now()).await?,
        Err(MailError::Refused(cause)) => {
            tracing::warn!(principal.id = %approver.id, error = &*cause as &dyn std::error::Error, "mail refused");
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(true)
}

/// Puts on record who was asked; a request that nobody can be asked about lapses now rather than later.
async fn note(
    ledger: &(impl Ledger + TaskTokens),
    workflow: &impl Workflow,
    id: RequestId,
    approvers: BTreeSet<PrincipalId>,
    now: Timestamp,
) -> Result<(), Missing> {
    let command = if approvers.is_empty() {
        Command::Lapse { because: LapseReason::NobodyMayDecide }
    } else {
        Command::NoteNotified { approvers }
    };
    match transact(ledger, id, &command, &Circumstances::of_component("notify", now)).await {
        Ok(done) => {
            tell_workflow(ledger, workflow, &done.recorded).await;
            Ok(())
        }
        Err(TransactError::Refused(Refusal::AlreadyDecided { .. }, _)) => Ok(()),
        Err(TransactError::Refused(..)) => Err(Failure::Bug("noting who was asked was refused").into()),
        Err(TransactError::Missing(missing)) => Err(missing),
    }
}
