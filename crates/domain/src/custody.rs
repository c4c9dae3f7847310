//! Who may know a vaulted credential now, who is next, and when it was handed out before.
//!
//! Guards I5: one holder at a time, from before the credential can be shown until it is proven to have been rotated.
//! Whoever waits is served in the order of coming. A secret is not checked out more often than Secrets Manager can keep
//! its versions. And what may still be on its way to the target ([`sets`]).
//!
//! It must not know what the credential is, nor how it is rotated.

pub mod sets;

use crate::duration::AccessDuration;
use crate::grant::GrantState;
use crate::ids::{RequestId, SecretName};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
pub use sets::{SetAttempt, Unsettled};
use thiserror::Error;

/// How many may wait for one credential.
pub const QUEUE_LENGTH: usize = 100;

/// How often a credential may be checked out in 24 hours: Secrets Manager keeps every version for a day, and about a
/// hundred of them.
pub const CHECKOUTS_A_DAY: usize = 90;

/// What is known of one vaulted credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custody {
    pub secret: SecretName,
    /// Counts the changes; whoever changes it names the one they read.
    pub version: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    holder: Option<RequestId>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    queue: Vec<Waiting>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    taken_at: Vec<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    sets: Vec<SetAttempt>,
}

/// Somebody whose turn has not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub request_id: RequestId,
    pub duration: AccessDuration,
}

/// Why it cannot be taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Occupied {
    #[error("it is checked out by {by}")]
    Held { by: RequestId },
    #[error("{first} has waited for longer")]
    NotYourTurn { first: RequestId },
    #[error("it has been checked out too often in the last 24 hours")]
    TooOften { until: Timestamp },
    #[error("too many wait for it already")]
    QueueFull,
}

/// What a step of a grant does to the credential that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handover {
    Taken,
    Released,
}

impl Handover {
    /// Taken before anything is given, and released with the proof of its rotation only. What was closed by force
    /// had failed, and keeps it for ever.
    #[must_use]
    pub const fn between(before: &GrantState, after: &GrantState) -> Option<Self> {
        match (before, after) {
            (GrantState::Scheduled, GrantState::Activating { .. }) => Some(Self::Taken),
            (
                GrantState::Deactivating { .. },
                GrantState::Ended { .. } | GrantState::ActivationFailed { .. },
            ) => Some(Self::Released),
            _ => None,
        }
    }
}

/// A change of one custody, on condition of the version that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustodyChange {
    after: Custody,
}

impl CustodyChange {
    #[must_use]
    pub const fn after(&self) -> &Custody {
        &self.after
    }

    /// `None` for a credential that nobody has had yet.
    #[must_use]
    pub const fn before_version(&self) -> Option<u64> {
        match self.after.version {
            0 | 1 => None,
            version => Some(version - 1),
        }
    }
}

impl Custody {
    /// Of a credential that nobody has had yet.
    #[must_use]
    pub const fn unknown(secret: SecretName) -> Self {
        Self { secret, version: 0, holder: None, queue: Vec::new(), taken_at: Vec::new(), sets: Vec::new() }
    }

    #[must_use]
    pub const fn holder(&self) -> Option<RequestId> {
        self.holder
    }

    /// Those who wait, the next one first.
    #[must_use]
    pub fn queue(&self) -> &[Waiting] {
        &self.queue
    }

    /// `None` if it is in these hands already.
    pub fn take(&self, by: RequestId, now: Timestamp) -> Result<Option<CustodyChange>, Occupied> {
        match (self.holder, self.queue.first()) {
            (Some(holder), _) if holder == by => return Ok(None),
            (Some(holder), _) => return Err(Occupied::Held { by: holder }),
            (None, Some(first)) if first.request_id != by => {
                return Err(Occupied::NotYourTurn { first: first.request_id });
            }
            (None, _) => {}
        }
        let mut taken_at = self.taken_in_the_day_before(now);
        if let Some(first) = taken_at.first().filter(|_| taken_at.len() >= CHECKOUTS_A_DAY) {
            return Err(Occupied::TooOften { until: a_day_after(*first) });
        }
        taken_at.push(now);
        let queue = self.without(by);
        Ok(Some(self.changed(Self { holder: Some(by), queue, taken_at, ..self.clone() })))
    }

    /// `None` if they wait, or have it, already.
    pub fn join(&self, who: Waiting) -> Result<Option<CustodyChange>, Occupied> {
        let waits = |one: &Waiting| one.request_id == who.request_id;
        if self.holder == Some(who.request_id) || self.queue.iter().any(waits) {
            return Ok(None);
        }
        if self.queue.len() >= QUEUE_LENGTH {
            return Err(Occupied::QueueFull);
        }
        let queue = self.queue.iter().copied().chain([who]).collect();
        Ok(Some(self.changed(Self { queue, ..self.clone() })))
    }

    /// Somebody waits no more. `None` if they did not.
    #[must_use]
    pub fn leave(&self, who: RequestId) -> Option<CustodyChange> {
        let queue = self.without(who);
        (queue.len() < self.queue.len()).then(|| self.changed(Self { queue, ..self.clone() }))
    }

    /// It has been rotated, so whoever had it knows nothing any more. `None` if it is not theirs.
    #[must_use]
    pub fn release(&self, by: RequestId) -> Option<CustodyChange> {
        (self.holder == Some(by)).then(|| self.changed(Self { holder: None, ..self.clone() }))
    }

    fn changed(&self, after: Self) -> CustodyChange {
        CustodyChange { after: Self { version: self.version.saturating_add(1), ..after } }
    }

    fn without(&self, who: RequestId) -> Vec<Waiting> {
        self.queue.iter().copied().filter(|one| one.request_id != who).collect()
    }

    fn taken_in_the_day_before(&self, now: Timestamp) -> Vec<Timestamp> {
        self.taken_at.iter().copied().filter(|at| a_day_after(*at) > now).collect()
    }
}

fn a_day_after(at: Timestamp) -> Timestamp {
    at.saturating_add(SignedDuration::from_hours(24)).unwrap_or(at)
}
