//! Where access is given and taken.

use super::Cause;
use super::Page;
use jiff::Timestamp;
use std::future::Future;
use stint_domain::access::Access;
use stint_domain::grant::Evidence;
use stint_domain::ids::GrantId;
use stint_domain::window::Window;
use thiserror::Error;

/// What a grant makes at a target: found again from the grant alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    pub grant_id: GrantId,
    pub access: Access,
    pub window: Window,
}

#[derive(Debug, Error)]
pub enum ProviderError {
    /// The target will not have it, today or tomorrow: `reason` is safe to show.
    #[error("the target refused: {reason}")]
    Refused {
        reason: String,
        #[source]
        cause: Cause,
    },
    /// Throttled, timed out or down: the effect may or may not have happened.
    #[error("the target did not answer")]
    Unavailable(#[source] Cause),
}

/// What a look at the target showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    Over(Evidence),
    StillThere {
        looked_at: String,
    },
    /// The target is at it, and will be done by itself.
    UnderWay {
        looked_at: String,
    },
}

/// Gives and takes access at a target. All of it is safe to repeat; taking what is not there succeeds.
pub trait Provider: Send + Sync {
    fn activate(&self, artefact: &Artefact) -> impl Future<Output = Result<(), ProviderError>> + Send;
    /// Within the window this also cuts what is in use; after it, the date in the grant has done so.
    fn deactivate(
        &self,
        artefact: &Artefact,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send;
    /// Reads the target back.
    fn verify_removed(
        &self,
        artefact: &Artefact,
        now: Timestamp,
    ) -> impl Future<Output = Result<Sighting, ProviderError>> + Send;
}

/// Something at a target that carries the mark of a grant, whatever has become of the grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    pub grant_id: GrantId,
    /// Where it is; what it allows is not looked at.
    pub access: Access,
}

/// One of a page, or why something on it could not be looked at.
pub type Look = Result<Marked, ProviderError>;

/// Looks at the targets for what carries Stint's mark, a page at a time.
pub trait Inventory: Send + Sync {
    /// What cannot be looked at by itself keeps neither the rest of the page nor the pages after it from being looked at.
    fn marked(&self, cursor: Option<&str>) -> impl Future<Output = Result<Page<Look>, ProviderError>> + Send;

    /// Where to go on if the page of this cursor cannot be had; `None`: at the start again.
    fn beyond(&self, _cursor: Option<&str>) -> Option<String> {
        None
    }

    /// What about an artefact that should be there somebody else has changed, in words to be shown; `None` if it is
    /// as it was made.
    fn altered(
        &self,
        artefact: &Artefact,
    ) -> impl Future<Output = Result<Option<String>, ProviderError>> + Send;
}

/// Why a target cannot take what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// It does not wear the boundary, does not exist, or is one of Stint's own.
    #[error("the target is not enrolled")]
    NotEnrolled,
    /// Its policies leave no room for another, and for the one that may be needed to take it away.
    #[error("the target has no room for it")]
    NoRoom,
}

/// Looks at a target before anybody is asked about it, so that nothing is approved that cannot be given.
pub trait Enrolment: Send + Sync {
    fn check(&self, access: &Access)
    -> impl Future<Output = Result<Result<(), Unfit>, ProviderError>> + Send;
}
