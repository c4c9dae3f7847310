//! Which sets of a new secret may still be on their way to the target.
//!
//! Guards I5 against one that stalls. Between the look whether its version is still to be set and the write, another
//! attempt can finish the rotation, and a whole checkout and the rotation after it can pass: the write would bring back
//! what that holder has seen. So each attempt is on record before it looks, with the time from which nothing of it can
//! reach the target, and no other version is set before it has said that it is over or that time has come.
//!
//! That is enough. All that is unsettled at any moment is of one version. Whoever records another one's attempt later
//! finds, looking after that, whether theirs is still to be set; and what is set after it had settled stays. Attempts of
//! one version write the same, so they need not wait for each other, and the credential may change hands meanwhile: its
//! new holder has been given just what may still arrive.

use super::{Custody, CustodyChange};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// How long, in seconds, an attempt may write: the timeout of the `rotate-credential` function.
pub const SET_SECONDS: i64 = 30;

/// How long, in seconds, it may still reach the target: a margin for a call that was already on its way.
pub const SET_SETTLE_SECONDS: i64 = 32;

/// One attempt to set a version at its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAttempt {
    token: Uuid,
    version: String,
    pub began_at: Timestamp,
    settles_at: Timestamp,
}

impl SetAttempt {
    /// By the name of the version, and a token that no other attempt has.
    #[must_use]
    pub fn of(version: &str, token: Uuid, now: Timestamp) -> Self {
        let settles_at = after(now, SET_SETTLE_SECONDS);
        Self { token, version: version.to_owned(), began_at: now, settles_at }
    }

    /// What is written later than this is not to count.
    #[must_use]
    pub fn writes_until(&self) -> Timestamp {
        after(self.began_at, SET_SECONDS)
    }
}

/// Another version may be on its way to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("another version may reach the target until {settles_at}")]
pub struct Unsettled {
    pub settles_at: Timestamp,
}

impl Custody {
    /// # Errors
    /// [`Unsettled`], if something else may still be set there.
    pub fn may_be_set_to(&self, version: &str, now: Timestamp) -> Result<(), Unsettled> {
        let others = self.sets.iter().filter(|one| one.version != version && one.settles_at > now);
        others.map(|one| one.settles_at).max().map_or(Ok(()), |settles_at| Err(Unsettled { settles_at }))
    }

    /// To be recorded before it is looked whether the version is to be set.
    ///
    /// # Errors
    /// [`Unsettled`], if something else may still be set there.
    pub fn begin_set(&self, attempt: SetAttempt) -> Result<CustodyChange, Unsettled> {
        let now = attempt.began_at;
        self.may_be_set_to(&attempt.version, now)?;
        let unsettled = self.sets.iter().filter(|one| one.settles_at > now).cloned();
        let sets = unsettled.chain([attempt]).collect();
        Ok(self.changed(Self { sets, ..self.clone() }))
    }

    /// It has written all that it ever will, or nothing. `None` if that is known already.
    #[must_use]
    pub fn end_set(&self, attempt: &SetAttempt) -> Option<CustodyChange> {
        let sets: Vec<_> = self.sets.iter().filter(|one| one.token != attempt.token).cloned().collect();
        (sets.len() < self.sets.len()).then(|| self.changed(Self { sets, ..self.clone() }))
    }
}

fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}
