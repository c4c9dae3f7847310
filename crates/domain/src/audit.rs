//! The audit: facts in the past tense, each sealed to the one before.
//!
//! Guards I4: the canonical encoding (RFC 8785) and the chain over it are fixed from the first event on, under test
//! vectors. An event's hash is SHA-256 over `0x00` and its canonical JSON, which is RFC 6962's leaf hash, so the same
//! hash serves a chain now and a Merkle tree over it. The hash before is inside the encoding.

mod exported;

pub use exported::{BadExport, Exported};

use crate::approval::TurnKind;
use crate::ids::{EntitlementId, GrantId, PrincipalId, RequestId};
use crate::principal::Authentication;
use crate::scope::{canonical, hex};
use crate::transition::{Event, GrantEvent};
use crate::window::whole_second;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt;

/// The version of [`AuditEvent`]'s fields. A new one is added beside, never in place of, an old one.
pub const SCHEMA_VERSION: u32 = 1;

/// How many streams a day's system events are spread over, so that no caller can make one item hot for all.
pub const SYSTEM_SHARDS: u8 = 16;

/// An append-only sequence of events with a chain of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub enum Stream {
    Request(RequestId),
    /// What belongs to no request, by UTC day and shard.
    System {
        day: jiff::civil::Date,
        shard: u8,
    },
    /// That policies of a version are in use: one event.
    Policy {
        version: String,
    },
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(id) => id.fmt(f),
            Self::System { day, shard } => write!(f, "system-{day}-{shard:02}"),
            Self::Policy { version } => write!(f, "policy-{version}"),
        }
    }
}

impl From<Stream> for String {
    fn from(stream: Stream) -> Self {
        stream.to_string()
    }
}

impl Stream {
    /// The system stream of the moment, on the shard that `random` picks.
    #[must_use]
    pub fn system(now: Timestamp, random: u8) -> Self {
        let day = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        Self::System { day, shard: random % SYSTEM_SHARDS }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    Person {
        id: PrincipalId,
        authentication: Authentication,
    },
    /// One of Stint's own functions.
    System {
        component: String,
    },
    /// Somebody whose identity was not established.
    Unknown,
}

impl Actor {
    #[must_use]
    pub fn system(component: &str) -> Self {
        Self::System { component: component.to_owned() }
    }

    /// One word for a table: the principal, the component, or `unknown`.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Person { id, .. } => id.as_str(),
            Self::System { component } => component,
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Success,
    /// It was tried and did not work.
    Failure,
    /// It was not allowed.
    Denied,
}

/// Which policies decided, of which bundle, and about what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    pub policy_version: String,
    pub policies: BTreeSet<String>,
    /// What they were told of whoever asked for access, and what they said, in the words of whoever asks them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub weighed: Option<Box<Value>>,
}

/// Everything an event says, before it has its place in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub at: Timestamp,
    pub actor: Actor,
    pub action: String,
    pub outcome: Outcome,
    pub request_id: Option<RequestId>,
    pub grant_id: Option<GrantId>,
    pub entitlement: Option<EntitlementId>,
    pub authorization: Option<Authorization>,
    pub source_address: Option<String>,
    pub invocation: Option<String>,
    pub detail: Value,
}

/// An event in its place. Field names are the export's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    pub schema: u32,
    pub stream: String,
    pub sequence: u64,
    /// UTC, in whole milliseconds and always with three digits of them, so that times sort as texts.
    #[serde(serialize_with = "milliseconds")]
    pub at: Timestamp,
    pub actor: Actor,
    pub action: String,
    pub outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<RequestId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grant_id: Option<GrantId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entitlement: Option<EntitlementId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authorization: Option<Authorization>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub invocation: Option<String>,
    pub detail: Value,
    pub previous: EventHash,
}

/// A link of the chain, in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventHash(String);

impl EventHash {
    /// What the first event of a stream has before it.
    #[must_use]
    pub fn genesis() -> Self {
        Self("0".repeat(64))
    }

    #[must_use]
    pub fn of(canonical: &[u8]) -> Self {
        Self(hex(&Sha256::new().chain_update([0]).chain_update(canonical).finalize()))
    }

    /// A hash as stored; it proves nothing until it is recomputed.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The end of a stream: how many events it has, and the hash of the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub sequence: u64,
    pub hash: EventHash,
}

impl Head {
    #[must_use]
    pub fn genesis() -> Self {
        Self { sequence: 0, hash: EventHash::genesis() }
    }
}

/// An event with its place, its bytes and its hash: what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEvent {
    pub event: AuditEvent,
    pub canonical: String,
    pub hash: EventHash,
}

impl SealedEvent {
    #[must_use]
    pub fn head(&self) -> Head {
        Head { sequence: self.event.sequence, hash: self.hash.clone() }
    }
}

impl Draft {
    /// Gives the draft the next place in `stream`.
    #[must_use]
    pub fn seal(self, stream: &Stream, head: &Head) -> SealedEvent {
        let event = AuditEvent {
            schema: SCHEMA_VERSION,
            stream: stream.to_string(),
            sequence: head.sequence + 1,
            at: whole_millisecond(self.at),
            actor: self.actor,
            action: self.action,
            outcome: self.outcome,
            request_id: self.request_id,
            grant_id: self.grant_id,
            entitlement: self.entitlement,
            authorization: self.authorization,
            source_address: self.source_address,
            invocation: self.invocation,
            detail: self.detail,
            previous: head.hash.clone(),
        };
        let bytes = canonical(&event);
        let hash = EventHash::of(&bytes);
        SealedEvent { event, canonical: String::from_utf8_lossy(&bytes).into_owned(), hash }
    }
}

fn milliseconds<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.3}"))
}

fn whole_millisecond(at: Timestamp) -> Timestamp {
    let second = whole_second(at);
    let millis = (at.as_nanosecond() - second.as_nanosecond()) / 1_000_000;
    Timestamp::from_millisecond(second.as_millisecond() + i64::try_from(millis).unwrap_or(0))
        .unwrap_or(second)
}

/// Why a stream does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("event {sequence} is missing or out of order")]
    Sequence { sequence: u64 },
    #[error("event {sequence} does not continue the one before it")]
    Chain { sequence: u64 },
    #[error("event {sequence} does not have the hash that is stored with it")]
    Content { sequence: u64 },
}

/// Recomputes a whole stream from its canonical texts and stored hashes, and returns its head.
pub fn verify<'a>(events: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Head, Broken> {
    events.into_iter().try_fold(Head::genesis(), |head, (text, stored)| {
        let sequence = head.sequence + 1;
        let event: AuditEvent = serde_json::from_str(text).map_err(|_| Broken::Content { sequence })?;
        let hash = EventHash::of(text.as_bytes());
        if event.sequence != sequence {
            return Err(Broken::Sequence { sequence });
        }
        if event.previous != head.hash {
            return Err(Broken::Chain { sequence });
        }
        if hash.as_str() != stored {
            return Err(Broken::Content { sequence });
        }
        Ok(Head { sequence, hash })
    })
}

impl Event {
    /// The audit's name for what happened.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Submitted => "request.submitted",
            Self::ApproversNotified { .. } => "request.approvers_notified",
            Self::ApprovalGiven { .. } => "request.approval_given",
            Self::Waited { turn } => match turn.kind {
                TurnKind::ReminderDue => "request.reminder_due",
                TurnKind::Escalated => "request.escalated",
                TurnKind::Skipped => "request.step_skipped",
            },
            Self::Approved { .. } => "request.approved",
            Self::Denied { .. } => "request.denied",
            Self::Cancelled => "request.cancelled",
            Self::Lapsed { .. } => "request.lapsed",
            Self::Refused { .. } => "request.action_refused",
            Self::SettledTold { .. } => "request.settled_told",
            Self::ReviewersTold { .. } => "review.reviewers_told",
            Self::Reviewed { .. } => "review.closed",
            Self::ReviewOverdue { .. } => "review.overdue",
            Self::Grant(event) => event.action(),
        }
    }

    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Refused { .. } => Outcome::Denied,
            Self::ReviewOverdue { .. }
            | Self::Grant(
                GrantEvent::RemovalFailed { .. }
                | GrantEvent::ActivationFailed { .. }
                | GrantEvent::RedatingFailed { .. }
                | GrantEvent::FoundAltered { .. }
                | GrantEvent::Forced { .. },
            ) => Outcome::Failure,
            _ => Outcome::Success,
        }
    }
}

impl GrantEvent {
    const fn action(&self) -> &'static str {
        match self {
            Self::ActivationStarted { .. } => "grant.activation_started",
            Self::Activated => "grant.activated",
            Self::Extended { .. } => "grant.extended",
            Self::RedatingStarted => "grant.redating_started",
            Self::Redated => "grant.redated",
            Self::RedatingFailed { .. } => "grant.redating_failed",
            Self::HandedOver { .. } => "grant.handed_over",
            Self::FoundAltered { .. } => "grant.found_altered",
            Self::CredentialRequested => "grant.credential_requested",
            Self::CredentialRevealed { .. } => "grant.credential_revealed",
            Self::SecretRevealed { .. } => "grant.secret_revealed",
            Self::AccountRevealed { .. } => "grant.account_revealed",
            Self::RemovalStarted { .. } => "grant.removal_started",
            Self::RemovalFailed { .. } => "grant.removal_failed",
            Self::RemovalRetried => "grant.removal_retried",
            Self::Ended { .. } | Self::EndedBeforeStart { .. } => "grant.ended",
            Self::ActivationFailed { .. } => "grant.activation_failed",
            Self::BlockLifted { .. } => "grant.block_lifted",
            Self::Forced { .. } => "grant.forced",
        }
    }
}
