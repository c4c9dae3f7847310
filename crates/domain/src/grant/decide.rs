//! What a command leads to in each state: an event, nothing because it is done already, or a refusal.
//!
//! Guards: the order of things. It changes nothing; [`super::apply`] does.

use super::{Dating, EndedBy, Evidence, GrantState, Proof, RemovalReason, Terms, settled};
use crate::duration::AccessDuration;
use crate::ids::RequestId;
use crate::justification::Comment;
use crate::transition::{EndCause, GrantCommand, GrantEvent, GrantStep, Refusal, Revealed};
use crate::window::Window;
use jiff::Timestamp;

impl GrantState {
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
            GrantCommand::ConfirmReveal(Revealed::AccessKey { id: access_key_id, expires_at }) => {
                self.reveal(GrantEvent::CredentialRevealed { access_key_id, expires_at }, now)
            }
            GrantCommand::ConfirmReveal(Revealed::Secret { version }) => {
                self.reveal(GrantEvent::SecretRevealed { version }, now)
            }
            GrantCommand::ConfirmReveal(Revealed::Account { username, expires_at }) => {
                self.reveal(GrantEvent::AccountRevealed { username, expires_at }, now)
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
}

const fn removal(why: RemovalReason, settles_at: Timestamp) -> GrantStep {
    GrantStep::Do(GrantEvent::RemovalStarted { why, settles_at })
}
