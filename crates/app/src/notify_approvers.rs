//! The workflow waits for a decision: keep its token, and mail everybody who may decide.
//!
//! Guards: the token is kept before the request is read, and whoever decides commits before looking for a token, so one
//! of the two always finds both and answers. One mail to an approver, as far as that can be known: the right to send
//! is taken before and given up only by time.

use crate::candidates::candidates;
use crate::failure::{Failure, Missing};
use crate::letter::Letter;
use crate::ports::{
    ApprovalLinks, Directory, Ledger, MailError, Mailer, Surroundings, TaskToken, TaskTokens, Wait, Workflow,
};
use crate::tell_workflow::{tell_workflow, try_tell_workflow};
use crate::transact::{TransactError, load, transact};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use stint_domain::approval::TurnKind;
use stint_domain::ids::{PrincipalId, RequestId};
use stint_domain::link::{ApprovalLink, LinkSecret};
use stint_domain::principal::Person;
use stint_domain::record::{Circumstances, Recorded};
use stint_domain::request::{AccessRequest, RequestState};
use stint_domain::transition::{Command, LapseReason, Refusal};
use stint_policy::PolicyBundle;

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
    let candidates = candidates(directory, policy, &recorded.request, now).await?;
    let mut told = BTreeSet::new();
    for approver in candidates.people.values() {
        let reminder = reminder_for(&approver.id, &recorded.request);
        if mail(ledger, mailer, surroundings, public_url, &recorded, (approver, reminder)).await? {
            told.insert(approver.id.clone());
        }
    }
    let command = match told.len() {
        few if few < candidates.missing && recorded.request.may_ask_others_later() => {
            Command::NoteNotified { approvers: told, round: recorded.request.round() }
        }
        0 => Command::Lapse { because: LapseReason::NobodyMayDecide },
        few if few < candidates.missing => Command::Lapse { because: LapseReason::TooFewMayDecide },
        _ => Command::NoteNotified { approvers: told, round: recorded.request.round() },
    };
    note(ledger, workflow, id, &command, surroundings.now()).await
}

/// The number of the reminder that is due to somebody, if they have been asked before; 0 is the first mail.
fn reminder_for(approver: &PrincipalId, request: &AccessRequest) -> usize {
    match &request.state {
        RequestState::Pending(consultation) if consultation.notified.contains(approver) => {
            request.turns().iter().filter(|turn| turn.kind == TurnKind::ReminderDue).count()
        }
        _ => 0,
    }
}

/// `true` if this approver has the mail, now or from before.
async fn mail(
    links: &impl ApprovalLinks,
    mailer: &impl Mailer,
    surroundings: &impl Surroundings,
    public_url: &str,
    recorded: &Recorded,
    (approver, reminder): (&Person, usize),
) -> Result<bool, Failure> {
    let Some(address) = &approver.email else { return Ok(false) };
    let (now, secret) = (surroundings.now(), LinkSecret::new(surroundings.random()));
    let link = ApprovalLink {
        hash: secret.hash(),
        request_id: recorded.request.scope.request_id,
        approver: approver.id.clone(),
        scope_hash: recorded.request.scope.hash(),
        reminder,
    };
    let until = now.saturating_add(SignedDuration::from_secs(RESERVED_SECONDS)).unwrap_or(now);
    if !links.reserve(&link, now, until).await? {
        return Ok(true);
    }
    let url = format!("{public_url}/approvals/{}", secret.reveal());
    let letter =
        Letter::approval_request(&recorded.request, &approver.display_name, address, &url, reminder > 0);
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

/// Puts on record who was asked; a request about which too few can be asked lapses now rather than later.
async fn note(
    ledger: &(impl Ledger + TaskTokens),
    workflow: &impl Workflow,
    id: RequestId,
    command: &Command,
    now: Timestamp,
) -> Result<(), Missing> {
    match transact(ledger, id, command, &Circumstances::of_component("notify", now)).await {
        Ok(done) => {
            tell_workflow(ledger, workflow, &done.recorded).await;
            Ok(())
        }
        Err(TransactError::Refused(Refusal::AlreadyDecided { .. }, _)) => Ok(()),
        Err(TransactError::Refused(..)) => Err(Failure::Bug("noting who was asked was refused").into()),
        Err(TransactError::Missing(missing)) => Err(missing),
    }
}
