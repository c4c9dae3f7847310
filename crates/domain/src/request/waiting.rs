//! What comes of waiting for an answer: those who were asked are reminded, others are asked too, the step is passed over.
//!
//! Guards: each turn is taken once and in its time, and none after the time to decide is over. Whose yes then counts is
//! [`crate::approval`]'s.

use super::{AccessRequest, RequestState};
use crate::approval::{MOST_REMINDERS, Progress, Turn, TurnKind};
use crate::duration::AccessDuration;
use crate::transition::{Event, Step};
use jiff::Timestamp;

impl AccessRequest {
    /// What comes of the open step next, and when, should nobody answer; `None` if only the end of the time to decide
    /// does.
    #[must_use]
    pub fn next_turn(&self) -> Option<Turn> {
        let open = self.progress()?;
        // Of two at the same time the one that goes further.
        let coming = [TurnKind::Skipped, TurnKind::Escalated, TurnKind::ReminderDue];
        let coming = coming.into_iter().filter_map(|kind| self.coming(&open, kind));
        coming.min_by_key(|turn| turn.at)
    }

    /// Whether waiting can bring others to ask, though there is nobody now.
    #[must_use]
    pub fn may_ask_others_later(&self) -> bool {
        let Some(open) = self.progress() else { return false };
        [TurnKind::Skipped, TurnKind::Escalated].iter().any(|kind| self.coming(&open, *kind).is_some())
    }

    /// When this turn of the open step comes, if it does and before the time to decide is over.
    #[must_use]
    pub fn coming(&self, open: &Progress<'_>, kind: TurnKind) -> Option<Turn> {
        let RequestState::Pending(consultation) = &self.state else { return None };
        let opened = consultation.opened_at(open.number, self.submitted_at);
        let taken = || self.turns().iter().filter(|turn| turn.step == open.number && turn.kind == kind);
        let (from, pause) = match kind {
            TurnKind::Skipped => (opened, open.step.skip_after?),
            TurnKind::Escalated if open.escalated => return None,
            TurnKind::Escalated => (opened, open.step.escalate.as_ref()?.after),
            TurnKind::ReminderDue if taken().count() >= MOST_REMINDERS => return None,
            TurnKind::ReminderDue => {
                (taken().map(|turn| turn.at).max().unwrap_or(opened), open.step.remind_every?)
            }
        };
        let turn = Turn { kind, step: open.number, at: after(from, pause)? };
        Some(turn).filter(|turn| turn.at < self.decide_by)
    }

    pub(super) fn wait(&self, now: Timestamp) -> Step {
        match self.next_turn() {
            Some(turn) if turn.at <= now && now < self.decide_by => {
                Step::Do(Event::Waited { turn: Turn { at: now, ..turn } })
            }
            _ => Step::Already,
        }
    }
}

fn after(from: Timestamp, pause: AccessDuration) -> Option<Timestamp> {
    from.checked_add(pause.as_signed()).ok()
}
