//! A state change and its audit events, as one commit that cannot be torn apart.
//!
//! Guards I3 and I4: a [`Change`] is the only thing a ledger accepts, and it can only be made here, together with the
//! sealed events that say what changed. The stream's head is the record's version: whoever commits names the head they
//! read, and one that has moved refuses the commit.

use crate::audit::{Actor, Authorization, Draft, Head, Outcome, SealedEvent, Stream};
use crate::ids::EntitlementId;
use crate::request::AccessRequest;
use crate::transition::Event;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A request as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub request: AccessRequest,
    pub head: Head,
}

/// Under what circumstances something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    pub at: Timestamp,
    pub actor: Actor,
    pub authorization: Option<Authorization>,
    pub source_address: Option<String>,
    /// The invocation that a caller set off, by which the event is found in the log. It also tells two calls apart that
    /// are the same to the millisecond.
    pub invocation: Option<String>,
}

impl Circumstances {
    /// Something that one of Stint's own functions does.
    #[must_use]
    pub fn of_component(component: &str, at: Timestamp) -> Self {
        Self {
            at,
            actor: Actor::system(component),
            authorization: None,
            source_address: None,
            invocation: None,
        }
    }
}

/// What one transaction writes: the record after, on condition of the head before, and the events in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    before: Option<Head>,
    after: Recorded,
    events: Vec<SealedEvent>,
}

impl Change {
    /// `None` for a record that must not exist yet.
    #[must_use]
    pub const fn before(&self) -> Option<&Head> {
        self.before.as_ref()
    }

    #[must_use]
    pub const fn after(&self) -> &Recorded {
        &self.after
    }

    #[must_use]
    pub fn events(&self) -> &[SealedEvent] {
        &self.events
    }
}

impl Recorded {
    /// The first commit of a request: that it was submitted, and, if policy approved at once, that too.
    /// `None` if the events do not follow from one another.
    #[must_use]
    pub fn submission(
        request: AccessRequest,
        then: Option<Event>,
        circumstances: &Circumstances,
    ) -> Option<Change> {
        let fresh = Self { request, head: Head::genesis() };
        let change = fresh.advance_all(std::iter::once(Event::Submitted).chain(then), circumstances)?;
        Some(Change { before: None, ..change })
    }

    /// The commit of one event. `None` if the event cannot follow in this state.
    #[must_use]
    pub fn advance(&self, event: Event, circumstances: &Circumstances) -> Option<Change> {
        self.advance_all([event], circumstances)
    }

    fn advance_all(
        &self,
        events: impl IntoIterator<Item = Event>,
        circumstances: &Circumstances,
    ) -> Option<Change> {
        let stream = Stream::Request(self.request.scope.request_id);
        let (mut after, mut sealed) = (self.clone(), Vec::new());
        for event in events {
            let seal = after.draft(&event, circumstances).seal(&stream, &after.head);
            after.head = seal.head();
            if event != Event::Submitted {
                after.request = after.request.apply(&event, circumstances.at)?;
            }
            sealed.push(seal);
        }
        Some(Change { before: Some(self.head.clone()), after, events: sealed })
    }

    fn draft(&self, event: &Event, circumstances: &Circumstances) -> Draft {
        let scope = &self.request.scope;
        let about_grant = matches!(event, Event::Grant(_) | Event::Approved { .. });
        Draft {
            at: circumstances.at,
            actor: circumstances.actor.clone(),
            action: event.action().to_owned(),
            outcome: event.outcome(),
            request_id: Some(scope.request_id),
            grant_id: about_grant.then(|| scope.request_id.grant_id()),
            entitlement: Some(scope.entitlement.clone()),
            authorization: circumstances.authorization.clone(),
            source_address: circumstances.source_address.clone(),
            invocation: circumstances.invocation.clone(),
            detail: self.detail(event),
        }
    }

    /// The first event carries the whole scope, so that the stream alone says what was asked.
    fn detail(&self, event: &Event) -> Value {
        match event {
            Event::Submitted => json!({ "scope": self.request.scope, "decide_by": self.request.decide_by }),
            event => serde_json::to_value(event).unwrap_or(Value::Null),
        }
    }
}

/// An event that belongs to no request: somebody was refused, an auditor read, a sweep found something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemEvent {
    pub action: &'static str,
    pub outcome: Outcome,
    pub entitlement: Option<EntitlementId>,
    pub detail: Value,
}

impl SystemEvent {
    /// Gives the event its place at the end of a system stream.
    #[must_use]
    pub fn seal(self, stream: &Stream, head: &Head, circumstances: Circumstances) -> SealedEvent {
        Draft {
            at: circumstances.at,
            actor: circumstances.actor,
            action: self.action.to_owned(),
            outcome: self.outcome,
            request_id: None,
            grant_id: None,
            entitlement: self.entitlement,
            authorization: circumstances.authorization,
            source_address: circumstances.source_address,
            invocation: circumstances.invocation,
            detail: self.detail,
        }
        .seal(stream, head)
    }
}

/// That policies of a version have decided something for the first time, which was this: the only event of a stream of
/// the version's own, so that a second one has no place. `None` if policy decided nothing.
#[must_use]
pub fn first_use(circumstances: &Circumstances) -> Option<SealedEvent> {
    let decided = circumstances.authorization.as_ref()?;
    let stream = Stream::Policy { version: decided.policy_version.clone() };
    // Who set that off, and about what, stands in the decision's own event; they have not brought the policies into use.
    let authorization = Some(Authorization { weighed: None, ..decided.clone() });
    let event = SystemEvent {
        action: "policy.first_used",
        outcome: Outcome::Success,
        entitlement: None,
        detail: json!({}),
    };
    let circumstances = Circumstances {
        authorization,
        invocation: circumstances.invocation.clone(),
        ..Circumstances::of_component("policy", circumstances.at)
    };
    Some(event.seal(&stream, &Head::genesis(), circumstances))
}
