//! What a command leads to. Decides only; [`AccessRequest::apply`] changes.

use super::{AccessRequest, Approval, Decider, RequestState};
use crate::approval::{Given, Standing};
use crate::grant::{GrantState, Terms};
use crate::ids::PrincipalId;
use crate::justification::Comment;
use crate::scope::Scope;
use crate::transition::{Command, EndCause, Event, GrantCommand, GrantStep, LapseReason, Refusal, Step};
use jiff::Timestamp;
use std::collections::BTreeSet;

impl AccessRequest {
    /// What `command` leads to. Decides only; [`AccessRequest::apply`] changes.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Step, Refusal> {
        match command {
            Command::Approve { approval, standing } => self.approve(approval, &standing, now),
            Command::Deny { by, comment } => self.deny(by, comment, now),
            Command::Cancel => self.cancel(now),
            Command::Lapse { because } => self.lapse(because),
            Command::NoteNotified { approvers, round } => self.note_notified(approvers, round),
            Command::Wait => Ok(self.wait(now)),
            Command::NoteSettledTold { approvers, unreached } => {
                Ok(self.note_settled_told(approvers, unreached))
            }
            Command::GiveUpTelling => Ok(self.give_up_telling(now)),
            Command::NoteTold { reviewers, round } => Ok(self.note_told(reviewers, round)),
            Command::Review { reviewed } => self.close_review(reviewed),
            Command::ReportUnreviewed => Ok(self.report_unreviewed(now)),
            Command::Grant(command) => self.decide_grant(command, now),
        }
    }

    fn approve(&self, approval: Approval, standing: &Standing, now: Timestamp) -> Result<Step, Refusal> {
        if self.approvals().any(|earlier| earlier.by.is_same(&approval.by)) {
            return Ok(Step::Already);
        }
        self.may_be_decided(&approval.by, now)?;
        if approval.scope_hash != self.scope.hash() {
            return Err(Refusal::ScopeMismatch);
        }
        self.can_be_narrowed(&approval.narrowing)?;
        let Some(open) = self.progress() else { return Ok(Step::Do(Event::Approved { approval })) };
        if approval.by.person().is_none() {
            return Ok(Step::Do(Event::Approved { approval }));
        }
        if !open.counts(standing) {
            return Err(Refusal::NotAsked { step: open.number + 1 });
        }
        let last = open.needs_one_more() && open.number + 1 == self.scope.rule.steps().len();
        Ok(Step::Do(if last {
            Event::Approved { approval }
        } else {
            Event::ApprovalGiven { given: Given { approval, step: open.number, at: now } }
        }))
    }

    fn deny(&self, by: Decider, comment: Option<Comment>, now: Timestamp) -> Result<Step, Refusal> {
        if let RequestState::Denied { by: earlier, .. } = &self.state
            && earlier.is_same(&by)
        {
            return Ok(Step::Already);
        }
        self.may_be_decided(&by, now)?;
        Ok(Step::Do(Event::Denied { by, comment }))
    }

    fn may_be_decided(&self, by: &Decider, now: Timestamp) -> Result<(), Refusal> {
        // INVARIANT: separation of duties, whatever policy says.
        if by.is(&self.scope.requester) {
            return Err(Refusal::SelfApproval);
        }
        match &self.state {
            RequestState::Pending(_) if now >= self.decide_by => Err(Refusal::TooLateToDecide),
            RequestState::Pending(_) => Ok(()),
            decided => Err(Refusal::AlreadyDecided { state: decided.name() }),
        }
    }

    fn cancel(&self, now: Timestamp) -> Result<Step, Refusal> {
        match &self.state {
            RequestState::Pending(_) => Ok(Step::Do(Event::Cancelled)),
            RequestState::Cancelled { .. } => Ok(Step::Already),
            RequestState::Approved { grant: GrantState::Scheduled, .. } => {
                self.decide_grant(GrantCommand::End(EndCause::Returned), now)
            }
            decided => Err(Refusal::AlreadyDecided { state: decided.name() }),
        }
    }

    fn lapse(&self, because: LapseReason) -> Result<Step, Refusal> {
        match &self.state {
            RequestState::Pending(_) => Ok(Step::Do(Event::Lapsed { because })),
            RequestState::Lapsed { .. } => Ok(Step::Already),
            decided => Err(Refusal::AlreadyDecided { state: decided.name() }),
        }
    }

    fn note_notified(&self, approvers: BTreeSet<PrincipalId>, round: usize) -> Result<Step, Refusal> {
        match &self.state {
            RequestState::Pending(earlier)
                if round <= earlier.asked && approvers.is_subset(&earlier.notified) =>
            {
                Ok(Step::Already)
            }
            RequestState::Pending(_) => Ok(Step::Do(Event::ApproversNotified { approvers, round })),
            // Decided while the mails went out: there is nothing left to note.
            _ => Ok(Step::Already),
        }
    }

    fn decide_grant(&self, command: GrantCommand, now: Timestamp) -> Result<Step, Refusal> {
        let RequestState::Approved { grant, .. } = &self.state else {
            return Err(Refusal::NoGrant { state: self.state.name() });
        };
        let revealing = matches!(command, GrantCommand::BeginReveal | GrantCommand::ConfirmReveal(_));
        // INVARIANT: I2. Only what was approved, and by as many as the rule asks, is activated or handed out, since a record
        // can say that it is active; ending needs no such check.
        if revealing || matches!(command, GrantCommand::BeginActivation | GrantCommand::HandOver) {
            self.was_approved()?;
        }
        if revealing && !self.scope.access.has_credential() {
            return Err(Refusal::NoCredential);
        }
        let Scope { starts_at, extends, .. } = self.scope;
        let duration = self.allowance().duration;
        let terms = Terms { duration, starts_at, extends };
        Ok(match grant.decide(command, terms, now)? {
            GrantStep::Do(event) => Step::Do(Event::Grant(event)),
            GrantStep::Already => Step::Already,
        })
    }

    fn was_approved(&self) -> Result<(), Refusal> {
        let hash = self.scope.hash();
        if self.approvals().any(|approval| approval.scope_hash != hash) {
            return Err(Refusal::ScopeMismatch);
        }
        if self.has_approved(&self.scope.requester) {
            return Err(Refusal::SelfApproval);
        }
        let RequestState::Approved { approval, earlier, turns, approved_at, .. } = &self.state else {
            return Err(Refusal::NoGrant { state: self.state.name() });
        };
        if approval.by.person().is_none() && earlier.is_empty() {
            return Ok(());
        }
        let last = Given { approval: approval.as_ref().clone(), step: self.last_step(), at: *approved_at };
        let all: Vec<_> = earlier.iter().cloned().chain([last]).collect();
        if self.scope.rule.progress(&all, turns).is_some() { Err(Refusal::TooFewApproved) } else { Ok(()) }
    }
}
