//! The catalog as it is written in its file, where durations are text for people.

use crate::approval::{StepEntry, rule};
use crate::break_glass::BreakGlassEntry;
use crate::bundle::BundleError;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use stint_domain::BadInput;
use stint_domain::approval::ApprovalRule;
use stint_domain::duration::AccessDuration;
use stint_domain::entitlement::{AccessKind, Entitlement, Risk};
use stint_domain::hours::Zone;
use stint_domain::ids::{EntitlementId, EnvironmentName, GroupName};

pub(crate) type Catalog = BTreeMap<EntitlementId, Entitlement>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogFile {
    entitlement: Vec<Entry>,
}

/// An [`Entitlement`], but for its durations.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: EntitlementId,
    title: String,
    description: String,
    risk: Risk,
    access: AccessKind,
    max_duration: String,
    decide_within: String,
    #[serde(default)]
    requesters: BTreeSet<GroupName>,
    #[serde(default)]
    approvers: BTreeSet<GroupName>,
    owner: Option<GroupName>,
    environment: Option<EnvironmentName>,
    #[serde(default)]
    zone: Zone,
    #[serde(default)]
    approval: Vec<StepEntry>,
    break_glass: Option<BreakGlassEntry>,
}

/// Reads the JSON that the build script makes of the file.
pub(crate) fn parse(json: &str) -> Result<Catalog, BundleError> {
    let file: CatalogFile = serde_json::from_str(json).map_err(BundleError::Catalog)?;
    let mut catalog = Catalog::new();
    for mut entry in file.entitlement {
        let id = entry.id.clone();
        let owner = entry.owner.clone();
        let break_glass = entry.break_glass.take();
        let approval = rule(&entry.approval, owner.as_ref())
            .map_err(|source| BundleError::Approval { id: id.clone(), source })?;
        let mut entitlement =
            entry.read(approval).map_err(|source| BundleError::Duration { id: id.clone(), source })?;
        entitlement.break_glass = break_glass
            .map(|entry| entry.read(entitlement.max_duration))
            .transpose()
            .map_err(|source| BundleError::BreakGlass { id: id.clone(), source })?;
        one_account(&entitlement).map_err(|source| BundleError::Account { id: id.clone(), source })?;
        if catalog.insert(id.clone(), entitlement).is_some() {
            return Err(BundleError::DuplicateEntitlement { id });
        }
    }
    Ok(catalog)
}

/// What no field can say by itself.
fn one_account(entitlement: &Entitlement) -> Result<(), BadInput> {
    match &entitlement.access {
        AccessKind::RoleSession { role, account: Some(account), .. } => account.holds(role),
        _ => Ok(()),
    }
}

impl Entry {
    fn read(self, approval: ApprovalRule) -> Result<Entitlement, BadInput> {
        Ok(Entitlement {
            max_duration: self.max_duration.parse::<AccessDuration>()?,
            decide_within: self.decide_within.parse::<AccessDuration>()?,
            id: self.id,
            title: self.title,
            description: self.description,
            risk: self.risk,
            access: self.access,
            requesters: self.requesters,
            approvers: approval.groups().cloned().chain(self.approvers).collect(),
            approval,
            owner: self.owner,
            environment: self.environment,
            zone: self.zone,
            break_glass: None,
        })
    }
}
