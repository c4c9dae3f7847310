//! A permission set on a target that may be requested: what it allows, for how long, and who is asked.

use crate::duration::AccessDuration;
use crate::ids::{EntitlementId, GroupName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How much harm the access could do. Policy decides what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    Low,
    High,
    Critical,
}

impl Risk {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One `Allow` of the policy that a grant writes: IAM actions on IAM resources, nothing wider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    pub actions: BTreeSet<String>,
    pub resources: BTreeSet<String>,
}

/// What is done at the target. Each kind carries its own data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AccessKind {
    /// A dated inline policy on the requester's own enrolled IAM user.
    IamUserElevation { permissions: Vec<Permission> },
}

impl AccessKind {
    /// How long, in seconds, access may outlive its end in the worst case: shown before anybody decides. The end of a
    /// window is exact, by the date in the policy; after an early end it takes IAM's propagation. What a service has
    /// handed out by itself (a database connection, a registry token) lives on for that service's own time.
    #[must_use]
    pub const fn max_overstay_seconds(&self) -> u32 {
        match self {
            Self::IamUserElevation { .. } => 60,
        }
    }
}

/// An entry of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entitlement {
    pub id: EntitlementId,
    pub title: String,
    pub description: String,
    pub risk: Risk,
    pub access: AccessKind,
    pub max_duration: AccessDuration,
    /// How long a request waits for a decision before it lapses.
    pub decide_within: AccessDuration,
    /// Whose members may ask; policy reads it, nothing else does.
    #[serde(default)]
    pub requesters: BTreeSet<GroupName>,
    /// Whose members are asked to decide; policy says which of them may.
    #[serde(default)]
    pub approvers: BTreeSet<GroupName>,
}
