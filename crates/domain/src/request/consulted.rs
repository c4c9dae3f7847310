//! How far a request has come with those who have to say yes, and who they were.

use super::{AccessRequest, Approval, RequestState};
use crate::approval::{Given, Progress, Standing, Turn, is_escalated};
use crate::ids::PrincipalId;

impl AccessRequest {
    /// The step that is open; `None` if the request is not, or waits for nobody.
    #[must_use]
    pub fn progress(&self) -> Option<Progress<'_>> {
        match &self.state {
            RequestState::Pending(consultation) => {
                self.scope.rule.progress(&consultation.given, &consultation.turns)
            }
            _ => None,
        }
    }

    /// How many more people have to say yes.
    #[must_use]
    pub fn people_missing(&self) -> usize {
        self.progress().map_or(0, |open| {
            let later = self.scope.rule.steps().iter().skip(open.number + 1);
            open.missing() + later.map(|step| usize::from(step.need.get())).sum::<usize>()
        })
    }

    /// The round of mails that is under way or out: with every other step, escalation and reminder another one begins.
    #[must_use]
    pub fn round(&self) -> usize {
        let RequestState::Pending(consultation) = &self.state else { return 0 };
        self.progress().map_or(0, |open| consultation.round(&open))
    }

    /// The latest of them whose mails have all gone out, or the first.
    #[must_use]
    pub fn latest_round_out(&self) -> usize {
        if let RequestState::Pending(consultation) = &self.state { consultation.asked } else { 0 }
    }

    /// A round has begun, and its mails have not gone out.
    #[must_use]
    pub fn has_others_to_ask(&self) -> bool {
        self.round() > self.latest_round_out()
    }

    /// Whether somebody of this standing counts in the step as it stands or stood, from 0.
    #[must_use]
    pub fn counts_in(&self, step: usize, standing: &Standing) -> bool {
        let escalated = is_escalated(step, self.turns());
        self.scope.rule.steps().get(step).is_some_and(|step| {
            if escalated { step.counts_escalated(standing) } else { step.counts(standing) }
        })
    }

    /// What waiting has led to.
    #[must_use]
    pub fn turns(&self) -> &[Turn] {
        match &self.state {
            RequestState::Pending(consultation) => &consultation.turns,
            RequestState::Approved { turns, .. } => turns,
            _ => &[],
        }
    }

    /// Everybody's yes that counts, in their order.
    pub fn approvals(&self) -> impl Iterator<Item = &Approval> {
        self.given().map(|(_, approval)| approval)
    }

    /// The same, each with its step; whoever was the last one needed closed the last step.
    pub fn given(&self) -> impl Iterator<Item = (usize, &Approval)> {
        let (given, last): (&[Given], _) = match &self.state {
            RequestState::Pending(consultation) => (&consultation.given, None),
            RequestState::Approved { earlier, approval, .. } => {
                (earlier, Some((self.last_step(), approval.as_ref())))
            }
            _ => (&[], None),
        };
        given.iter().map(|given| (given.step, &given.approval)).chain(last)
    }

    pub(super) fn last_step(&self) -> usize {
        self.scope.rule.steps().len().saturating_sub(1)
    }

    #[must_use]
    pub fn has_approved(&self, id: &PrincipalId) -> bool {
        self.approvals().any(|approval| approval.by.is(id))
    }
}
