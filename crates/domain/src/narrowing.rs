//! What an approver takes away from what was asked: time, or actions.
//!
//! Guards: nobody gets more by an approval than was asked, nor than an earlier one has left.

use crate::access::Access;
use crate::duration::AccessDuration;
use crate::request::AccessRequest;
use crate::transition::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is left, where something is taken away.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narrowing {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<AccessDuration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<BTreeSet<String>>,
}

impl Narrowing {
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.duration.is_none() && self.actions.is_none()
    }
}

/// What a request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    pub duration: AccessDuration,
    pub access: Access,
}

impl Allowance {
    fn narrowed(self, by: &Narrowing) -> Self {
        let duration = by.duration.map_or(self.duration, |shorter| shorter.min(self.duration));
        let access = match &by.actions {
            Some(actions) => self.access.narrowed(actions),
            None => self.access,
        };
        Self { duration, access }
    }
}

impl AccessRequest {
    /// What is left of what was asked, after everybody who has approved so far.
    #[must_use]
    pub fn allowance(&self) -> Allowance {
        let asked = Allowance { duration: self.scope.duration, access: self.scope.access.clone() };
        self.approvals().fold(asked, |left, approval| left.narrowed(&approval.narrowing))
    }

    /// An extension has no actions of its own.
    pub(crate) fn can_be_narrowed(&self, by: &Narrowing) -> Result<(), Refusal> {
        let left = self.allowance();
        if by.duration.is_some_and(|duration| duration > left.duration) {
            return Err(Refusal::Widens { field: "duration" });
        }
        let Some(actions) = &by.actions else { return Ok(()) };
        let there = left.access.actions();
        let fewer = !actions.is_empty() && actions.iter().all(|action| there.contains(action.as_str()));
        if fewer && self.scope.extends.is_none() { Ok(()) } else { Err(Refusal::Widens { field: "actions" }) }
    }
}
