//! What exactly is given, and where: one kind of access with the place it applies to.
//!
//! Guards: a kind of access goes with its own kind of target, also when it is read back. In a stored scope and in the
//! audit it stands as two fields, `target` and `access`.

use crate::BadInput;
use crate::account::TargetAccount;
use crate::entitlement::{AccessKind, Permission, VaultedLogin};
use crate::ids::{GrantId, IamUserName, PrincipalId, RoleArn, SecretName, SourceIdentity};
use crate::principal::Person;
use crate::provided::Provided;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Fields", try_from = "Fields")]
pub enum Access {
    /// A dated inline policy on the requester's own enrolled IAM user. They use the key they have.
    IamUserElevation { user: IamUserName, permissions: Vec<Permission>, account: Option<TargetAccount> },
    /// An IAM user that is made for the grant, named by it, and removed with it.
    EphemeralIamUser { permissions: Vec<Permission>, account: Option<TargetAccount> },
    /// Sessions of a role, narrowed and dated, for at most an hour each.
    RoleSession {
        role: RoleArn,
        source_identity: SourceIdentity,
        permissions: Vec<Permission>,
        account: Option<TargetAccount>,
    },
    /// A vaulted credential. The secret itself says where it opens something.
    Checkout { secret: SecretName, login: VaultedLogin },
    /// What a provider of the organisation's own gives to this person.
    Provided { provided: Provided, principal: PrincipalId },
}

#[derive(Serialize, Deserialize)]
struct Fields {
    target: Target,
    access: AccessKind,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Target {
    IamUser { name: IamUserName },
    EphemeralIamUser,
    RoleSession { source_identity: SourceIdentity },
    Vault,
    Provider { principal: PrincipalId },
}

impl From<Access> for Fields {
    fn from(access: Access) -> Self {
        match access {
            Access::IamUserElevation { user, permissions, account } => Self {
                target: Target::IamUser { name: user },
                access: AccessKind::IamUserElevation { permissions, account },
            },
            Access::EphemeralIamUser { permissions, account } => Self {
                target: Target::EphemeralIamUser,
                access: AccessKind::EphemeralIamUser { permissions, account },
            },
            Access::RoleSession { role, source_identity, permissions, account } => Self {
                target: Target::RoleSession { source_identity },
                access: AccessKind::RoleSession { role, permissions, account },
            },
            Access::Checkout { secret, login } => {
                Self { target: Target::Vault, access: AccessKind::Checkout { secret, login } }
            }
            Access::Provided { provided, principal } => {
                Self { target: Target::Provider { principal }, access: AccessKind::Provided(provided) }
            }
        }
    }
}

impl TryFrom<Fields> for Access {
    type Error = BadInput;
    fn try_from(fields: Fields) -> Result<Self, BadInput> {
        match (fields.target, fields.access) {
            (Target::IamUser { name }, AccessKind::IamUserElevation { permissions, account }) => {
                Ok(Self::IamUserElevation { user: name, permissions, account })
            }
            (Target::EphemeralIamUser, AccessKind::EphemeralIamUser { permissions, account }) => {
                Ok(Self::EphemeralIamUser { permissions, account })
            }
            (
                Target::RoleSession { source_identity },
                AccessKind::RoleSession { role, permissions, account },
            ) => Ok(Self::RoleSession { role, source_identity, permissions, account }),
            (Target::Vault, AccessKind::Checkout { secret, login }) => Ok(Self::Checkout { secret, login }),
            (Target::Provider { principal }, AccessKind::Provided(provided)) => {
                Ok(Self::Provided { provided, principal })
            }
            _ => Err(BadInput::new("target", "must be of the kind that the access is for")),
        }
    }
}

/// The requester has no IAM user that could be elevated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the person has no enrolled IAM user")]
pub struct NotEnrolled;

impl AccessKind {
    /// This kind of access, for `person`.
    pub fn of(&self, person: &Person) -> Result<Access, NotEnrolled> {
        Ok(match self.clone() {
            Self::IamUserElevation { permissions, account } => {
                let user = person.iam_user.clone().ok_or(NotEnrolled)?;
                Access::IamUserElevation { user, permissions, account }
            }
            Self::EphemeralIamUser { permissions, account } => {
                Access::EphemeralIamUser { permissions, account }
            }
            Self::RoleSession { role, permissions, account } => {
                let source_identity = SourceIdentity::of(&person.id);
                Access::RoleSession { role, source_identity, permissions, account }
            }
            Self::Checkout { secret, login } => Access::Checkout { secret, login },
            Self::Provided(provided) => Access::Provided { provided, principal: person.id.clone() },
        })
    }
}

impl Access {
    #[must_use]
    pub fn permissions(&self) -> &[Permission] {
        match self {
            Self::IamUserElevation { permissions, .. }
            | Self::EphemeralIamUser { permissions, .. }
            | Self::RoleSession { permissions, .. } => permissions,
            Self::Checkout { .. } | Self::Provided { .. } => &[],
        }
    }

    /// What may be done, wherever.
    #[must_use]
    pub fn actions(&self) -> BTreeSet<&str> {
        self.permissions().iter().flat_map(|permission| &permission.actions).map(String::as_str).collect()
    }

    /// With no other actions than these.
    #[must_use]
    pub fn narrowed(mut self, to: &BTreeSet<String>) -> Self {
        if let Self::IamUserElevation { permissions, .. }
        | Self::EphemeralIamUser { permissions, .. }
        | Self::RoleSession { permissions, .. } = &mut self
        {
            for permission in permissions.iter_mut() {
                permission.actions.retain(|action| to.contains(action));
            }
            permissions.retain(|permission| !permission.actions.is_empty());
        }
        self
    }

    /// Whether it is `whole`, or the same with less to be done.
    #[must_use]
    pub fn is_within(&self, whole: &Self) -> bool {
        let covered = |one: &Permission| {
            let covers = |all: &Permission| {
                one.actions.is_subset(&all.actions) && one.resources.is_subset(&all.resources)
            };
            whole.permissions().iter().any(covers)
        };
        self.permissions().iter().all(covered) && self.clone().permitting(whole.permissions()) == *whole
    }

    fn permitting(mut self, instead: &[Permission]) -> Self {
        if let Self::IamUserElevation { permissions, .. }
        | Self::EphemeralIamUser { permissions, .. }
        | Self::RoleSession { permissions, .. } = &mut self
        {
            *permissions = instead.to_vec();
        }
        self
    }

    /// What it is in the catalog, without the place.
    #[must_use]
    pub fn kind(&self) -> AccessKind {
        Fields::from(self.clone()).access
    }

    /// Whether its holder has to be handed something to use it with.
    #[must_use]
    pub const fn has_credential(&self) -> bool {
        match self {
            Self::IamUserElevation { .. } => false,
            Self::EphemeralIamUser { .. } | Self::RoleSession { .. } | Self::Checkout { .. } => true,
            Self::Provided { provided, .. } => provided.has_credential,
        }
    }

    /// The account that it is given in, if that is not Stint's own.
    #[must_use]
    pub const fn account(&self) -> Option<&TargetAccount> {
        match self {
            Self::IamUserElevation { account, .. }
            | Self::EphemeralIamUser { account, .. }
            | Self::RoleSession { account, .. } => account.as_ref(),
            Self::Checkout { .. } | Self::Provided { .. } => None,
        }
    }

    /// The same in this account, for what was found there.
    pub fn put_in(&mut self, found_in: Option<&TargetAccount>) {
        match self {
            Self::IamUserElevation { account, .. }
            | Self::EphemeralIamUser { account, .. }
            | Self::RoleSession { account, .. } => *account = found_in.cloned(),
            Self::Checkout { .. } | Self::Provided { .. } => {}
        }
    }

    /// Where access is given, for people's eyes.
    #[must_use]
    pub fn place(&self, grant: GrantId) -> String {
        let place = self.place_in_its_account(grant);
        match self.account() {
            Some(account) => format!("{place} in account {}", account.id()),
            None => place,
        }
    }

    fn place_in_its_account(&self, grant: GrantId) -> String {
        match self {
            Self::IamUserElevation { user, .. } => format!("IAM user {user}"),
            Self::EphemeralIamUser { .. } => format!("a new IAM user, {}", grant.artefact_name()),
            Self::RoleSession { role, .. } => format!("sessions of {role}"),
            Self::Checkout { secret, login: VaultedLogin::Postgres } => {
                format!("the database login {secret}")
            }
            Self::Checkout { login: VaultedLogin::IamUserKey { user }, .. } => {
                format!("the access key of IAM user {user}")
            }
            Self::Provided { provided, .. } => format!("{}, by {}", provided.target, provided.function),
        }
    }

    /// What proves one person's use of a role, if it is a role's.
    #[must_use]
    pub const fn source_identity(&self) -> Option<&SourceIdentity> {
        match self {
            Self::RoleSession { source_identity, .. } => Some(source_identity),
            Self::IamUserElevation { .. }
            | Self::EphemeralIamUser { .. }
            | Self::Checkout { .. }
            | Self::Provided { .. } => None,
        }
    }

    /// The credential that only one person may have at a time, if it is one.
    #[must_use]
    pub const fn vaulted(&self) -> Option<&SecretName> {
        match self {
            Self::Checkout { secret, .. } => Some(secret),
            Self::IamUserElevation { .. }
            | Self::EphemeralIamUser { .. }
            | Self::RoleSession { .. }
            | Self::Provided { .. } => None,
        }
    }

    /// What a provider of the organisation's own is told, if it is one's.
    #[must_use]
    pub const fn provided(&self) -> Option<(&Provided, &PrincipalId)> {
        match self {
            Self::Provided { provided, principal } => Some((provided, principal)),
            Self::IamUserElevation { .. }
            | Self::EphemeralIamUser { .. }
            | Self::RoleSession { .. }
            | Self::Checkout { .. } => None,
        }
    }
}

/// Whoever has it is this person, in CloudTrail and in conditions of policies.
impl SourceIdentity {
    /// The principal's own id where AWS allows its characters; otherwise one that follows from it.
    #[must_use]
    pub fn of(principal: &PrincipalId) -> Self {
        let id = principal.as_str();
        id.parse().unwrap_or_else(|_| Self::minted(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_kind_of_access_is_read_back_with_its_own_kind_of_target_only() {
        let user = json!({ "kind": "iam_user", "name": "ana" });
        let session = json!({ "kind": "role_session", "source_identity": "ana" });
        let elevation = json!({ "kind": "iam_user_elevation", "permissions": [] });
        let read = |target: &serde_json::Value| {
            serde_json::from_value::<Access>(json!({ "target": target, "access": elevation }))
        };
        assert!(read(&user).is_ok());
        assert!(read(&session).is_err());
    }

    #[test]
    fn an_account_is_read_back_and_what_has_none_is_written_as_ever() {
        let target = json!({ "kind": "ephemeral_iam_user" });
        let own = json!({ "target": target, "access": { "kind": "ephemeral_iam_user", "permissions": [] } });
        let mut other = own.clone();
        other["access"]["account"] = json!({
            "role": "arn:aws:iam::210987654321:role/stint/stint-account", "external_id": "stint-ops",
        });
        let grant = "grant-01980000000070008000000000000001".parse().unwrap();
        for (stored, account) in [(own, None), (other.clone(), Some("210987654321"))] {
            let access: Access = serde_json::from_value(stored.clone()).unwrap();
            assert_eq!(access.account().map(TargetAccount::id), account);
            assert_eq!(access.place(grant).ends_with("in account 210987654321"), account.is_some());
            assert_eq!(serde_json::to_value(&access).unwrap(), stored);
        }
        other["access"]["account"]["external_id"] = json!("a b");
        assert!(serde_json::from_value::<Access>(other).is_err());
    }

    #[test]
    fn what_a_provider_is_told_is_read_back_as_it_was_written() {
        let kind = json!({
            "kind": "provided", "function": "stint-provider-doors", "target": "front",
            "parameters": { "rooms": ["hall"], "floor": "1", "guests": 2, "lights": true },
            "has_credential": false, "can_cut_live_sessions": true, "max_overstay_seconds": 5,
        });
        let stored = json!({ "target": { "kind": "provider", "principal": "ana" }, "access": kind });
        let access: Access = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(serde_json::to_value(&access).unwrap(), stored);
        assert!(!access.has_credential() && access.kind().can_cut_live_sessions());
        assert_eq!(access.kind().max_overstay_seconds(), 5);
        for (field, wrong) in [("function", json!("stint-expire")), ("target", json!("")), ("more", json!(1))]
        {
            let mut kind = kind.clone();
            kind[field] = wrong;
            assert!(serde_json::from_value::<AccessKind>(kind).is_err(), "{field}");
        }
    }

    #[test]
    fn a_source_identity_keeps_to_what_sts_takes_and_to_one_person() {
        let of = |id: &str| SourceIdentity::of(&id.parse().unwrap()).to_string();
        assert_eq!(of("0c5e7f0a-0000-4000-8000-000000000001"), "0c5e7f0a-0000-4000-8000-000000000001");
        let minted = of("auth0|4711");
        assert_eq!(minted, of("auth0|4711"));
        assert_ne!(minted, of("auth0:4711"));
        assert!(minted.parse::<SourceIdentity>().is_ok(), "{minted}");
        assert!(of("a").parse::<SourceIdentity>().is_ok(), "STS wants two characters at least");
    }
}
