//! Exactly what was asked, and therefore exactly what may be granted.
//!
//! Guards I2: an approval is bound to the scope's hash, and whoever grants computes it again from what is stored.

use crate::access::Access;
use crate::approval::ApprovalRule;
use crate::duration::AccessDuration;
use crate::ids::{EntitlementId, GrantId, PrincipalId, RequestId};
use crate::justification::{Justification, Ticket};
use crate::principal::Origin;
use crate::review::ReviewTerms;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The whole of a request's meaning. Every field is under the hash: what is not in here cannot be granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    pub request_id: RequestId,
    pub requester: PrincipalId,
    pub entitlement: EntitlementId,
    /// Written as `target` and `access`.
    #[serde(flatten)]
    pub access: Access,
    pub duration: AccessDuration,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub starts_at: Option<Timestamp>,
    /// Not a grant of its own, but `duration` more for this one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extends: Option<RequestId>,
    /// Had at once, without anybody's yes, on condition of a review.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub break_glass: Option<ReviewTerms>,
    /// Whose yes it takes. Left out where one person is enough, as it always was.
    #[serde(default, skip_serializing_if = "ApprovalRule::is_default")]
    pub rule: ApprovalRule,
    pub justification: Justification,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ticket: Option<Ticket>,
    /// From where it was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<Origin>,
    /// The policy bundle under which it was asked.
    pub policy_version: String,
}

/// SHA-256 over the scope's canonical JSON (RFC 8785), in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeHash(String);

impl ScopeHash {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Scope {
    /// The grant whose artefact this is about: its own, or the one that it extends.
    #[must_use]
    pub fn artefact_of(&self) -> GrantId {
        self.extends.unwrap_or(self.request_id).grant_id()
    }

    #[must_use]
    pub fn hash(&self) -> ScopeHash {
        ScopeHash(hex(&Sha256::digest(canonical(self))))
    }
}

/// Canonical JSON by RFC 8785. Serialisation of our own types into memory cannot fail; should it ever, the empty
/// bytes hash to something that no stored value has.
pub(crate) fn canonical(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
