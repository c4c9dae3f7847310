//! Breaking the glass: access that waits for nobody, and the review by somebody else that answers for it.
//!
//! Guards: nobody reviews what they have taken themselves; a review is closed once, and not before the access is over;
//! one that stays open is told of again every day. On what terms is under the scope's hash, so a later catalog makes no
//! review lighter. It must not know how reviewers are told, nor who they are: that comes in as values.

use crate::duration::AccessDuration;
use crate::grant::GrantState;
use crate::ids::{GroupName, PrincipalId};
use crate::justification::Comment;
use crate::principal::Authentication;
use crate::request::{AccessRequest, RequestState};
use crate::transition::{Event, Refusal, Step};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How long, in hours, a late review waits until it is told of again.
const TOLD_AGAIN_HOURS: i64 = 24;

/// Who may have an entitlement without anybody's yes, for how long at most, and what has to follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    pub users: BTreeSet<GroupName>,
    pub max_duration: AccessDuration,
    pub review: ReviewTerms,
}

/// Whose review it takes, and how soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewTerms {
    /// Members of any of them.
    pub reviewers: BTreeSet<GroupName>,
    /// From the moment the access was given leave.
    pub within: AccessDuration,
}

/// How far the review has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Review {
    /// How many rounds of mails to the reviewers have gone out.
    pub told: u32,
    #[serde(flatten)]
    pub state: ReviewState,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewState {
    #[default]
    Open,
    /// Nobody had closed it in time; found so for the last time at `at`.
    Overdue {
        times: u32,
        at: Timestamp,
    },
    Closed {
        reviewed: Reviewed,
        at: Timestamp,
    },
}

/// What somebody said who has looked at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    pub by: PrincipalId,
    pub name: String,
    pub authentication: Authentication,
    pub finding: Finding,
    pub comment: Comment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// There was an emergency, and what was done was called for.
    Justified,
    Unjustified,
}

impl Review {
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    const fn is_closed(&self) -> bool {
        matches!(self.state, ReviewState::Closed { .. })
    }

    /// How many rounds of mails should have gone out: the first at once, and one with every time it was found late.
    const fn rounds(&self) -> u32 {
        match self.state {
            ReviewState::Open => 1,
            ReviewState::Overdue { times, .. } => times.saturating_add(1),
            ReviewState::Closed { .. } => 0,
        }
    }
}

impl AccessRequest {
    /// Since when the review is open, on which terms; `None` where none is, or is any more.
    fn open_review(&self) -> Option<(&ReviewTerms, Timestamp)> {
        match (&self.scope.break_glass, &self.state) {
            (Some(terms), RequestState::Approved { approved_at, .. }) if !self.review.is_closed() => {
                Some((terms, *approved_at))
            }
            _ => None,
        }
    }

    /// Somebody has still to say whether it was called for.
    #[must_use]
    pub fn awaits_review(&self) -> bool {
        self.open_review().is_some()
    }

    /// Until when it is to be reviewed; `None` where nothing is.
    #[must_use]
    pub fn review_by(&self) -> Option<Timestamp> {
        let RequestState::Approved { approved_at, .. } = &self.state else { return None };
        Some(after(*approved_at, self.scope.break_glass.as_ref()?.within.as_signed()))
    }

    /// The number of the round of mails that has still to go out to the reviewers, from 1.
    #[must_use]
    pub fn reviewers_to_tell(&self) -> Option<u32> {
        self.open_review()?;
        Some(self.review.rounds()).filter(|round| *round > self.review.told)
    }

    /// When the review is found to be late, for the first time or again.
    #[must_use]
    pub fn review_late_at(&self) -> Option<Timestamp> {
        let (terms, since) = self.open_review()?;
        Some(match self.review.state {
            ReviewState::Overdue { at, .. } => after(at, SignedDuration::from_hours(TOLD_AGAIN_HOURS)),
            _ => after(since, terms.within.as_signed()),
        })
    }

    /// When somebody last had a reason to mail the reviewers.
    pub(crate) fn review_changed_at(&self) -> Option<Timestamp> {
        let (_, since) = self.open_review()?;
        Some(match self.review.state {
            ReviewState::Overdue { at, .. } => at,
            _ => since,
        })
    }

    /// Whether the access has come to its end, so that what was done with it can be judged.
    #[must_use]
    pub const fn can_be_reviewed(&self) -> bool {
        matches!(self.grant(), Some(GrantState::Ended { .. } | GrantState::ActivationFailed { .. }))
    }

    pub(crate) fn note_told(&self, reviewers: BTreeSet<PrincipalId>, round: u32) -> Step {
        match self.reviewers_to_tell() {
            Some(_) if round > self.review.told => Step::Do(Event::ReviewersTold { reviewers, round }),
            _ => Step::Already,
        }
    }

    pub(crate) fn report_unreviewed(&self, now: Timestamp) -> Step {
        match self.review_late_at() {
            Some(late_at) if late_at <= now => Step::Do(Event::ReviewOverdue { times: self.review.rounds() }),
            _ => Step::Already,
        }
    }

    pub(crate) fn close_review(&self, reviewed: Reviewed) -> Result<Step, Refusal> {
        if self.scope.break_glass.is_none() {
            return Err(Refusal::NoReview);
        }
        // INVARIANT: whoever took it does not answer for it, whatever policy says.
        if reviewed.by == self.scope.requester {
            return Err(Refusal::SelfReview);
        }
        match &self.review.state {
            ReviewState::Closed { reviewed: earlier, .. }
                if earlier.by == reviewed.by && earlier.finding == reviewed.finding =>
            {
                Ok(Step::Already)
            }
            ReviewState::Closed { .. } => Err(Refusal::Reviewed),
            _ if !self.can_be_reviewed() => Err(Refusal::NotOver),
            _ => Ok(Step::Do(Event::Reviewed { reviewed })),
        }
    }

    /// The review after `event`; `None` if it is none of the review's.
    pub(crate) fn reviewed_after(&self, event: &Event, at: Timestamp) -> Option<Review> {
        self.scope.break_glass.as_ref()?;
        match event {
            Event::ReviewersTold { round, .. } => Some(Review { told: *round, ..self.review.clone() }),
            Event::ReviewOverdue { times } => {
                let state = ReviewState::Overdue { times: *times, at };
                Some(Review { state, ..self.review })
            }
            Event::Reviewed { reviewed } => {
                let state = ReviewState::Closed { reviewed: reviewed.clone(), at };
                Some(Review { state, ..self.review })
            }
            _ => None,
        }
    }
}

fn after(from: Timestamp, pause: SignedDuration) -> Timestamp {
    from.saturating_add(pause).unwrap_or(Timestamp::MAX)
}
