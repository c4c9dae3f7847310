//! The policies that Stint writes, without white space: IAM counts their characters.

use super::errors::{UNACCEPTABLE, refused};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use stint_app::ports::{Artefact, ProviderError};
use stint_domain::entitlement::Permission;
use stint_domain::ids::GrantId;

/// The tag of a session, and of a user, that says which grant it is of.
pub(super) const GRANT_TAG: &str = "stint-grant";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: &'static str,
    action: BTreeSet<String>,
    resource: BTreeSet<String>,
    condition: BTreeMap<&'static str, BTreeMap<String, String>>,
}

/// What was approved, and an end to it.
pub(super) fn allow(artefact: &Artefact) -> Result<String, ProviderError> {
    dated(artefact.access.permissions(), &artefact.window.ends_at().to_string())
}

/// How many characters of an IAM user's room a grant of these takes.
pub(super) fn size(permissions: &[Permission]) -> Result<usize, ProviderError> {
    dated(permissions, "2026-11-22T10:00:00Z").map(|document| document.chars().count())
}

fn dated(permissions: &[Permission], end: &str) -> Result<String, ProviderError> {
    let until = BTreeMap::from([("aws:CurrentTime".to_owned(), end.to_owned())]);
    let condition = BTreeMap::from([("DateLessThan", until)]);
    let statement = |permission: &Permission| Statement {
        effect: "Allow",
        action: permission.actions.clone(),
        resource: permission.resources.clone(),
        condition: condition.clone(),
    };
    rendered(permissions.iter().map(statement).collect())
}

/// Stops the sessions of one grant, and nobody else's.
pub(super) fn deny_sessions_of(grant: GrantId) -> Result<String, ProviderError> {
    let all = BTreeSet::from(["*".to_owned()]);
    let tag = (format!("aws:PrincipalTag/{GRANT_TAG}"), grant.to_string());
    let condition = BTreeMap::from([("StringEquals", BTreeMap::from([tag]))]);
    rendered(vec![Statement { effect: "Deny", action: all.clone(), resource: all, condition }])
}

fn rendered(statement: Vec<Statement>) -> Result<String, ProviderError> {
    serde_json::to_string(&Document { version: "2012-10-17", statement })
        .map_err(|cause| refused(UNACCEPTABLE, cause))
}
