//! The state after an event that was decided.
//!
//! Guards: an event changes nothing in a state that cannot have seen it.

use super::{Dating, EndedBy, GrantState, Proof, Receipt, Removal, settled};
use crate::transition::GrantEvent;
use crate::window::Window;
use jiff::Timestamp;
use std::collections::BTreeSet;

impl GrantState {
    /// What an event after which it is as active as before has changed.
    fn still_active(&self, event: GrantEvent, at: Timestamp) -> Option<Self> {
        let Self::Active { window, activated_at, settles_at, dating, altered, extended_by } = self.clone()
        else {
            return None;
        };
        let extended_by = match &event {
            GrantEvent::Extended { by, .. } => extended_by.into_iter().chain([*by]).collect(),
            _ => extended_by,
        };
        let active = |window, settles_at, dating, altered| {
            Some(Self::Active { window, activated_at, settles_at, dating, altered, extended_by })
        };
        match (event, dating) {
            (
                GrantEvent::CredentialRequested
                | GrantEvent::CredentialRevealed { .. }
                | GrantEvent::SecretRevealed { .. }
                | GrantEvent::AccountRevealed { .. },
                _,
            ) => Some(self.clone()),
            (GrantEvent::FoundAltered { what }, _) => active(window, settles_at, dating, Some(what)),
            (GrantEvent::Extended { window: longer, .. }, Dating::Done) => {
                active(longer, settles_at, Dating::Moving { from: window }, altered)
            }
            // Extended twice before the target was dated: it still carries the first end.
            (GrantEvent::Extended { window: longer, .. }, moving) => {
                active(longer, settles_at, moving, altered)
            }
            (GrantEvent::RedatingStarted, Dating::Moving { .. }) => {
                active(window, settled(at), dating, altered)
            }
            // What lies there now is as Stint writes it.
            (GrantEvent::Redated, Dating::Moving { .. }) => active(window, settles_at, Dating::Done, None),
            (GrantEvent::RedatingFailed { window, .. }, Dating::Moving { .. }) => {
                active(window, settles_at, Dating::Done, altered)
            }
            _ => None,
        }
    }

    /// The state after `event`, or `None` if no grant in this state can have seen it.
    #[must_use]
    pub fn apply(&self, event: &GrantEvent, at: Timestamp) -> Option<Self> {
        Some(match (self, event.clone()) {
            (
                Self::Scheduled | Self::Activating { .. },
                GrantEvent::ActivationStarted { window, attempt },
            ) => Self::Activating { window, attempts: attempt, last_attempt_at: at },
            (Self::Activating { window, attempts, last_attempt_at }, GrantEvent::Activated) => {
                let settles_at = if *attempts == 1 { at } else { settled(*last_attempt_at) };
                Self::Active {
                    window: *window,
                    activated_at: at,
                    settles_at,
                    dating: Dating::Done,
                    altered: None,
                    extended_by: BTreeSet::new(),
                }
            }
            (active @ Self::Active { .. }, event) if event.leaves_active() => {
                active.still_active(event, at)?
            }
            (
                Self::Activating { window, .. } | Self::Active { window, .. },
                GrantEvent::RemovalStarted { why, settles_at },
            ) => {
                let removal =
                    Removal { why, window: *window, began_at: at, settles_at, failures: 0, taken: false };
                Self::Deactivating { removal }
            }
            (Self::Deactivating { removal }, GrantEvent::RemovalFailed { error, taken }) => {
                let failures = removal.failures.saturating_add(1);
                let removal = Removal { failures, taken, ..removal.clone() };
                Self::RemovalFailed { removal, error }
            }
            (Self::RemovalFailed { removal, .. }, GrantEvent::RemovalRetried) => {
                Self::Deactivating { removal: removal.clone() }
            }
            (Self::Deactivating { removal }, GrantEvent::Ended { ended_by, receipt, blocked_until }) => {
                Self::Ended { ended_by, at, proof: proof(removal.window, receipt, blocked_until) }
            }
            (
                Self::Deactivating { removal },
                GrantEvent::ActivationFailed { reason, receipt, blocked_until },
            ) => Self::ActivationFailed { reason, at, proof: proof(removal.window, receipt, blocked_until) },
            (
                Self::Ended { ended_by, at, proof: Proof::Blocked { window, .. } },
                GrantEvent::BlockLifted { receipt },
            ) => Self::Ended {
                ended_by: *ended_by,
                at: *at,
                proof: Proof::Removed { window: *window, receipt },
            },
            (
                Self::ActivationFailed { reason, at, proof: Proof::Blocked { window, .. } },
                GrantEvent::BlockLifted { receipt },
            ) => Self::ActivationFailed {
                reason: reason.clone(),
                at: *at,
                proof: Proof::Removed { window: *window, receipt },
            },
            (Self::RemovalFailed { removal, .. }, GrantEvent::Forced { error, comment }) => Self::Ended {
                ended_by: EndedBy::Forced,
                at,
                proof: Proof::Forced { window: removal.window, error, comment },
            },
            (Self::Scheduled, GrantEvent::HandedOver { .. }) => {
                Self::Ended { ended_by: EndedBy::Extended, at, proof: Proof::NeverActivated }
            }
            (Self::Scheduled, GrantEvent::EndedBeforeStart { ended_by, .. }) => {
                Self::Ended { ended_by, at, proof: Proof::NeverActivated }
            }
            _ => return None,
        })
    }
}

const fn proof(window: Window, receipt: Receipt, blocked_until: Option<Timestamp>) -> Proof {
    match blocked_until {
        Some(until) => Proof::Blocked { window, receipt, until },
        None => Proof::Removed { window, receipt },
    }
}
