//! A permission set on a target that may be requested: what it allows, for how long, and who is asked.

use crate::account::TargetAccount;
use crate::approval::ApprovalRule;
use crate::duration::AccessDuration;
use crate::hours::Zone;
use crate::ids::{EntitlementId, EnvironmentName, GroupName, IamUserName, RoleArn, SecretName};
use crate::provided::Provided;
use crate::review::BreakGlass;
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

/// How long, in seconds, a rotation may take before somebody is told. An estimate and not a promise: it is tried for
/// ever, and nobody else gets the credential before it is done.
pub const ROTATES_WITHIN_SECONDS: u32 = 90;

/// What is done at the target. Each kind carries its own data. Without an `account` it is Stint's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AccessKind {
    /// A dated inline policy on the requester's own enrolled IAM user.
    IamUserElevation {
        permissions: Vec<Permission>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<TargetAccount>,
    },
    /// An IAM user of its own, made for the grant.
    EphemeralIamUser {
        permissions: Vec<Permission>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<TargetAccount>,
    },
    /// Sessions of this role, narrowed to the permissions.
    RoleSession {
        role: RoleArn,
        permissions: Vec<Permission>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<TargetAccount>,
    },
    /// A vaulted credential, in one person's hands at a time, and rotated after every checkout.
    Checkout { secret: SecretName, login: VaultedLogin },
    /// Whatever a provider of the organisation's own gives.
    Provided(Provided),
}

/// What a vaulted credential opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum VaultedLogin {
    /// A role of a PostgreSQL server, which the secret names.
    Postgres,
    /// The access key of this user.
    IamUserKey { user: IamUserName },
}

impl AccessKind {
    #[must_use]
    pub fn permissions(&self) -> &[Permission] {
        match self {
            Self::IamUserElevation { permissions, .. }
            | Self::EphemeralIamUser { permissions, .. }
            | Self::RoleSession { permissions, .. } => permissions,
            // What it may do is the target's own business.
            Self::Checkout { .. } | Self::Provided(_) => &[],
        }
    }

    /// Where it is given, in the words of its kind: a role, a secret, or a provider's target. An IAM user is the requester's
    /// own or one that is not there yet.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::IamUserElevation { .. } | Self::EphemeralIamUser { .. } => None,
            Self::RoleSession { role, .. } => Some(role.as_str()),
            Self::Checkout { secret, .. } => Some(secret.as_str()),
            Self::Provided(provided) => Some(provided.target.as_str()),
        }
    }

    /// The account that it is given in, if that is not Stint's own.
    #[must_use]
    pub const fn account(&self) -> Option<&TargetAccount> {
        match self {
            Self::IamUserElevation { account, .. }
            | Self::EphemeralIamUser { account, .. }
            | Self::RoleSession { account, .. } => account.as_ref(),
            Self::Checkout { .. } | Self::Provided(_) => None,
        }
    }

    /// The name of the kind in the catalog and the API.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::IamUserElevation { .. } => "iam_user_elevation",
            Self::EphemeralIamUser { .. } => "ephemeral_iam_user",
            Self::RoleSession { .. } => "role_session",
            Self::Checkout { .. } => "checkout",
            Self::Provided(_) => "provided",
        }
    }

    /// How long, in seconds, access may outlive its end in the worst case: shown before anybody decides. The end of a
    /// window is exact, by the date in the policy; after an early end it takes IAM's propagation. What a service has
    /// handed out by itself (a database connection, a registry token) lives on for that service's own time.
    #[must_use]
    pub const fn max_overstay_seconds(&self) -> u32 {
        match self {
            Self::IamUserElevation { .. } | Self::EphemeralIamUser { .. } | Self::RoleSession { .. } => 60,
            // Nothing at the target is dated: the credential works until it has been rotated.
            Self::Checkout { .. } => ROTATES_WITHIN_SECONDS,
            Self::Provided(provided) => provided.max_overstay_seconds,
        }
    }

    /// Whether an early end reaches what is in use at that moment: the user's policy goes, the user goes, or a `Deny` on
    /// the grant's own sessions comes.
    #[must_use]
    pub const fn can_cut_live_sessions(&self) -> bool {
        match self {
            Self::IamUserElevation { .. } | Self::EphemeralIamUser { .. } | Self::RoleSession { .. } => true,
            // The rotation ends the login's connections, and denies the sessions of the old key.
            Self::Checkout { .. } => true,
            Self::Provided(provided) => provided.can_cut_live_sessions,
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
    /// Whose members are asked to decide, in whichever step; policy says which of them may.
    #[serde(default)]
    pub approvers: BTreeSet<GroupName>,
    /// How many of whom it takes, and in which order.
    #[serde(default, skip_serializing_if = "ApprovalRule::is_default")]
    pub approval: ApprovalRule,
    /// The group that answers for what is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<GroupName>,
    /// What it is part of, in the organisation's own word, such as `production`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentName>,
    /// Where the hours are counted that policies speak of.
    #[serde(default, skip_serializing_if = "Zone::is_utc")]
    pub zone: Zone,
    /// Left out where there is no way around asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<BreakGlass>,
}

impl Entitlement {
    /// Who answers for what was had without asking: nobody, where that cannot be.
    #[must_use]
    pub fn reviewers(&self) -> BTreeSet<GroupName> {
        self.break_glass.as_ref().map(|terms| terms.review.reviewers.clone()).unwrap_or_default()
    }
}
