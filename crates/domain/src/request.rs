//! An access request: what was asked, and what was decided about it.
//!
//! ```text
//! PENDING → APPROVED | DENIED | CANCELLED | LAPSED      (policy that approves at once approves on submission)
//! ```
//!
//! Guards: nobody decides on their own request; one decision, never changed; a grant exists only inside an
//! approval, and the approval holds for exactly the scope whose hash it names (I2). An approval may take several
//! people (see [`crate::approval`]); a denial takes one.

mod apply;
mod consulted;
mod decide;
mod waiting;

use crate::approval::{Consultation, Given, Turn};
use crate::grant::GrantState;
use crate::hours::Zone;
use crate::ids::PrincipalId;
use crate::justification::Comment;
use crate::narrowing::Narrowing;
use crate::principal::{Authentication, Origin};
use crate::review::Review;
use crate::scope::{Scope, ScopeHash};
use crate::seal::Seal;
use crate::transition::LapseReason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One consistency boundary: a request, the decision on it, and the grant that followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRequest {
    pub scope: Scope,
    /// For people's eyes only; who the requester is stands in the scope.
    pub requester_name: String,
    pub entitlement_title: String,
    pub submitted_at: Timestamp,
    pub decide_by: Timestamp,
    /// In which people are told times.
    #[serde(default, skip_serializing_if = "Zone::is_utc")]
    pub zone: Zone,
    /// Says nothing of what was asked for in the usual way.
    #[serde(default, skip_serializing_if = "Review::is_default")]
    pub review: Review,
    /// Who had a mail about it and did not decide, and has not been told yet that it is settled; nobody while it is not.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub untold: BTreeSet<PrincipalId>,
    pub state: RequestState,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RequestState {
    Pending(Consultation),
    Approved {
        /// The last one that was needed.
        approval: Box<Approval>,
        /// Those before it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        earlier: Vec<Given>,
        /// What waiting had led to before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        turns: Vec<Turn>,
        approved_at: Timestamp,
        grant: GrantState,
    },
    Denied {
        by: Decider,
        comment: Option<Comment>,
        at: Timestamp,
    },
    Cancelled {
        at: Timestamp,
    },
    Lapsed {
        because: LapseReason,
        at: Timestamp,
    },
}

/// One immutable yes, bound to what it was said to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: Decider,
    pub scope_hash: ScopeHash,
    pub comment: Option<Comment>,
    #[serde(default, skip_serializing_if = "Narrowing::is_none")]
    pub narrowing: Narrowing,
    /// A person's has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
}

impl Approval {
    /// Of everything, without a word, and not sealed yet.
    #[must_use]
    pub const fn of(by: Decider, scope_hash: ScopeHash) -> Self {
        Self {
            by,
            scope_hash,
            comment: None,
            narrowing: Narrowing { duration: None, actions: None },
            seal: None,
        }
    }
}

/// Who decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decider", rename_all = "snake_case")]
pub enum Decider {
    /// The policies named here approve at once.
    Policy { policies: BTreeSet<String> },
    Person {
        id: PrincipalId,
        name: String,
        authentication: Authentication,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<Origin>,
    },
}

impl Decider {
    #[must_use]
    pub fn is(&self, principal: &PrincipalId) -> bool {
        self.person() == Some(principal)
    }

    /// Somebody is one person, by whichever way they come.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.person().map_or(self == other, |id| other.is(id))
    }

    #[must_use]
    pub const fn person(&self) -> Option<&PrincipalId> {
        match self {
            Self::Policy { .. } => None,
            Self::Person { id, .. } => Some(id),
        }
    }

    /// For people's eyes.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Policy { .. } => "policy",
            Self::Person { name, .. } => name,
        }
    }
}

impl RequestState {
    /// Nobody has been asked yet.
    #[must_use]
    pub fn submitted() -> Self {
        Self::Pending(Consultation::default())
    }

    /// The state's name in the API, the audit and the docs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "PENDING",
            Self::Approved { .. } => "APPROVED",
            Self::Denied { .. } => "DENIED",
            Self::Cancelled { .. } => "CANCELLED",
            Self::Lapsed { .. } => "LAPSED",
        }
    }
}
impl AccessRequest {
    #[must_use]
    pub const fn grant(&self) -> Option<&GrantState> {
        match &self.state {
            RequestState::Approved { grant, .. } => Some(grant),
            _ => None,
        }
    }

    /// Nothing more will happen to it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match &self.state {
            RequestState::Pending(_) => false,
            _ if !self.untold.is_empty() => false,
            RequestState::Approved { grant, .. } => grant.is_final() && !self.awaits_review(),
            _ => true,
        }
    }
}
