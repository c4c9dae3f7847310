//! The time-bound authority that follows from an approval.
//!
//! ```text
//! SCHEDULED → ACTIVATING → ACTIVE → DEACTIVATING → ENDED    by EXPIRED | RETURNED | REVOKED | INELIGIBLE | FORCED
//! SCHEDULED → ENDED                 before its start
//! ACTIVATING → DEACTIVATING → ACTIVATION_FAILED             final only after a verified removal
//! DEACTIVATING ⇄ REMOVAL_FAILED                             alarmed, retried for ever, never a resting place
//! REMOVAL_FAILED → ENDED            by FORCED               an administrator answers for it, with a reason
//! ACTIVE → ACTIVE                   with a later end        and an extension's own SCHEDULED → ENDED by EXTENDED
//! ```
//!
//! Guards: only these transitions (`decide`, `apply`); no end without proof that nothing is left, but for one that an
//! administrator forces; no close while an activation may still be on its way to the target (see [`SETTLE_SECONDS`]).

mod apply;
mod decide;

use crate::duration::AccessDuration;
use crate::entitlement::ROTATES_WITHIN_SECONDS;
use crate::ids::RequestId;
use crate::justification::Comment;
use crate::transition::EndCause;
use crate::window::Window;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How long, in seconds, an attempt to activate may still reach the target after it began: the timeout of the
/// `grant` function (10 s) and a margin for a call that was already on its way.
pub const SETTLE_SECONDS: i64 = 12;

/// Where a grant stands. Each state carries what is known in it, and nothing that is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GrantState {
    /// Approved, nothing done at the target.
    Scheduled,
    /// The intent is on record; the target may or may not have been touched.
    Activating { window: Window, attempts: u32, last_attempt_at: Timestamp },
    /// The target has confirmed.
    Active {
        window: Window,
        activated_at: Timestamp,
        settles_at: Timestamp,
        #[serde(skip_serializing_if = "Dating::is_done", default)]
        dating: Dating,
        /// What somebody else has changed at the target, as last reported.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        altered: Option<String>,
        /// The extensions whose time the window has.
        #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
        extended_by: BTreeSet<RequestId>,
    },
    /// The intent to remove is on record.
    Deactivating { removal: Removal },
    /// The target refused or could not be read back. Somebody is told; the next attempt follows.
    RemovalFailed { removal: Removal, error: String },
    /// Nothing is left, and this is why it ended.
    Ended { ended_by: EndedBy, at: Timestamp, proof: Proof },
    /// The target never confirmed it, and nothing is left.
    ActivationFailed { reason: String, at: Timestamp, proof: Proof },
}

/// Whether what lies at the target carries the window's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dating {
    #[default]
    Done,
    /// The window has been extended. Until the target has confirmed it, access may end with the window from before.
    Moving { from: Window },
}

impl Dating {
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    pub why: RemovalReason,
    pub window: Window,
    pub began_at: Timestamp,
    /// Before this an activation may still be on its way, so what was seen before it proves nothing: the removal is
    /// repeated rather than closed.
    pub settles_at: Timestamp,
    pub failures: u32,
    /// The target has said that it let go, and only the look at it is missing: the next attempt begins with that.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub taken: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum RemovalReason {
    Ended {
        ended_by: EndedBy,
        cause: EndCause,
        /// What whoever revoked it said.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        comment: Option<Comment>,
    },
    ActivationFailed {
        reason: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EndedBy {
    Expired,
    Returned,
    Revoked,
    Ineligible,
    Forced,
    /// It was an extension, and its time has gone over to the grant that it extends.
    Extended,
}

/// Why nothing is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// No intent to activate was ever recorded, so no target was touched.
    NeverActivated,
    /// What was made for this window was taken away, and the target was read back.
    Removed { window: Window, receipt: Receipt },
    /// It ended early, and what is still in circulation is denied by something at the target that is lifted at `until`.
    Blocked { window: Window, receipt: Receipt, until: Timestamp },
    /// There is none: somebody closed a removal that kept failing, and answers for it.
    Forced { window: Window, error: String, comment: Comment },
}

impl Proof {
    /// The window that access was given for, if any was.
    #[must_use]
    pub const fn window(&self) -> Option<&Window> {
        match self {
            Self::NeverActivated => None,
            Self::Removed { window, .. } | Self::Blocked { window, .. } | Self::Forced { window, .. } => {
                Some(window)
            }
        }
    }
}

/// What the target showed after a removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "evidence", rename_all = "snake_case")]
pub enum Evidence {
    /// Nothing of the grant is left.
    Gone(Receipt),
    /// Nothing of the grant works any more, by something that has to stay until then.
    Blocked { receipt: Receipt, until: Timestamp },
}

impl Evidence {
    const fn seen_at(&self) -> Timestamp {
        match self {
            Self::Gone(receipt) | Self::Blocked { receipt, .. } => receipt.at,
        }
    }
}

/// What a look at the target showed: a statement of its control plane at one moment, and no more than that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub looked_at: String,
    pub answered: String,
    /// Not later than the look.
    pub at: Timestamp,
}

impl GrantState {
    /// The state's name in the API, the audit and the docs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Activating { .. } => "ACTIVATING",
            Self::Active { .. } => "ACTIVE",
            Self::Deactivating { .. } => "DEACTIVATING",
            Self::RemovalFailed { .. } => "REMOVAL_FAILED",
            Self::Ended { .. } => "ENDED",
            Self::ActivationFailed { .. } => "ACTIVATION_FAILED",
        }
    }

    /// Access is over, and nothing more will happen.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Ended { proof, .. } | Self::ActivationFailed { proof, .. } => {
                !matches!(proof, Proof::Blocked { .. })
            }
            _ => false,
        }
    }

    /// Whether something of it may rightly be at its target: it is being given or taken, or holds sessions off.
    #[must_use]
    pub const fn may_be_at_target(&self) -> bool {
        !matches!(self, Self::Scheduled) && !self.is_final()
    }

    /// Whether a removal that is not proven yet has only to be looked at, as far as the target has said.
    #[must_use]
    pub const fn was_taken(&self) -> bool {
        match self {
            Self::Deactivating { removal } | Self::RemovalFailed { removal, .. } => removal.taken,
            _ => false,
        }
    }

    /// Access has been given, or is being given.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        matches!(self, Self::Activating { .. } | Self::Active { .. })
    }

    /// Whether a removal has gone on for longer than one that takes its time at the target should.
    #[must_use]
    pub fn removal_is_late(&self, now: Timestamp) -> bool {
        match self {
            Self::Deactivating { removal } | Self::RemovalFailed { removal, .. } => {
                let began = removal.began_at.max(removal.settles_at);
                now.as_second() - began.as_second() >= i64::from(ROTATES_WITHIN_SECONDS)
            }
            _ => false,
        }
    }

    /// What lies at the target does not carry the window's end yet.
    #[must_use]
    pub const fn is_moving(&self) -> bool {
        matches!(self, Self::Active { dating: Dating::Moving { .. }, .. })
    }

    /// The extensions that have gone into the window of what is active.
    pub fn extended_by(&self) -> impl Iterator<Item = RequestId> {
        let extensions = match self {
            Self::Active { extended_by, .. } => Some(extended_by),
            _ => None,
        };
        extensions.into_iter().flatten().copied()
    }

    #[must_use]
    pub const fn window(&self) -> Option<&Window> {
        match self {
            Self::Activating { window, .. } | Self::Active { window, .. } => Some(window),
            Self::Deactivating { removal } | Self::RemovalFailed { removal, .. } => Some(&removal.window),
            Self::Ended { proof, .. } | Self::ActivationFailed { proof, .. } => proof.window(),
            Self::Scheduled => None,
        }
    }
}

/// What was agreed about the time, from the approved scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub duration: AccessDuration,
    pub starts_at: Option<Timestamp>,
    pub extends: Option<RequestId>,
}

/// When an attempt that began then can reach the target no more.
fn settled(last_attempt_at: Timestamp) -> Timestamp {
    last_attempt_at.saturating_add(SignedDuration::from_secs(SETTLE_SECONDS)).unwrap_or(last_attempt_at)
}
