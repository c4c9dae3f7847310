//! A request is settled, by a decision, its withdrawal or its lapse: who had a mail about it and did not decide hears that
//! there is nothing left to do.
//!
//! Guards: whoever decided is not told, and nobody is told twice; it is tried for an hour and not for ever, so that mails that
//! cannot be sent do not pile up before what reconcile has to remove. It must not know how people are told.

use crate::approval::Given;
use crate::ids::PrincipalId;
use crate::request::{AccessRequest, RequestState};
use crate::transition::{Event, Step};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// For how long, in minutes, it is tried: whoever looks later finds it behind the link that they have.
const TRIED_MINUTES: i64 = 60;

impl AccessRequest {
    /// Since when nobody can decide any more; `None` while somebody can.
    #[must_use]
    pub const fn settled_at(&self) -> Option<Timestamp> {
        match &self.state {
            RequestState::Pending(_) => None,
            RequestState::Approved { approved_at: at, .. }
            | RequestState::Denied { at, .. }
            | RequestState::Cancelled { at }
            | RequestState::Lapsed { at, .. } => Some(*at),
        }
    }

    /// Whether this was one of those who did, as far as the record has kept them.
    #[must_use]
    pub fn was_decided_by(&self, id: &PrincipalId) -> bool {
        self.has_approved(id) || matches!(&self.state, RequestState::Denied { by, .. } if by.is(id))
    }

    /// Since when there has been somebody to tell; `None` if there is nobody.
    #[must_use]
    pub fn telling_due_at(&self) -> Option<Timestamp> {
        self.settled_at().filter(|_| !self.untold.is_empty())
    }

    pub(crate) fn note_settled_told(
        &self,
        approvers: BTreeSet<PrincipalId>,
        unreached: BTreeSet<PrincipalId>,
    ) -> Step {
        if self.telling_due_at().is_none() || (&approvers | &unreached).is_disjoint(&self.untold) {
            return Step::Already;
        }
        Step::Do(Event::SettledTold { approvers, unreached })
    }

    pub(crate) fn give_up_telling(&self, now: Timestamp) -> Step {
        let tried = SignedDuration::from_mins(TRIED_MINUTES);
        match self.telling_due_at().and_then(|since| since.checked_add(tried).ok()) {
            Some(until) if until <= now => {
                Step::Do(Event::SettledTold { approvers: BTreeSet::new(), unreached: self.untold.clone() })
            }
            _ => Step::Already,
        }
    }

    /// Who has still to be told once `event` has happened.
    pub(crate) fn untold_after(&self, event: &Event) -> BTreeSet<PrincipalId> {
        let decider = match event {
            Event::Approved { approval } => approval.by.person(),
            Event::Denied { by, .. } => by.person(),
            Event::Cancelled | Event::Lapsed { .. } => None,
            Event::SettledTold { approvers, unreached } => return &(&self.untold - approvers) - unreached,
            _ => return self.untold.clone(),
        };
        let RequestState::Pending(asked) = &self.state else { return self.untold.clone() };
        let acted: BTreeSet<_> = asked.given.iter().filter_map(Given::person).chain(decider).collect();
        asked.notified.iter().filter(|person| !acted.contains(person)).cloned().collect()
    }
}
