//! The workflow waits for a decision: keep its token, and mail everybody who may decide. Where nobody had to, mail whoever
//! has to review that, and of what is settled whoever was asked and did not decide. Without a token it is the sweep that
//! asks, and only for the latter two.
//!
//! Guards: the token is kept before the request is read, and whoever decides commits before looking for a token, so one
//! of the two always finds both and answers. One mail to an approver; and none before the workflow has its answer, if there is one.

use crate::candidates::candidates;
use crate::failure::{Failure, Missing};
use crate::letter::Letter;
use crate::mail_link::{Delivery, Post, mail_link};
use crate::ports::{
    ApprovalLinks, Directory, Ledger, Mailer, Sealer, Surroundings, TaskToken, TaskTokens, Wait, Workflow,
};
use crate::tell_reviewers::tell_reviewers;
use crate::tell_settled::{tell_late, tell_settled};
use crate::tell_workflow::{tell_workflow, try_tell_workflow};
use crate::transact::{TransactError, load, transact};
use jiff::Timestamp;
use std::collections::BTreeSet;
use stint_domain::approval::TurnKind;
use stint_domain::ids::{PrincipalId, RequestId};
use stint_domain::record::Circumstances;
use stint_domain::request::{AccessRequest, RequestState};
use stint_domain::transition::{Command, LapseReason, Refusal};
use stint_policy::PolicyBundle;

/// # Errors
/// Anything transient is worth a retry: mails that went out are not sent again.
#[expect(clippy::too_many_arguments, reason = "one argument for each thing the use case needs of the world")]
pub async fn notify_approvers(
    ledger: &(impl Ledger + TaskTokens + ApprovalLinks),
    directory: &impl Directory,
    workflow: &impl Workflow,
    (mailer, sealer): (&impl Mailer, &impl Sealer),
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    public_url: &str,
    id: RequestId,
    token: Option<&TaskToken>,
) -> Result<(), Missing> {
    if let Some(token) = token {
        ledger.keep(id, Wait::Decision, token).await?;
    }
    let recorded = load(ledger, id).await?;
    let post = Post { links: ledger, sealer, mailer, surroundings, public_url };
    if !matches!(recorded.request.state, RequestState::Pending { .. }) {
        if token.is_some() {
            try_tell_workflow(ledger, workflow, &recorded.request).await?;
        }
        let request = &recorded.request;
        tell_reviewers(directory, policy, &post, request).await?;
        // What the workflow calls is on the way of the access: this is left to the sweep.
        return if token.is_some() { Ok(()) } else { tell_settled(directory, &post, request).await };
    }
    if token.is_none() {
        return Ok(());
    }
    let now = surroundings.now();
    let candidates = candidates(directory, policy, &recorded.request, now).await?;
    let (mut told, mut failed) = (BTreeSet::new(), None);
    for approver in candidates.people.values() {
        let reminder = reminder_for(&approver.id, &recorded.request);
        let letter = |address: &str, url: &str| {
            Letter::approval_request(&recorded.request, &approver.display_name, address, url, reminder > 0)
        };
        match mail_link(&post, &recorded.request, approver, reminder, letter).await {
            Ok(Delivery::Sent) => drop(told.insert(approver.id.clone())),
            Ok(Delivery::Impossible) => {}
            Ok(Delivery::Held) => {
                failed = Some(Failure::Transient("whoever was to send a mail may have died at it".into()));
            }
            Err(failure) => failed = Some(failure),
        }
    }
    if let Some(failure) = failed {
        return note_some(directory, workflow, &post, &recorded.request, told, failure).await;
    }
    let lapses = match told.len() {
        few if few < candidates.missing && recorded.request.may_ask_others_later() => None,
        0 => Some(LapseReason::NobodyMayDecide),
        few if few < candidates.missing => Some(LapseReason::TooFewMayDecide),
        _ => None,
    };
    // Whoever has a mail about it stands on record, whatever comes of it, and so hears of that.
    if lapses.is_none() || !told.is_empty() {
        let noted = Command::NoteNotified { approvers: told.clone(), round: recorded.request.round() };
        let request = note(ledger, workflow, id, &noted, surroundings.now()).await?;
        if request.settled_at().is_some() {
            tell_late(directory, &post, &request, &told).await;
            return Ok(());
        }
    }
    let Some(because) = lapses else { return Ok(()) };
    note(ledger, workflow, id, &Command::Lapse { because }, surroundings.now()).await.map(drop)
}

/// Some have their mail, and others could not be sent theirs. The former are on record, and hear it should the request be
/// settled now; the round is not out, and whoever called tries again.
async fn note_some<L: Ledger + TaskTokens + ApprovalLinks>(
    directory: &impl Directory,
    workflow: &impl Workflow,
    post: &Post<'_, L, impl Sealer, impl Mailer, impl Surroundings>,
    request: &AccessRequest,
    told: BTreeSet<PrincipalId>,
    failure: Failure,
) -> Result<(), Missing> {
    if told.is_empty() {
        return Err(failure.into());
    }
    let (id, noted) = (
        request.scope.request_id,
        Command::NoteNotified { approvers: told.clone(), round: request.latest_round_out() },
    );
    let request = note(post.links, workflow, id, &noted, post.surroundings.now()).await?;
    if request.settled_at().is_none() {
        return Err(failure.into());
    }
    tell_late(directory, post, &request, &told).await;
    Ok(())
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

/// Puts on record who was asked; a request about which too few can be asked lapses now rather than later. What it is then.
async fn note(
    ledger: &(impl Ledger + TaskTokens),
    workflow: &impl Workflow,
    id: RequestId,
    command: &Command,
    now: Timestamp,
) -> Result<AccessRequest, Missing> {
    match transact(ledger, id, command, &Circumstances::of_component("notify", now)).await {
        Ok(done) => {
            tell_workflow(ledger, workflow, &done.recorded).await;
            Ok(done.recorded.request)
        }
        Err(TransactError::Refused(Refusal::AlreadyDecided { .. }, recorded)) => Ok(recorded.request),
        Err(TransactError::Refused(..)) => Err(Failure::Bug("noting who was asked was refused").into()),
        Err(TransactError::Missing(missing)) => Err(missing),
    }
}
