//! What an event makes of a request. It judges nothing: whatever was decided is carried out.

use super::{AccessRequest, RequestState};
use crate::grant::GrantState;
use crate::transition::Event;
use jiff::Timestamp;

impl AccessRequest {
    /// The request after `event`, or `None` if no request in this state can have seen it.
    #[must_use]
    pub fn apply(&self, event: &Event, at: Timestamp) -> Option<Self> {
        if let Some(review) = self.reviewed_after(event, at) {
            return Some(Self { review, ..self.clone() });
        }
        let state = match (&self.state, event.clone()) {
            (state, Event::Refused { .. }) => state.clone(),
            (settled, Event::SettledTold { .. }) if self.settled_at().is_some() => settled.clone(),
            (RequestState::Pending(earlier), Event::ApproversNotified { approvers, round }) => {
                RequestState::Pending(earlier.notified(&approvers, round))
            }
            (RequestState::Pending(earlier), Event::Waited { turn }) => {
                RequestState::Pending(earlier.waited(turn))
            }
            (RequestState::Pending(earlier), Event::ApprovalGiven { given }) => {
                RequestState::Pending(earlier.given(given))
            }
            (RequestState::Pending(consultation), Event::Approved { approval }) => RequestState::Approved {
                approval: Box::new(approval),
                earlier: consultation.given.clone(),
                turns: consultation.turns.clone(),
                approved_at: at,
                grant: GrantState::Scheduled,
            },
            (RequestState::Pending(_), Event::Denied { by, comment }) => {
                RequestState::Denied { by, comment, at }
            }
            (RequestState::Pending(_), Event::Cancelled) => RequestState::Cancelled { at },
            (RequestState::Pending(_), Event::Lapsed { because }) => RequestState::Lapsed { because, at },
            (
                RequestState::Approved { approval, earlier, turns, approved_at, grant },
                Event::Grant(event),
            ) => RequestState::Approved {
                approval: approval.clone(),
                earlier: earlier.clone(),
                turns: turns.clone(),
                approved_at: *approved_at,
                grant: grant.apply(&event, at)?,
            },
            _ => return None,
        };
        Some(Self { state, untold: self.untold_after(event), ..self.clone() })
    }
}
