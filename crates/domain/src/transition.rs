//! What can be asked of a request and its grant, what then happened, and why it may be refused.
//!
//! Commands are in the imperative, events in the past tense. A command that finds its work done is `Already`,
//! which is not an error; one that makes no sense in a state is a [`Refusal`], which says what the caller can do.

use crate::approval::{Given, Standing, Turn, is_first};
use crate::duration::AccessDuration;
use crate::grant::{EndedBy, Evidence, Receipt, RemovalReason};
use crate::ids::{PrincipalId, RequestId};
use crate::justification::Comment;
use crate::request::{Approval, Decider};
use crate::review::Reviewed;
use crate::window::Window;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// What can be asked of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Approve {
        approval: Approval,
        standing: Standing,
    },
    Deny {
        by: Decider,
        comment: Option<Comment>,
    },
    Cancel,
    Lapse {
        because: LapseReason,
    },
    /// The mails of this round, the first being 0, have gone out.
    NoteNotified {
        approvers: BTreeSet<PrincipalId>,
        round: usize,
    },
    /// Time has gone by, and perhaps enough for a reminder, an escalation, or to pass over the step.
    Wait,
    /// It is settled, and of those who had not decided some have been mailed that, and some take no mail.
    NoteSettledTold {
        approvers: BTreeSet<PrincipalId>,
        unreached: BTreeSet<PrincipalId>,
    },
    /// Time has gone by, and perhaps enough to try no longer to tell them.
    GiveUpTelling,
    /// The mails of this round to the reviewers, the first being 1, have gone out.
    NoteTold {
        reviewers: BTreeSet<PrincipalId>,
        round: u32,
    },
    /// Somebody says whether the emergency was one.
    Review {
        reviewed: Reviewed,
    },
    /// Time has gone by, and perhaps enough for the review to be late.
    ReportUnreviewed,
    Grant(GrantCommand),
}

/// What can be asked of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantCommand {
    /// Record the intent; every attempt is recorded before it touches the target.
    BeginActivation,
    ConfirmActivation,
    /// The attempt is over and did not succeed.
    AbandonActivation {
        reason: String,
    },
    /// The extension `by` was approved: the window ends later.
    Extend {
        by: RequestId,
        duration: AccessDuration,
    },
    /// This is an extension, and its time goes over to the grant that it extends.
    HandOver,
    /// Somebody else has changed what lies at the target.
    NoteAltered {
        what: String,
    },
    /// Record that a credential is about to be issued to the holder.
    BeginReveal,
    /// It was issued.
    ConfirmReveal(Revealed),
    End(EndCause),
    /// Somebody with the right to takes it away.
    Revoke {
        comment: Comment,
    },
    RetryRemoval,
    ReportRemovalFailure {
        error: String,
        /// It was taken, and could not be looked at.
        taken: bool,
    },
    ConfirmRemoval(Evidence),
    /// An administrator answers for what cannot be removed or seen to be gone.
    ForceClose {
        comment: Comment,
    },
}

/// What was handed out, by an id that is no secret and leads from the audit to what was done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revealed {
    AccessKey {
        id: String,
        expires_at: Timestamp,
    },
    /// A version of a vaulted secret.
    Secret {
        version: String,
    },
    /// An account at a provider's target.
    Account {
        username: String,
        expires_at: Timestamp,
    },
}

/// Why access should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// The workflow came to the end of the window.
    WindowOver,
    /// Reconcile found it past its end.
    Overdue,
    Returned,
    Revoked,
    /// The workflow was stopped, failed or timed out.
    WorkflowEnded,
    /// The requester may not have it any more.
    Ineligible,
    /// Nobody answers for the requester any more, whose part needs that.
    SponsorGone,
    /// The requester's contract is over, or would be before the window is.
    ContractOver,
    /// Whoever approved it may not approve it any more.
    ApproverIneligible,
    /// Its record says that somebody approved it who has not: the seal is missing, or of something else.
    NotSealed,
    /// Policy approved it at once, and would not any more.
    NotApprovedByPolicy,
    /// What it should extend cannot be extended any more.
    NothingToExtend,
}

impl EndCause {
    /// Neither the workflow's timer nor reconcile's clock has authority to end access early.
    pub(crate) const fn waits_for_the_window(&self) -> bool {
        matches!(self, Self::WindowOver | Self::Overdue)
    }

    pub(crate) const fn ended_by(&self, window_over: bool) -> EndedBy {
        match self {
            Self::Returned => EndedBy::Returned,
            Self::Ineligible
            | Self::SponsorGone
            | Self::ContractOver
            | Self::ApproverIneligible
            | Self::NotSealed
            | Self::NotApprovedByPolicy => EndedBy::Ineligible,
            Self::NothingToExtend => EndedBy::Expired,
            _ if window_over => EndedBy::Expired,
            _ => EndedBy::Revoked,
        }
    }

    pub(crate) fn of_unfinished_activation(&self, comment: Option<Comment>) -> RemovalReason {
        match self {
            Self::Returned
            | Self::Revoked
            | Self::Ineligible
            | Self::SponsorGone
            | Self::ContractOver
            | Self::ApproverIneligible
            | Self::NotSealed
            | Self::NotApprovedByPolicy => {
                RemovalReason::Ended { ended_by: self.ended_by(false), cause: *self, comment }
            }
            Self::WindowOver | Self::Overdue | Self::NothingToExtend => {
                RemovalReason::ActivationFailed { reason: "the activation did not finish".to_owned() }
            }
            Self::WorkflowEnded => RemovalReason::ActivationFailed {
                reason: "the workflow ended during the activation".to_owned(),
            },
        }
    }
}

/// What happened to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Submitted,
    ApproversNotified {
        approvers: BTreeSet<PrincipalId>,
        #[serde(default, skip_serializing_if = "is_first")]
        round: usize,
    },
    /// Nobody had answered for long enough.
    Waited {
        turn: Turn,
    },
    /// Somebody's yes, which others have to join.
    ApprovalGiven {
        given: Given,
    },
    Approved {
        approval: Approval,
    },
    Denied {
        by: Decider,
        comment: Option<Comment>,
    },
    Cancelled,
    Lapsed {
        because: LapseReason,
    },
    /// Somebody tried, and was not allowed to. Changes nothing.
    Refused {
        attempted: String,
        reason: String,
    },
    /// Who had been asked, and had not decided, knows that it is settled.
    SettledTold {
        approvers: BTreeSet<PrincipalId>,
        /// They take no mail, or none could be sent for too long.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        unreached: BTreeSet<PrincipalId>,
    },
    ReviewersTold {
        reviewers: BTreeSet<PrincipalId>,
        round: u32,
    },
    Reviewed {
        reviewed: Reviewed,
    },
    /// Found late for the `times`-th time.
    ReviewOverdue {
        times: u32,
    },
    Grant(GrantEvent),
}

/// What happened to a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "grant_event", rename_all = "snake_case")]
pub enum GrantEvent {
    ActivationStarted {
        window: Window,
        attempt: u32,
    },
    Activated,
    Extended {
        by: RequestId,
        window: Window,
    },
    /// An attempt to give what lies at the target its later end.
    RedatingStarted,
    Redated,
    /// The target will not have the later end; `window` is the one from before, which holds again.
    RedatingFailed {
        reason: String,
        window: Window,
    },
    HandedOver {
        to: RequestId,
    },
    FoundAltered {
        what: String,
    },
    CredentialRequested,
    CredentialRevealed {
        access_key_id: String,
        expires_at: Timestamp,
    },
    /// This version of a vaulted secret; until it is rotated, its holder knows it.
    SecretRevealed {
        version: String,
    },
    /// What an account that a provider made is used with.
    AccountRevealed {
        username: String,
        expires_at: Timestamp,
    },
    RemovalStarted {
        why: RemovalReason,
        settles_at: Timestamp,
    },
    RemovalFailed {
        error: String,
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        taken: bool,
    },
    RemovalRetried,
    Ended {
        ended_by: EndedBy,
        receipt: Receipt,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        blocked_until: Option<Timestamp>,
    },
    ActivationFailed {
        reason: String,
        receipt: Receipt,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        blocked_until: Option<Timestamp>,
    },
    EndedBeforeStart {
        ended_by: EndedBy,
        cause: EndCause,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        comment: Option<Comment>,
    },
    /// What kept sessions out that were still in circulation is gone, and so are they.
    BlockLifted {
        receipt: Receipt,
    },
    Forced {
        error: String,
        comment: Comment,
    },
}

impl GrantEvent {
    /// After it, what is active is as active as before.
    pub(crate) const fn leaves_active(&self) -> bool {
        matches!(
            self,
            Self::CredentialRequested
                | Self::CredentialRevealed { .. }
                | Self::SecretRevealed { .. }
                | Self::AccountRevealed { .. }
                | Self::FoundAltered { .. }
                | Self::Extended { .. }
                | Self::RedatingStarted
                | Self::Redated
                | Self::RedatingFailed { .. }
        )
    }
}

/// Why a request ended undecided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LapseReason {
    NobodyDecidedInTime,
    NobodyMayDecide,
    /// A step needs more people than there are.
    TooFewMayDecide,
    WorkflowEnded,
}

/// What a request's answer to a command is, if it is not a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
pub enum Step {
    Do(Event),
    Already,
}

/// What a grant's answer to a command is, if it is not a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantStep {
    Do(GrantEvent),
    Already,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("the request is already {state}")]
    AlreadyDecided { state: &'static str },
    #[error("the time to decide is over")]
    TooLateToDecide,
    #[error("nobody decides on their own request")]
    SelfApproval,
    #[error("what was approved is not what is asked")]
    ScopeMismatch,
    #[error("the approval allows more than was asked, or than earlier ones have left")]
    Widens { field: &'static str },
    #[error("others are asked in step {step}, which is open")]
    NotAsked { step: usize },
    #[error("fewer people have approved than have to")]
    TooFewApproved,
    #[error("nothing about this is to be reviewed")]
    NoReview,
    #[error("nobody reviews what they have taken themselves")]
    SelfReview,
    #[error("it has been reviewed")]
    Reviewed,
    #[error("the access is not over yet")]
    NotOver,
    #[error("the request is {state} and has no grant")]
    NoGrant { state: &'static str },
    #[error("the grant starts at {starts_at}")]
    NotYet { starts_at: Timestamp },
    #[error("the window is still open")]
    WindowOpen,
    #[error("the window is over")]
    WindowOver,
    #[error("the grant is ending")]
    Ending,
    #[error("the grant is over")]
    Over,
    #[error("with the extension the window is longer than 364 days")]
    TooLong,
    #[error("an extension is not activated, but goes over to the grant that it extends")]
    IsExtension,
    #[error("this request extends nothing")]
    NoExtension,
    #[error("the grant is not active yet")]
    NotActive,
    #[error("this kind of access has no credential of its own")]
    NoCredential,
    #[error("its removal is not failing")]
    NotFailing,
    #[error("no intent for this is on record")]
    NoIntent,
    #[error("an activation may be on its way until {settles_at}")]
    NotSettled { settles_at: Timestamp },
}
