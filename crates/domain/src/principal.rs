//! Who takes part: the person or service that the directory knows, and how somebody proved who they are.

use crate::ids::{GroupName, IamUserName, PrincipalId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What sort of principal the directory says it is. Policy treats them differently; the rest of Stint does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Employee,
    Contractor,
    Service,
}

impl Kind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::Contractor => "contractor",
            Self::Service => "service",
        }
    }
}

/// What the directory says about somebody now. Never taken from a request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PrincipalId,
    pub display_name: String,
    pub email: Option<String>,
    pub kind: Kind,
    pub groups: BTreeSet<GroupName>,
    /// The IAM user that elevations of this person apply to.
    pub iam_user: Option<IamUserName>,
}

/// How a caller proved who they are, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// A token of the identity provider.
    Token,
    /// Possession of a single-use link that was mailed to one approver.
    MailLink,
}
