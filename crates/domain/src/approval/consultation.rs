//! How far a request has come with those whose yes it needs: who was asked, who has said it, what waiting led to.
//!
//! Guards: the number of a round of mails never falls, so that each goes out once.

use super::{ApprovalStep, Standing};
use crate::ids::{GroupName, PrincipalId};
use crate::request::Approval;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A yes that counts, and was not the last one needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    #[serde(flatten)]
    pub approval: Approval,
    /// From 0.
    pub step: usize,
    pub at: Timestamp,
}

/// What came of a step in which nobody had answered for long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    pub kind: TurnKind,
    /// From 0.
    pub step: usize,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnKind {
    ReminderDue,
    Escalated,
    Skipped,
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The number of the open step, from 0.
    pub number: usize,
    pub step: &'a ApprovalStep,
    /// How many have said yes in it.
    pub have: usize,
    pub escalated: bool,
}

impl<'a> Progress<'a> {
    pub(super) fn of(number: usize, step: &'a ApprovalStep, given: &[Given], turns: &[Turn]) -> Self {
        Self { number, step, have: have(given, number), escalated: is_escalated(number, turns) }
    }

    /// Whether somebody of this standing counts now.
    #[must_use]
    pub fn counts(&self, standing: &Standing) -> bool {
        if self.escalated { self.step.counts_escalated(standing) } else { self.step.counts(standing) }
    }

    /// Every group whose members count now.
    pub fn groups(&self) -> impl Iterator<Item = &'a GroupName> + use<'a> {
        let escalation = self.step.escalate.as_ref().filter(|_| self.escalated);
        self.step.groups.iter().chain(escalation.into_iter().flat_map(|escalation| &escalation.groups))
    }

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

/// How far a request has come that waits for people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Consultation {
    /// Who has been asked, in whichever step.
    pub notified: BTreeSet<PrincipalId>,
    /// The latest round of mails that has gone out; the first is 0, and out as soon as anybody is asked.
    #[serde(default, skip_serializing_if = "is_first")]
    pub asked: usize,
    /// Who has said yes so far, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Given>,
    /// What waiting has led to so far, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
pub(crate) const fn is_first(round: &usize) -> bool {
    *round == 0
}

impl Consultation {
    #[must_use]
    pub(crate) fn notified(&self, people: &BTreeSet<PrincipalId>, round: usize) -> Self {
        Self { notified: &self.notified | people, asked: self.asked.max(round), ..self.clone() }
    }

    #[must_use]
    pub(crate) fn given(&self, one: Given) -> Self {
        Self { given: self.given.iter().cloned().chain([one]).collect(), ..self.clone() }
    }

    #[must_use]
    pub(crate) fn waited(&self, turn: Turn) -> Self {
        Self { turns: self.turns.iter().copied().chain([turn]).collect(), ..self.clone() }
    }

    /// The number of the round of mails that goes with `open`: another step, an escalation and a reminder each begin one.
    pub(crate) fn round(&self, open: &Progress<'_>) -> usize {
        open.number + self.turns.iter().filter(|turn| turn.kind != TurnKind::Skipped).count()
    }

    /// When the step was opened, in a request submitted then.
    pub(crate) fn opened_at(&self, step: usize, submitted_at: Timestamp) -> Timestamp {
        let given = self.given.iter().filter(|given| given.step < step).map(|given| given.at);
        let turns = self.turns.iter().filter(|turn| turn.step < step).map(|turn| turn.at);
        given.chain(turns).max().unwrap_or(submitted_at)
    }

    /// When somebody said yes, or waiting led to something, for the last time.
    pub(crate) fn changed_at(&self, submitted_at: Timestamp) -> Timestamp {
        self.opened_at(usize::MAX, submitted_at)
    }
}

pub(crate) fn is_escalated(step: usize, turns: &[Turn]) -> bool {
    turns.iter().any(|turn| turn.step == step && turn.kind == TurnKind::Escalated)
}

/// Only if the rule has it so, whatever is written.
pub(super) fn is_passed_over(step: &ApprovalStep, number: usize, turns: &[Turn]) -> bool {
    let skipped = |turn: &Turn| turn.step == number && turn.kind == TurnKind::Skipped;
    step.skip_after.is_some() && turns.iter().any(skipped)
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
