//! Approval rules as the catalog writes them, where the owner of an entitlement may stand for a group.

use serde::Deserialize;
use std::collections::BTreeSet;
use std::num::NonZeroU8;
use stint_domain::BadInput;
use stint_domain::approval::{ApprovalRule, ApprovalStep, Escalation, NoRule};
use stint_domain::duration::AccessDuration;
use stint_domain::ids::GroupName;

/// Why a rule of the catalog is none.
#[derive(Debug, thiserror::Error)]
pub enum BadRule {
    #[error("a step asks the owner, and the entitlement names none")]
    NoOwner,
    #[error(transparent)]
    Impossible(#[from] NoRule),
    #[error(transparent)]
    Duration(#[from] BadInput),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepEntry {
    #[serde(default = "one")]
    need: NonZeroU8,
    #[serde(default)]
    groups: BTreeSet<GroupName>,
    #[serde(default)]
    manager: bool,
    #[serde(default)]
    owner: bool,
    remind_every: Option<String>,
    escalate: Option<EscalationEntry>,
    skip_after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EscalationEntry {
    after: String,
    groups: BTreeSet<GroupName>,
}

const fn one() -> NonZeroU8 {
    NonZeroU8::MIN
}

/// Without a step one person is enough whom policy lets.
pub(crate) fn rule(steps: &[StepEntry], owner: Option<&GroupName>) -> Result<ApprovalRule, BadRule> {
    if steps.is_empty() {
        return Ok(ApprovalRule::default());
    }
    let steps = steps.iter().map(|step| step.resolved(owner)).collect::<Result<Vec<_>, _>>()?;
    Ok(ApprovalRule::try_from(steps)?)
}

impl StepEntry {
    fn resolved(&self, owner: Option<&GroupName>) -> Result<ApprovalStep, BadRule> {
        let mut groups = self.groups.clone();
        if self.owner {
            groups.insert(owner.ok_or(BadRule::NoOwner)?.clone());
        }
        let length = |text: &Option<String>| text.as_deref().map(str::parse::<AccessDuration>).transpose();
        Ok(ApprovalStep {
            need: self.need,
            groups,
            manager: self.manager,
            remind_every: length(&self.remind_every)?,
            escalate: self.escalate.as_ref().map(EscalationEntry::resolved).transpose()?,
            skip_after: length(&self.skip_after)?,
        })
    }
}

impl EscalationEntry {
    fn resolved(&self) -> Result<Escalation, BadInput> {
        Ok(Escalation { after: self.after.parse()?, groups: self.groups.clone() })
    }
}
