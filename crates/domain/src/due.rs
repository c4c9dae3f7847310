//! When a request should be looked at again if nothing else has moved it: the timetable of reconcile.
//!
//! Guards I6: everything that is not final is due at some time, so nothing is ever forgotten; and that whoever floods Stint
//! with requests, or keeps its mails from going, holds up no removal.

use crate::grant::{GrantState, Proof, Removal};
use crate::request::{AccessRequest, RequestState};
use jiff::{SignedDuration, Timestamp};

/// How long, in seconds, the workflow has to do a thing itself before reconcile steps in.
pub const GRACE_SECONDS: i64 = 15;

/// The longest pause, in seconds, between two attempts at a removal that keeps failing.
const LONGEST_BACKOFF_SECONDS: i64 = 900;

/// What is due stands on one of two timetables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timetable {
    /// Something is, may be or will be at a target.
    Grants,
    /// Somebody is to be asked or told, or to review: however much there is of that, no removal waits behind it.
    Requests,
}

impl AccessRequest {
    #[must_use]
    pub fn timetable(&self) -> Timetable {
        match &self.state {
            RequestState::Approved { .. } if self.access_due_at().is_some() => Timetable::Grants,
            _ => Timetable::Requests,
        }
    }

    /// `None` only for what is final.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        [self.access_due_at(), self.review_due_at(), self.telling_due_at()].into_iter().flatten().min()
    }

    /// When the reviewers should have been told, or the review is late; `None` where there is none to wait for.
    #[must_use]
    pub fn review_due_at(&self) -> Option<Timestamp> {
        match self.reviewers_to_tell() {
            Some(_) => self.review_changed_at()?.checked_add(SignedDuration::from_secs(GRACE_SECONDS)).ok(),
            None => self.review_late_at(),
        }
    }

    /// The same without the review and without who is to be told: for the request itself and its grant.
    #[must_use]
    pub fn access_due_at(&self) -> Option<Timestamp> {
        let (from, seconds) = match &self.state {
            // Not notified yet: perhaps the workflow was never started.
            RequestState::Pending(consultation) if consultation.notified.is_empty() => {
                (self.submitted_at.min(self.decide_by), GRACE_SECONDS)
            }
            // The workflow may not have heard that there are others to ask.
            RequestState::Pending(consultation) if self.has_others_to_ask() => {
                (consultation.changed_at(self.submitted_at).min(self.decide_by), GRACE_SECONDS)
            }
            RequestState::Pending(_) => match self.next_turn() {
                Some(turn) => (turn.at, 0),
                None => (self.decide_by, GRACE_SECONDS),
            },
            RequestState::Approved { approved_at, grant, .. } => self.grant_due_at(*approved_at, grant)?,
            RequestState::Denied { .. } | RequestState::Cancelled { .. } | RequestState::Lapsed { .. } => {
                return None;
            }
        };
        Some(from.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(from))
    }

    fn grant_due_at(&self, approved_at: Timestamp, grant: &GrantState) -> Option<(Timestamp, i64)> {
        Some(match grant {
            GrantState::Scheduled => {
                (self.scope.starts_at.unwrap_or(approved_at).max(approved_at), GRACE_SECONDS)
            }
            GrantState::Activating { last_attempt_at, .. } => (*last_attempt_at, GRACE_SECONDS),
            GrantState::Active { window, .. } => (window.ends_at(), GRACE_SECONDS),
            GrantState::Deactivating { removal } => (removal.began_at.max(removal.settles_at), GRACE_SECONDS),
            GrantState::RemovalFailed { removal, .. } => (removal.began_at, backoff_seconds(removal)),
            GrantState::Ended { proof, .. } | GrantState::ActivationFailed { proof, .. } => match proof {
                Proof::Blocked { until, .. } => (*until, GRACE_SECONDS),
                Proof::NeverActivated | Proof::Removed { .. } | Proof::Forced { .. } => return None,
            },
        })
    }
}

/// Quadratic in the failures so far, counted from the start of the removal, so that the pauses grow to the longest.
fn backoff_seconds(removal: &Removal) -> i64 {
    let n = i64::from(removal.failures.min(1_000_000));
    if n < 60 { n * n / 4 + GRACE_SECONDS } else { (n - 59) * LONGEST_BACKOFF_SECONDS + GRACE_SECONDS }
}
