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
//! Guards: only these transitions; no end without proof that nothing is left, but for one that an administrator forces;
//! no close while an activation may
//! still be on its way to the target (see [`SETTLE_SECONDS`]).

use crate::duration::AccessDuration;
use crate::ids::RequestId;
use crate::justification::Comment;
use crate::transition::{EndCause, GrantCommand, GrantEvent, GrantStep, Refusal};
use crate::window::Window;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

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

    #[must_use]
    pub const fn window(&self) -> Option<&Window> {
        match self {
            Self::Activating { window, .. } | Self::Active { window, .. } => Some(window),
            Self::Deactivating { removal } | Self::RemovalFailed { removal, .. } => Some(&removal.window),
            Self::Ended { proof, .. } | Self::ActivationFailed { proof, .. } => proof.window(),
            Self::Scheduled => None,
        }
    }

    /// What `command` leads to. Decides only; [`GrantState::apply`] changes.
    pub fn decide(&self, command: GrantCommand, terms: Terms, now: Timestamp) -> Result<GrantStep, Refusal> {
        match command {
            GrantCommand::BeginActivation => self.begin_activation(terms, now),
            GrantCommand::ConfirmActivation => self.confirm_activation(),
            GrantCommand::AbandonActivation { reason } => self.abandon_activation(reason, now),
            GrantCommand::Extend { by, duration } => self.extend(by, duration, now),
            GrantCommand::HandOver => self.hand_over(terms),
            GrantCommand::NoteAltered { what } => Ok(self.note_altered(what)),
            GrantCommand::BeginReveal => self.reveal(GrantEvent::CredentialRequested, now),
            GrantCommand::ConfirmReveal { access_key_id, expires_at } => {
                self.reveal(GrantEvent::CredentialRevealed { access_key_id, expires_at }, now)
            }
            GrantCommand::End(cause) => self.end(cause, None, terms, now),
            GrantCommand::Revoke { comment } => self.end(EndCause::Revoked, Some(comment), terms, now),
            GrantCommand::RetryRemoval => self.retry_removal(),
            GrantCommand::ReportRemovalFailure { error, taken } => self.report_removal_failure(error, taken),
            GrantCommand::ConfirmRemoval(evidence) => self.confirm_removal(evidence),
            GrantCommand::ForceClose { comment } => self.force_close(comment),
        }
    }

    fn begin_activation(&self, terms: Terms, now: Timestamp) -> Result<GrantStep, Refusal> {
        match self {
            Self::Scheduled if terms.extends.is_some() => Err(Refusal::IsExtension),
            Self::Scheduled => match terms.starts_at.filter(|start| *start > now) {
                Some(starts_at) => Err(Refusal::NotYet { starts_at }),
                None => {
                    let window = Window::opening(now, terms.duration).map_err(|_| Refusal::WindowOver)?;
                    Ok(GrantStep::Do(GrantEvent::ActivationStarted { window, attempt: 1 }))
                }
            },
            Self::Activating { window, .. } if window.is_over(now) => Err(Refusal::WindowOver),
            Self::Activating { window, attempts, .. } => {
                let attempt = attempts.saturating_add(1);
                Ok(GrantStep::Do(GrantEvent::ActivationStarted { window: *window, attempt }))
            }
            Self::Active { dating: Dating::Moving { .. }, window, .. } if window.is_over(now) => {
                Err(Refusal::WindowOver)
            }
            Self::Active { dating: Dating::Moving { .. }, .. } => {
                Ok(GrantStep::Do(GrantEvent::RedatingStarted))
            }
            Self::Active { dating: Dating::Done, .. } => Ok(GrantStep::Already),
            Self::Deactivating { .. } | Self::RemovalFailed { .. } => Err(Refusal::Ending),
            Self::Ended { .. } | Self::ActivationFailed { .. } => Err(Refusal::Over),
        }
    }

    /// The window of what is active ends later. What lies at the target is dated anew as a step of its own.
    fn extend(&self, by: RequestId, duration: AccessDuration, now: Timestamp) -> Result<GrantStep, Refusal> {
        match self {
            Self::Active { window, .. } if window.is_over(now) => Err(Refusal::WindowOver),
            Self::Active { window, .. } => {
                let window = window.extended(duration).map_err(|_| Refusal::TooLong)?;
                Ok(GrantStep::Do(GrantEvent::Extended { by, window }))
            }
            Self::Scheduled | Self::Activating { .. } => Err(Refusal::NotActive),
            Self::Deactivating { .. } | Self::RemovalFailed { .. } => Err(Refusal::Ending),
            Self::Ended { .. } | Self::ActivationFailed { .. } => Err(Refusal::Over),
        }
    }

    /// The other side of [`GrantState::extend`]: this extension has done what it was for.
    const fn hand_over(&self, terms: Terms) -> Result<GrantStep, Refusal> {
        match (self, terms.extends) {
            (_, None) => Err(Refusal::NoExtension),
            (Self::Scheduled, Some(to)) => Ok(GrantStep::Do(GrantEvent::HandedOver { to })),
            (Self::Ended { ended_by: EndedBy::Extended, .. }, Some(_)) => Ok(GrantStep::Already),
            (_, Some(_)) => Err(Refusal::Over),
        }
    }

    /// Once for each thing that is found; it changes nothing else, and the removal takes it all away.
    fn note_altered(&self, what: String) -> GrantStep {
        match self {
            Self::Active { altered, .. } if *altered != Some(what.clone()) => {
                GrantStep::Do(GrantEvent::FoundAltered { what })
            }
            _ => GrantStep::Already,
        }
    }

    const fn confirm_activation(&self) -> Result<GrantStep, Refusal> {
        match self {
            Self::Activating { .. } => Ok(GrantStep::Do(GrantEvent::Activated)),
            Self::Active { dating: Dating::Moving { .. }, .. } => Ok(GrantStep::Do(GrantEvent::Redated)),
            Self::Active { dating: Dating::Done, .. } => Ok(GrantStep::Already),
            Self::Scheduled => Err(Refusal::NoIntent),
            Self::Deactivating { .. } | Self::RemovalFailed { .. } => Err(Refusal::Ending),
            Self::Ended { .. } | Self::ActivationFailed { .. } => Err(Refusal::Over),
        }
    }

    fn abandon_activation(&self, reason: String, now: Timestamp) -> Result<GrantStep, Refusal> {
        match self {
            // The only attempt says itself that it is over: nothing else can be on its way.
            Self::Activating { attempts: 1, .. } => {
                Ok(removal(RemovalReason::ActivationFailed { reason }, now))
            }
            Self::Activating { last_attempt_at, .. } => {
                Ok(removal(RemovalReason::ActivationFailed { reason }, settled(*last_attempt_at)))
            }
            Self::Scheduled => Err(Refusal::NoIntent),
            // What was given stays as it was; only the later end is not to be had.
            Self::Active { dating: Dating::Moving { from }, .. } => {
                Ok(GrantStep::Do(GrantEvent::RedatingFailed { reason, window: *from }))
            }
            Self::Active { .. } => Err(Refusal::WindowOpen),
            _ => Ok(GrantStep::Already),
        }
    }

    /// Only what is active and within its window has a credential to reveal; it changes nothing else.
    fn reveal(&self, event: GrantEvent, now: Timestamp) -> Result<GrantStep, Refusal> {
        match self {
            Self::Active { window, .. } if window.is_over(now) => Err(Refusal::WindowOver),
            Self::Active { .. } => Ok(GrantStep::Do(event)),
            Self::Scheduled | Self::Activating { .. } => Err(Refusal::NotActive),
            Self::Deactivating { .. } | Self::RemovalFailed { .. } => Err(Refusal::Ending),
            Self::Ended { .. } | Self::ActivationFailed { .. } => Err(Refusal::Over),
        }
    }

    fn end(
        &self,
        cause: EndCause,
        comment: Option<Comment>,
        terms: Terms,
        now: Timestamp,
    ) -> Result<GrantStep, Refusal> {
        match self {
            // The workflow's timer ran out although there was a decision; the grant's time is still to come.
            Self::Scheduled
                if cause.waits_for_the_window() && terms.starts_at.is_some_and(|start| start > now) =>
            {
                Err(Refusal::WindowOpen)
            }
            Self::Scheduled => {
                let ended_by = cause.ended_by(false);
                Ok(GrantStep::Do(GrantEvent::EndedBeforeStart { ended_by, cause, comment }))
            }
            Self::Activating { last_attempt_at, .. } => {
                Ok(removal(cause.of_unfinished_activation(comment), settled(*last_attempt_at)))
            }
            Self::Active { window, .. } if cause.waits_for_the_window() && !window.is_over(now) => {
                Err(Refusal::WindowOpen)
            }
            Self::Active { window, settles_at, .. } => {
                let ended_by = cause.ended_by(window.is_over(now));
                Ok(removal(RemovalReason::Ended { ended_by, cause, comment }, *settles_at))
            }
            _ => Ok(GrantStep::Already),
        }
    }

    const fn retry_removal(&self) -> Result<GrantStep, Refusal> {
        match self {
            Self::RemovalFailed { .. } => Ok(GrantStep::Do(GrantEvent::RemovalRetried)),
            Self::Deactivating { .. } | Self::Ended { .. } | Self::ActivationFailed { .. } => {
                Ok(GrantStep::Already)
            }
            Self::Scheduled | Self::Activating { .. } | Self::Active { .. } => Err(Refusal::NoIntent),
        }
    }

    fn report_removal_failure(&self, error: String, taken: bool) -> Result<GrantStep, Refusal> {
        match self {
            Self::Deactivating { .. } => Ok(GrantStep::Do(GrantEvent::RemovalFailed { error, taken })),
            Self::RemovalFailed { .. } | Self::Ended { .. } | Self::ActivationFailed { .. } => {
                Ok(GrantStep::Already)
            }
            Self::Scheduled | Self::Activating { .. } | Self::Active { .. } => Err(Refusal::NoIntent),
        }
    }

    /// What counts is when the target was looked at, not when that is told.
    fn confirm_removal(&self, evidence: Evidence) -> Result<GrantStep, Refusal> {
        match (self, evidence) {
            (Self::Deactivating { removal }, evidence) if evidence.seen_at() < removal.settles_at => {
                Err(Refusal::NotSettled { settles_at: removal.settles_at })
            }
            (Self::Deactivating { removal }, evidence) => {
                let (receipt, blocked_until) = match evidence {
                    Evidence::Gone(receipt) => (receipt, None),
                    Evidence::Blocked { receipt, until } => (receipt, Some(until)),
                };
                Ok(GrantStep::Do(match removal.why.clone() {
                    RemovalReason::Ended { ended_by, .. } => {
                        GrantEvent::Ended { ended_by, receipt, blocked_until }
                    }
                    RemovalReason::ActivationFailed { reason } => {
                        GrantEvent::ActivationFailed { reason, receipt, blocked_until }
                    }
                }))
            }
            (
                Self::Ended { proof: Proof::Blocked { .. }, .. }
                | Self::ActivationFailed { proof: Proof::Blocked { .. }, .. },
                Evidence::Gone(receipt),
            ) => Ok(GrantStep::Do(GrantEvent::BlockLifted { receipt })),
            (Self::Ended { .. } | Self::ActivationFailed { .. }, _) => Ok(GrantStep::Already),
            // A removal that failed is taken up again on record before it can be confirmed.
            (
                Self::RemovalFailed { .. } | Self::Scheduled | Self::Activating { .. } | Self::Active { .. },
                _,
            ) => Err(Refusal::NoIntent),
        }
    }

    fn force_close(&self, comment: Comment) -> Result<GrantStep, Refusal> {
        match self {
            Self::RemovalFailed { error, .. } => {
                Ok(GrantStep::Do(GrantEvent::Forced { error: error.clone(), comment }))
            }
            Self::Ended { ended_by: EndedBy::Forced, .. } => Ok(GrantStep::Already),
            Self::Ended { .. } | Self::ActivationFailed { .. } => Err(Refusal::Over),
            Self::Scheduled | Self::Activating { .. } | Self::Active { .. } | Self::Deactivating { .. } => {
                Err(Refusal::NotFailing)
            }
        }
    }

    /// What an event after which it is as active as before has changed.
    fn still_active(&self, event: GrantEvent, at: Timestamp) -> Option<Self> {
        let Self::Active { window, activated_at, settles_at, dating, altered } = self.clone() else {
            return None;
        };
        let active = |window, settles_at, dating, altered| {
            Some(Self::Active { window, activated_at, settles_at, dating, altered })
        };
        match (event, dating) {
            (GrantEvent::CredentialRequested | GrantEvent::CredentialRevealed { .. }, _) => {
                Some(self.clone())
            }
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

/// What was agreed about the time, from the approved scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub duration: AccessDuration,
    pub starts_at: Option<Timestamp>,
    pub extends: Option<RequestId>,
}

const fn proof(window: Window, receipt: Receipt, blocked_until: Option<Timestamp>) -> Proof {
    match blocked_until {
        Some(until) => Proof::Blocked { window, receipt, until },
        None => Proof::Removed { window, receipt },
    }
}

const fn removal(why: RemovalReason, settles_at: Timestamp) -> GrantStep {
    GrantStep::Do(GrantEvent::RemovalStarted { why, settles_at })
}

fn settled(last_attempt_at: Timestamp) -> Timestamp {
    last_attempt_at.saturating_add(SignedDuration::from_secs(SETTLE_SECONDS)).unwrap_or(last_attempt_at)
}
