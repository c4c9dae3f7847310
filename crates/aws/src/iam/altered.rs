//! What somebody else has changed about what Stint has made.
//!
//! Guards: a policy is compared by what it says and not by how it is spelt. It reports, and mends nothing.

use super::errors::{NO_SUCH_ENTITY, REMOVAL_DENIED, classify, refused};
use super::policy;
use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata as _;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use stint_app::ports::{Artefact, ProviderError};

/// The one policy of an elevation, at `user`.
pub(super) async fn policy_of(
    iam: &Client,
    user: &str,
    artefact: &Artefact,
) -> Result<Option<String>, ProviderError> {
    let name = artefact.grant_id.artefact_name();
    let found = match iam.get_user_policy().user_name(user).policy_name(&name).send().await {
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => {
            return Ok(Some(format!("the policy {name} of {user} is gone")));
        }
        found => found.map_err(|error| classify(error, REMOVAL_DENIED))?.policy_document,
    };
    let written = serde_json::from_str::<Value>(&policy::allow(artefact)?);
    let written = written.map_err(|cause| refused("a policy of Stint's own cannot be read", cause))?;
    let found = percent_decode_str(&found).decode_utf8_lossy();
    let same = serde_json::from_str::<Value>(&found).is_ok_and(|found| found == written);
    Ok((!same).then(|| format!("the policy {name} of {user} is not as it was written")))
}

/// A user of the grant's own has its one policy, its boundary, and nothing else that allows anything.
pub(super) async fn user_of(
    iam: &Client,
    boundary: &str,
    artefact: &Artefact,
) -> Result<Option<String>, ProviderError> {
    let name = artefact.grant_id.artefact_name();
    let found = match iam.get_user().user_name(&name).send().await {
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => {
            return Ok(Some(format!("the user {name} is gone")));
        }
        found => found.map_err(|error| classify(error, REMOVAL_DENIED))?.user,
    };
    let worn = found.as_ref().and_then(|user| user.permissions_boundary()?.permissions_boundary_arn());
    if worn != Some(boundary) {
        return Ok(Some(format!("the user {name} does not wear the boundary")));
    }
    if let Some(more) = more_policies(iam, &name).await? {
        return Ok(Some(format!("the user {name} has the policy {more} as well")));
    }
    policy_of(iam, &name, artefact).await
}

async fn more_policies(iam: &Client, name: &str) -> Result<Option<String>, ProviderError> {
    let inline = iam.list_user_policies().user_name(name).into_paginator().items().send();
    let inline = inline.collect::<Result<Vec<_>, _>>().await;
    let inline = inline.map_err(|error| classify(error, REMOVAL_DENIED))?;
    if let Some(more) = inline.into_iter().find(|policy| policy != name) {
        return Ok(Some(more));
    }
    let attached = iam.list_attached_user_policies().user_name(name).send().await;
    let attached = attached.map_err(|error| classify(error, REMOVAL_DENIED))?.attached_policies;
    Ok(attached.into_iter().flatten().find_map(|policy| policy.policy_arn))
}
