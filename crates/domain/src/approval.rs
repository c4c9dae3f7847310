//! Whose yes a request needs: how many people, of which groups, in which order.
//!
//! Guards: nobody counts twice, in whatever step; a step is open once all before it are complete, and not earlier; a
//! rule without a step, or with one that nobody could complete, cannot be written down. Who somebody is comes in as a
//! value. Waiting may ask more people, and pass over a step, but never the last one: without anybody's yes nothing is
//! given. It must not know the directory, nor policy, which may refuse more than this and never less.

mod consultation;

pub use consultation::{Consultation, Given, Progress, Turn, TurnKind};
pub(crate) use consultation::{is_escalated, is_first};

use crate::duration::AccessDuration;
use crate::ids::GroupName;
use consultation::is_passed_over;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::num::NonZeroU8;
use thiserror::Error;

/// More people than this are a meeting.
const MOST_STEPS: usize = 5;
const MOST_NEEDED: u8 = 5;

/// Reminders that come more often, in seconds, are noise.
const LEAST_PAUSE_SECONDS: u32 = 15 * 60;

/// Whoever has had this many reminders in one step gets no more of them.
pub(crate) const MOST_REMINDERS: usize = 5;

/// The steps, in their order. Fixed when the request is made: a later catalog asks no fewer of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ApprovalStep>")]
pub struct ApprovalRule(Vec<ApprovalStep>);

/// Different people who say yes side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStep {
    #[serde(default = "one")]
    pub need: NonZeroU8,
    /// Members of any of them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<GroupName>,
    /// The requester's manager.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub manager: bool,
    /// How long nobody has to have answered for a mail that reminds those who were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_every: Option<AccessDuration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate: Option<Escalation>,
    /// How long the step waits before those of the next are asked without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_after: Option<AccessDuration>,
}

/// Others who count in a step as well once it has been open for so long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    pub after: AccessDuration,
    pub groups: BTreeSet<GroupName>,
}

const fn one() -> NonZeroU8 {
    NonZeroU8::MIN
}

/// What makes somebody count in a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    pub groups: BTreeSet<GroupName>,
    pub manages_the_requester: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoRule {
    #[error("an approval needs at least one step")]
    Empty,
    #[error("an approval has at most {MOST_STEPS} steps")]
    TooManySteps,
    #[error("a step needs at most {MOST_NEEDED} people")]
    TooManyPeople,
    #[error("a requester has one manager, so steps of the manager alone need one person, all in all")]
    OneManager,
    #[error("the last step cannot be skipped, so that somebody approves")]
    SkipsTheLast,
    #[error("a step that is skipped is skipped after its escalation, not before")]
    SkipsBeforeEscalating,
    #[error("an escalation names groups, and its step names those who are asked before")]
    EscalatesNowhere,
    #[error("a reminder comes every {} minutes at most", LEAST_PAUSE_SECONDS / 60)]
    RemindsTooOften,
}

impl TryFrom<Vec<ApprovalStep>> for ApprovalRule {
    type Error = NoRule;

    fn try_from(steps: Vec<ApprovalStep>) -> Result<Self, NoRule> {
        match steps.len() {
            0 => return Err(NoRule::Empty),
            1..=MOST_STEPS => {}
            _ => return Err(NoRule::TooManySteps),
        }
        if steps.iter().any(|step| step.need.get() > MOST_NEEDED) {
            return Err(NoRule::TooManyPeople);
        }
        steps.iter().try_for_each(ApprovalStep::waits_sensibly)?;
        if steps.last().is_some_and(|last| last.skip_after.is_some()) {
            return Err(NoRule::SkipsTheLast);
        }
        let managers = steps.iter().filter(|step| step.manager && step.groups.is_empty());
        let managers: u32 = managers.map(|step| u32::from(step.need.get())).sum();
        if managers > 1 { Err(NoRule::OneManager) } else { Ok(Self(steps)) }
    }
}

/// One person, whom policy lets.
impl Default for ApprovalRule {
    fn default() -> Self {
        Self(vec![ApprovalStep::default()])
    }
}

/// One person, whom policy lets.
impl Default for ApprovalStep {
    fn default() -> Self {
        Self {
            need: one(),
            groups: BTreeSet::new(),
            manager: false,
            remind_every: None,
            escalate: None,
            skip_after: None,
        }
    }
}

impl ApprovalStep {
    /// Whether it names somebody, or leaves it to policy.
    #[must_use]
    pub fn names_somebody(&self) -> bool {
        !self.groups.is_empty() || self.manager
    }

    /// Whether somebody of this standing counts. A step that names nobody takes whomever policy lets.
    #[must_use]
    pub fn counts(&self, standing: &Standing) -> bool {
        !self.names_somebody()
            || !self.groups.is_disjoint(&standing.groups)
            || (self.manager && standing.manages_the_requester)
    }

    /// The same, once the step has been escalated.
    #[must_use]
    pub fn counts_escalated(&self, standing: &Standing) -> bool {
        let escalated = |escalation: &Escalation| !escalation.groups.is_disjoint(&standing.groups);
        self.counts(standing) || self.escalate.as_ref().is_some_and(escalated)
    }

    fn waits_sensibly(&self) -> Result<(), NoRule> {
        if self.remind_every.is_some_and(|pause| pause.seconds() < LEAST_PAUSE_SECONDS) {
            return Err(NoRule::RemindsTooOften);
        }
        let Some(escalation) = &self.escalate else { return Ok(()) };
        if escalation.groups.is_empty() || !self.names_somebody() {
            return Err(NoRule::EscalatesNowhere);
        }
        match self.skip_after {
            Some(skip) if skip <= escalation.after => Err(NoRule::SkipsBeforeEscalating),
            _ => Ok(()),
        }
    }
}

impl ApprovalRule {
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    #[must_use]
    pub fn steps(&self) -> &[ApprovalStep] {
        &self.0
    }

    /// Every group that some step names.
    pub fn groups(&self) -> impl Iterator<Item = &GroupName> {
        self.0.iter().flat_map(|step| {
            let escalated = step.escalate.iter().flat_map(|escalation| &escalation.groups);
            step.groups.iter().chain(escalated)
        })
    }

    #[must_use]
    pub fn asks_the_manager(&self) -> bool {
        self.0.iter().any(|step| step.manager)
    }

    /// How many different people it takes at least: a step that may be passed over counts for none.
    #[must_use]
    pub fn people(&self) -> usize {
        let certain = self.0.iter().filter(|step| step.skip_after.is_none());
        certain.map(|step| usize::from(step.need.get())).sum()
    }

    /// The open step; `None` once all are complete.
    #[must_use]
    pub fn progress(&self, given: &[Given], turns: &[Turn]) -> Option<Progress<'_>> {
        let steps = self.0.iter().enumerate();
        let mut steps = steps.map(|(number, step)| Progress::of(number, step, given, turns));
        steps.find(|open| open.missing() > 0 && !is_passed_over(open.step, open.number, turns))
    }
}
