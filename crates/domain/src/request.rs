//! An access request: what was asked, and what was decided about it.
//!
//! ```text
//! PENDING → APPROVED | DENIED | CANCELLED | LAPSED      (policy that approves at once approves on submission)
//! ```
//!
//! Guards: nobody decides on their own request; one decision, never changed; a grant exists only inside an
//! approval, and the approval holds for exactly the scope whose hash it names (I2). An approval may take several
//! people (see [`crate::approval`]); a denial takes one.

use crate::approval::{ApprovalRule, Consultation, Given, Progress, Standing};
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
    /// Left out where one person is enough, as it always was.
    #[serde(default, skip_serializing_if = "ApprovalRule::is_default")]
    pub rule: ApprovalRule,
    pub state: RequestState,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RequestState {
    Pending(Consultation),
    Approved {
        /// The last one that was needed.
        approval: Approval,
        /// Those before it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        earlier: Vec<Given>,
        approved_at: Timestamp,
        grant: GrantState,
    },
    Denied {
        by: Decider,
        comment: Option<Comment>,
        at: Timestamp,
    },
    Cancelled {
        at: Timestamp,
    },
    Lapsed {
        because: LapseReason,
        at: Timestamp,
    },
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
        self.person() == Some(principal)
    }

    /// Somebody is one person, by whichever way they come.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.person().map_or(self == other, |id| other.is(id))
    }

    #[must_use]
    pub const fn person(&self) -> Option<&PrincipalId> {
        match self {
            Self::Policy { .. } => None,
            Self::Person { id, .. } => Some(id),
        }
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
    /// Nobody has been asked yet.
    #[must_use]
    pub fn submitted() -> Self {
        Self::Pending(Consultation::default())
    }

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
            RequestState::Pending(_) => false,
            RequestState::Approved { grant, .. } => grant.is_final(),
            _ => true,
        }
    }

    /// What `command` leads to. Decides only; [`AccessRequest::apply`] changes.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Step, Refusal> {
        match command {
            Command::Approve { by, standing, scope_hash, comment } => {
                self.approve(Approval { by, scope_hash, comment }, &standing, now)
            }
            Command::Deny { by, comment } => self.deny(by, comment, now),
            Command::Cancel => self.cancel(now),
            Command::Lapse { because } => self.lapse(because),
            Command::NoteNotified { approvers, step } => self.note_notified(approvers, step),
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
        let Some(open) = self.progress() else { return Ok(Step::Do(Event::Approved { approval })) };
        if approval.by.person().is_none() {
            return Ok(Step::Do(Event::Approved { approval }));
        }
        if !open.step.counts(standing) {
            return Err(Refusal::NotAsked { step: open.number + 1 });
        }
        let last = open.needs_one_more() && open.number + 1 == self.rule.steps().len();
        Ok(Step::Do(if last {
            Event::Approved { approval }
        } else {
            Event::ApprovalGiven { given: Given { approval, step: open.number, at: now } }
        }))
    }

    /// The step that is open; `None` if the request is not, or waits for nobody.
    #[must_use]
    pub fn progress(&self) -> Option<Progress<'_>> {
        match &self.state {
            RequestState::Pending(consultation) => self.rule.progress(&consultation.given),
            _ => None,
        }
    }

    /// How many more people have to say yes.
    #[must_use]
    pub fn people_missing(&self) -> usize {
        self.progress().map_or(0, |open| {
            let later = self.rule.steps().iter().skip(open.number + 1);
            open.missing() + later.map(|step| usize::from(step.need.get())).sum::<usize>()
        })
    }

    /// A step has been completed, and nobody has asked those of the next.
    #[must_use]
    pub fn has_others_to_ask(&self) -> bool {
        let RequestState::Pending(consultation) = &self.state else { return false };
        self.progress().is_some_and(|open| open.number > consultation.asked)
    }

    /// Everybody's yes that counts, in their order.
    pub fn approvals(&self) -> impl Iterator<Item = &Approval> {
        self.given().map(|(_, approval)| approval)
    }

    /// The same, each with its step; whoever was the last one needed closed the last step.
    pub fn given(&self) -> impl Iterator<Item = (usize, &Approval)> {
        let (given, last): (&[Given], _) = match &self.state {
            RequestState::Pending(consultation) => (&consultation.given, None),
            RequestState::Approved { earlier, approval, .. } => (earlier, Some((self.last_step(), approval))),
            _ => (&[], None),
        };
        given.iter().map(|given| (given.step, &given.approval)).chain(last)
    }

    fn last_step(&self) -> usize {
        self.rule.steps().len().saturating_sub(1)
    }

    #[must_use]
    pub fn has_approved(&self, id: &PrincipalId) -> bool {
        self.approvals().any(|approval| approval.by.is(id))
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

    fn note_notified(&self, approvers: BTreeSet<PrincipalId>, step: usize) -> Result<Step, Refusal> {
        match &self.state {
            RequestState::Pending(earlier)
                if step <= earlier.asked && approvers.is_subset(&earlier.notified) =>
            {
                Ok(Step::Already)
            }
            RequestState::Pending(_) => Ok(Step::Do(Event::ApproversNotified { approvers, step })),
            // Decided while the mails went out: there is nothing left to note.
            _ => Ok(Step::Already),
        }
    }

    fn decide_grant(&self, command: GrantCommand, now: Timestamp) -> Result<Step, Refusal> {
        let RequestState::Approved { grant, .. } = &self.state else {
            return Err(Refusal::NoGrant { state: self.state.name() });
        };
        // INVARIANT: I2. Only what was approved, and by as many as the rule asks, is activated; ending needs no such
        // check.
        if matches!(command, GrantCommand::BeginActivation | GrantCommand::HandOver) {
            self.was_approved()?;
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

    fn was_approved(&self) -> Result<(), Refusal> {
        let hash = self.scope.hash();
        if self.approvals().any(|approval| approval.scope_hash != hash) {
            return Err(Refusal::ScopeMismatch);
        }
        if self.has_approved(&self.scope.requester) {
            return Err(Refusal::SelfApproval);
        }
        let RequestState::Approved { approval, earlier, approved_at, .. } = &self.state else {
            return Err(Refusal::NoGrant { state: self.state.name() });
        };
        if approval.by.person().is_none() && earlier.is_empty() {
            return Ok(());
        }
        let last = Given { approval: approval.clone(), step: self.last_step(), at: *approved_at };
        let all: Vec<_> = earlier.iter().cloned().chain([last]).collect();
        if self.rule.progress(&all).is_some() { Err(Refusal::TooFewApproved) } else { Ok(()) }
    }

    /// The request after `event`, or `None` if no request in this state can have seen it.
    #[must_use]
    pub fn apply(&self, event: &Event, at: Timestamp) -> Option<Self> {
        let state = match (&self.state, event.clone()) {
            (state, Event::Refused { .. }) => state.clone(),
            (RequestState::Pending(earlier), Event::ApproversNotified { approvers, step }) => {
                RequestState::Pending(earlier.notified(&approvers, step))
            }
            (RequestState::Pending(earlier), Event::ApprovalGiven { given }) => {
                RequestState::Pending(earlier.given(given))
            }
            (RequestState::Pending(consultation), Event::Approved { approval }) => RequestState::Approved {
                approval,
                earlier: consultation.given.clone(),
                approved_at: at,
                grant: GrantState::Scheduled,
            },
            (RequestState::Pending(_), Event::Denied { by, comment }) => {
                RequestState::Denied { by, comment, at }
            }
            (RequestState::Pending(_), Event::Cancelled) => RequestState::Cancelled { at },
            (RequestState::Pending(_), Event::Lapsed { because }) => RequestState::Lapsed { because, at },
            (RequestState::Approved { approval, earlier, approved_at, grant }, Event::Grant(event)) => {
                RequestState::Approved {
                    approval: approval.clone(),
                    earlier: earlier.clone(),
                    approved_at: *approved_at,
                    grant: grant.apply(&event, at)?,
                }
            }
            _ => return None,
        };
        Some(Self { state, ..self.clone() })
    }
}
