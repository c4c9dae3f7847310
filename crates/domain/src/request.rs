//! An access request: what was asked, and what was decided about it.
//!
//! ```text
//! PENDING → APPROVED | DENIED | CANCELLED | LAPSED      (policy that approves at once approves on submission)
//! ```
//!
//! Guards: nobody decides on their own request; one decision, never changed; a grant exists only inside an
//! approval, and the approval holds for exactly the scope whose hash it names (I2).

use crate::grant::{GrantState, Terms};
use crate::ids::PrincipalId;
use crate::justification::Comment;
use crate::principal::Authentication;
use crate::scope::{Scope, ScopeHash};
use crate::transition::{Command, EndCause, Event, GrantCommand, GrantStep, LapseReason, Refusal, Step};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One consistency boundary: a request, the decision on it, and the grant that followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRequest {
    pub scope: Scope,
    /// For people's eyes only; who the requester is stands in the scope.
    pub requester_name: String,
    pub entitlement_title: String,
    pub submitted_at: Timestamp,
    pub decide_by: Timestamp,
    pub state: RequestState,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RequestState {
    Pending { notified: BTreeSet<PrincipalId> },
    Approved { approval: Approval, approved_at: Timestamp, grant: GrantState },
    Denied { by: Decider, comment: Option<Comment>, at: Timestamp },
    Cancelled { at: Timestamp },
    Lapsed { because: LapseReason, at: Timestamp },
}

/// One immutable yes, bound to what it was said to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: Decider,
    pub scope_hash: ScopeHash,
    pub comment: Option<Comment>,
}

/// Who decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decider", rename_all = "snake_case")]
pub enum Decider {
    /// The policies named here approve at once.
    Policy {
        policies: BTreeSet<String>,
    },
    Person {
        id: PrincipalId,
        name: String,
        authentication: Authentication,
    },
}

impl Decider {
    #[must_use]
    pub fn is(&self, principal: &PrincipalId) -> bool {
        matches!(self, Self::Person { id, .. } if id == principal)
    }

    /// For people's eyes.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Policy { .. } => "policy",
            Self::Person { name, .. } => name,
        }
    }
}

impl RequestState {
    /// The state's name in the API, the audit and the docs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "PENDING",
            Self::Approved { .. } => "APPROVED",
            Self::Denied { .. } => "DENIED",
            Self::Cancelled { .. } => "CANCELLED",
            Self::Lapsed { .. } => "LAPSED",
        }
    }
}

impl AccessRequest {
    #[must_use]
    pub const fn grant(&self) -> Option<&GrantState> {
        match &self.state {
            RequestState::Approved { grant, .. } => Some(grant),
            _ => None,
        }
    }

    /// Nothing more will happen to it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match &self.state {
            RequestState::Pending { .. } => false,
            RequestState::Approved { grant, .. } => grant.is_final(),
            _ => true,
        }
    }

    /// What `command` leads to. Decides only; [`AccessRequest::apply`] changes.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Step, Refusal> {
        match command {
            Command::Approve { by, scope_hash, comment } => self.approve(by, scope_hash, comment, now),
            Command::Deny { by, comment } => self.deny(by, comment, now),
            Command::Cancel => self.cancel(now),
            Command::Lapse { because } => self.lapse(because),
            Command::NoteNotified { approvers } => self.note_notified(approvers),
            Command::Grant(command) => self.decide_grant(command, now),
        }
    }

    fn approve(
        &self,
        by: Decider,
        scope_hash: ScopeHash,
        comment: Option<Comment>,
        now: Timestamp,
    ) -> Result<Step, Refusal> {
        if let RequestState::Approved { approval, .. } = &self.state
            && approval.by == by
        {
            return Ok(Step::Already);
        }
        self.may_be_decided(&by, now)?;
        if scope_hash != self.scope.hash() {
            return Err(Refusal::ScopeMismatch);
        }
        Ok(Step::Do(Event::Approved { approval: Approval { by, scope_hash, comment } }))
    }

    fn deny(&self, by: Decider, comment: Option<Comment>, now: Timestamp) -> Result<Step, Refusal> {
        if let RequestState::Denied { by: earlier, .. } = &self.state
            && *earlier == by
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
            RequestState::Pending { .. } if now >= self.decide_by => Err(Refusal::TooLateToDecide),
            RequestState::Pending { .. } => Ok(()),
            decided => Err(Refusal::AlreadyDecided { state: decided.name() }),
        }
    }

    fn cancel(&self, now: Timestamp) -> Result<Step, Refusal> {
        match &self.state {
            RequestState::Pending { .. } => Ok(Step::Do(Event::Cancelled)),
            RequestState::Cancelled { .. } => Ok(Step::Already),
            RequestState::Approved { grant: GrantState::Scheduled, .. } => {
                self.decide_grant(GrantCommand::End(EndCause::Returned), now)
            }
            decided => Err(Refusal::AlreadyDecided { state: decided.name() }),
        }
    }

    fn lapse(&self, because: LapseReason) -> Result<Step, Refusal> {
        match &self.state {
            RequestState::Pending { .. } => Ok(Step::Do(Event::Lapsed { because })),
            RequestState::Lapsed { .. } => Ok(Step::Already),
            decided => Err(Refusal::AlreadyDecided { state: decided.name() }),
        }
    }

    fn note_notified(&self, approvers: BTreeSet<PrincipalId>) -> Result<Step, Refusal> {
        match &self.state {
            RequestState::Pending { notified } if approvers.is_subset(notified) => Ok(Step::Already),
            RequestState::Pending { .. } => Ok(Step::Do(Event::ApproversNotified { approvers })),
            // Decided while the mails went out: there is nothing left to note.
            _ => Ok(Step::Already),
        }
    }

    fn decide_grant(&self, command: GrantCommand, now: Timestamp) -> Result<Step, Refusal> {
        let RequestState::Approved { approval, grant, .. } = &self.state else {
            return Err(Refusal::NoGrant { state: self.state.name() });
        };
        // INVARIANT: I2. Only what was approved is activated; ending needs no such check.
        let gives = matches!(command, GrantCommand::BeginActivation | GrantCommand::HandOver);
        if gives && approval.scope_hash != self.scope.hash() {
            return Err(Refusal::ScopeMismatch);
        }
        let revealing = matches!(command, GrantCommand::BeginReveal | GrantCommand::ConfirmReveal(_));
        if revealing && !self.scope.access.has_credential() {
            return Err(Refusal::NoCredential);
        }
        let Scope { duration, starts_at, extends, .. } = self.scope;
        let terms = Terms { duration, starts_at, extends };
        Ok(match grant.decide(command, terms, now)? {
            GrantStep::Do(event) => Step::Do(Event::Grant(event)),
            GrantStep::Already => Step::Already,
        })
    }

    /// The request after `event`, or `None` if no request in this state can have seen it.
    #[must_use]
    pub fn apply(&self, event: &Event, at: Timestamp) -> Option<Self> {
        let state = match (&self.state, event.clone()) {
            (state, Event::Refused { .. }) => state.clone(),
            (RequestState::Pending { notified }, Event::ApproversNotified { approvers }) => {
                RequestState::Pending { notified: notified | &approvers }
            }
            (RequestState::Pending { .. }, Event::Approved { approval }) => {
                RequestState::Approved { approval, approved_at: at, grant: GrantState::Scheduled }
            }
            (RequestState::Pending { .. }, Event::Denied { by, comment }) => {
                RequestState::Denied { by, comment, at }
            }
            (RequestState::Pending { .. }, Event::Cancelled) => RequestState::Cancelled { at },
            (RequestState::Pending { .. }, Event::Lapsed { because }) => RequestState::Lapsed { because, at },
            (RequestState::Approved { approval, approved_at, grant }, Event::Grant(event)) => {
                let grant = grant.apply(&event, at)?;
                RequestState::Approved { approval: approval.clone(), approved_at: *approved_at, grant }
            }
            _ => return None,
        };
        Some(Self { state, ..self.clone() })
    }
}
