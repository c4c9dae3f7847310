//! How far a request has come with those who have to say yes, and who they were.

use super::{AccessRequest, Approval, RequestState};
use crate::approval::{Given, Progress};
use crate::ids::PrincipalId;

impl AccessRequest {
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
            RequestState::Approved { earlier, approval, .. } => {
                (earlier, Some((self.last_step(), approval.as_ref())))
            }
            _ => (&[], None),
        };
        given.iter().map(|given| (given.step, &given.approval)).chain(last)
    }

    pub(super) fn last_step(&self) -> usize {
        self.rule.steps().len().saturating_sub(1)
    }

    #[must_use]
    pub fn has_approved(&self, id: &PrincipalId) -> bool {
        self.approvals().any(|approval| approval.by.is(id))
    }
}
