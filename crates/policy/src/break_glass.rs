//! Breaking the glass as the catalog writes it.
//!
//! Guards: somebody may, somebody reviews, and the review is not late before the access is over.

use serde::Deserialize;
use std::collections::BTreeSet;
use stint_domain::BadInput;
use stint_domain::duration::AccessDuration;
use stint_domain::ids::GroupName;
use stint_domain::review::{BreakGlass, ReviewTerms};

/// Why an entry of the catalog is none.
#[derive(Debug, thiserror::Error)]
pub enum BadBreakGlass {
    #[error("it names no users")]
    NoUsers,
    #[error("it names no reviewers")]
    NoReviewers,
    #[error("its `max_duration` is longer than the entitlement's own")]
    TooLong,
    #[error("its `review_within` is not longer than its `max_duration`, and nobody reviews what is not over")]
    TooSoon,
    #[error(transparent)]
    Duration(#[from] BadInput),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BreakGlassEntry {
    users: BTreeSet<GroupName>,
    max_duration: String,
    reviewers: BTreeSet<GroupName>,
    review_within: String,
}

impl BreakGlassEntry {
    /// `longest`: for how long the entitlement can be had at all.
    pub(crate) fn read(self, longest: AccessDuration) -> Result<BreakGlass, BadBreakGlass> {
        let (max_duration, within) = (self.max_duration.parse()?, self.review_within.parse()?);
        if self.users.is_empty() {
            Err(BadBreakGlass::NoUsers)
        } else if self.reviewers.is_empty() {
            Err(BadBreakGlass::NoReviewers)
        } else if max_duration > longest {
            Err(BadBreakGlass::TooLong)
        } else if within <= max_duration {
            Err(BadBreakGlass::TooSoon)
        } else {
            let review = ReviewTerms { reviewers: self.reviewers, within };
            Ok(BreakGlass { users: self.users, max_duration, review })
        }
    }
}
