//! Whose yes a request needs: how many people, of which groups, in which order.
//!
//! Guards: nobody counts twice, in whatever step; a step is open once all before it are complete, and not earlier; a
//! rule without a step, or with one that nobody could complete, cannot be written down. Who somebody is comes in as a
//! value. It must not know the directory, nor policy, which may refuse more than this and never less.

use crate::ids::{GroupName, PrincipalId};
use crate::request::Approval;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::num::NonZeroU8;
use thiserror::Error;

/// More people than this are a meeting.
const MOST_STEPS: usize = 5;
const MOST_NEEDED: u8 = 5;

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

/// A yes that counts, and was not the last one needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    #[serde(flatten)]
    pub approval: Approval,
    /// From 0.
    pub step: usize,
    pub at: Timestamp,
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The number of the open step, from 0.
    pub number: usize,
    pub step: &'a ApprovalStep,
    /// How many have said yes in it.
    pub have: usize,
}

impl Progress<'_> {
    /// One more yes, and this step is complete.
    #[must_use]
    pub fn needs_one_more(&self) -> bool {
        self.have + 1 >= usize::from(self.step.need.get())
    }

    /// How many more people this step needs.
    #[must_use]
    pub fn missing(&self) -> usize {
        usize::from(self.step.need.get()).saturating_sub(self.have)
    }
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
        let managers = steps.iter().filter(|step| step.manager && step.groups.is_empty());
        let managers: u32 = managers.map(|step| u32::from(step.need.get())).sum();
        if managers > 1 { Err(NoRule::OneManager) } else { Ok(Self(steps)) }
    }
}

/// One person, whom policy lets.
impl Default for ApprovalRule {
    fn default() -> Self {
        Self(vec![ApprovalStep { need: one(), groups: BTreeSet::new(), manager: false }])
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
        self.0.iter().flat_map(|step| &step.groups)
    }

    #[must_use]
    pub fn asks_the_manager(&self) -> bool {
        self.0.iter().any(|step| step.manager)
    }

    /// How many different people it takes.
    #[must_use]
    pub fn people(&self) -> usize {
        self.0.iter().map(|step| usize::from(step.need.get())).sum()
    }

    /// The open step; `None` once all are complete.
    #[must_use]
    pub fn progress(&self, given: &[Given]) -> Option<Progress<'_>> {
        let steps = self.0.iter().enumerate();
        let mut steps = steps.map(|(number, step)| Progress { number, step, have: have(given, number) });
        steps.find(|progress| progress.missing() > 0)
    }
}

/// How far a request has come that waits for people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Consultation {
    /// Who has been asked, in whichever step.
    pub notified: BTreeSet<PrincipalId>,
    /// The latest step whose people have been asked; the first is 0, and asked as soon as anybody is.
    #[serde(default, skip_serializing_if = "is_first")]
    pub asked: usize,
    /// Who has said yes so far, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Given>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
pub(crate) const fn is_first(step: &usize) -> bool {
    *step == 0
}

impl Consultation {
    #[must_use]
    pub(crate) fn notified(&self, people: &BTreeSet<PrincipalId>, step: usize) -> Self {
        Self { notified: &self.notified | people, asked: self.asked.max(step), given: self.given.clone() }
    }

    #[must_use]
    pub(crate) fn given(&self, one: Given) -> Self {
        Self { given: self.given.iter().cloned().chain([one]).collect(), ..self.clone() }
    }
}

/// Different people, whatever is written.
fn have(given: &[Given], step: usize) -> usize {
    let earlier = |at: usize| given.iter().take(at).filter_map(Given::person).collect::<BTreeSet<_>>();
    let counts = |(at, one): &(usize, &Given)| {
        one.step == step && one.person().is_some_and(|person| !earlier(*at).contains(person))
    };
    given.iter().enumerate().filter(counts).count()
}

impl Given {
    /// Policy gives all or nothing, and so never a part.
    #[must_use]
    pub const fn person(&self) -> Option<&PrincipalId> {
        self.approval.by.person()
    }
}
