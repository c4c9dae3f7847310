//! Who takes part: the person or service that the directory knows, and how somebody proved who they are.

use crate::hours::WorkingHours;
use crate::ids::{GroupName, IamUserName, PrincipalId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

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

/// On what terms somebody takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engagement {
    Employed,
    /// `None`: the directory does not say for whom and until when, which is enough for nothing.
    Contracted(Option<Contract>),
    Service,
}

/// What a contractor's part depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// Who answers for them.
    pub sponsor: PrincipalId,
    /// From then on they are not eligible for anything.
    pub ends_at: Timestamp,
}

impl Engagement {
    /// `contract` says nothing of anybody but a contractor.
    #[must_use]
    pub fn new(kind: Kind, contract: Option<Contract>) -> Self {
        match kind {
            Kind::Employee => Self::Employed,
            Kind::Contractor => Self::Contracted(contract),
            Kind::Service => Self::Service,
        }
    }

    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Employed => Kind::Employee,
            Self::Contracted(_) => Kind::Contractor,
            Self::Service => Kind::Service,
        }
    }

    #[must_use]
    pub const fn contract(&self) -> Option<&Contract> {
        match self {
            Self::Contracted(Some(contract)) => Some(contract),
            _ => None,
        }
    }
}

/// What the directory says about somebody now. Never taken from a request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PrincipalId,
    pub display_name: String,
    pub email: Option<String>,
    pub engagement: Engagement,
    pub groups: BTreeSet<GroupName>,
    pub department: Option<String>,
    /// Whom they report to.
    pub manager: Option<PrincipalId>,
    /// Left out, nobody has said when they work.
    pub working_hours: Option<WorkingHours>,
    /// The IAM user that elevations of this person apply to.
    pub iam_user: Option<IamUserName>,
}

impl Person {
    /// Whether both are accounts of one human, as far as the directory shows it: the same id, mailbox or IAM user.
    #[must_use]
    pub fn is_same_human(&self, other: &Self) -> bool {
        let shared = |one: Option<String>, two: Option<String>| one.is_some() && one == two;
        self.id == other.id
            || shared(self.mailbox(), other.mailbox())
            || (self.iam_user.is_some() && self.iam_user == other.iam_user)
    }

    /// Where mail to them arrives: letters are large or small alike, and what follows a `+` sorts it.
    fn mailbox(&self) -> Option<String> {
        let address = self.email.as_deref()?.trim().to_lowercase();
        let (name, domain) = address.rsplit_once('@')?;
        let name = name.split_once('+').map_or(name, |(name, _)| name);
        Some(format!("{name}@{domain}"))
    }
}

/// From where somebody asks or decides, and whether their token says that they have proved who they are by a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub address: IpAddr,
    pub mfa: bool,
}

impl Origin {
    /// Of somebody who acts, or has acted, and of whom nothing more is known: no place that a policy could mean, and one
    /// factor.
    pub const UNKNOWN: Self = Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), mfa: false };
}

/// How a caller proved who they are, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// A token of the identity provider.
    Token,
    /// Possession of a single-use link that was mailed to one approver.
    MailLink,
    /// Such a link, and a token of the identity provider that whoever it was mailed to has got for it.
    MailLinkSignedIn,
}

impl Authentication {
    /// By more than what is in a mail.
    #[must_use]
    pub const fn is_signed_in(self) -> bool {
        match self {
            Self::Token | Self::MailLinkSignedIn => true,
            Self::MailLink => false,
        }
    }
}
