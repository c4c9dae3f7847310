//! What in IAM carries the mark of a grant: users under Stint's path, and policies with a grant's name on whatever wears
//! the boundary.
//!
//! A page is small, since each user and role in it costs a call more, and IAM's rate is everybody's.

use super::errors::{NO_SUCH_ENTITY, NOT_ENROLLED, classify, refused};
use super::{Iam, altered, ephemeral};
use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata as _;
use aws_sdk_iam::types::PolicyUsageType;
use stint_app::ports::{Artefact, Inventory, Marked, Page, ProviderError};
use stint_domain::access::Access;
use stint_domain::ids::{GrantId, IamUserName, RoleArn};

/// How many users or roles one page looks at.
const PAGE: i32 = 20;

/// The two listings, one after the other.
const USERS: &str = "users";
const WEARERS: &str = "wearers";

impl Inventory for Iam {
    async fn marked(&self, cursor: Option<&str>) -> Result<Page<Marked>, ProviderError> {
        let iam = self.client.get();
        let (listing, marker) = cursor.and_then(|text| text.split_once(':')).unwrap_or((USERS, ""));
        let marker = (!marker.is_empty()).then(|| marker.to_owned());
        if listing == WEARERS {
            return wearers(iam, self.boundary()?, marker).await;
        }
        let mut page = users(iam, marker).await?;
        page.next = Some(page.next.unwrap_or_else(|| format!("{WEARERS}:")));
        Ok(page)
    }

    async fn altered(&self, artefact: &Artefact) -> Result<Option<String>, ProviderError> {
        let iam = self.client.get();
        match &artefact.access {
            Access::IamUserElevation { user, .. } => altered::policy_of(iam, user.as_str(), artefact).await,
            Access::EphemeralIamUser { .. } => altered::user_of(iam, self.boundary()?, artefact).await,
            // Nothing is made for a role's sessions until they are stopped.
            Access::RoleSession { .. } => Ok(None),
            Access::Checkout { .. } | Access::Provided { .. } => Err(super::elsewhere()),
        }
    }
}

async fn users(iam: &Client, marker: Option<String>) -> Result<Page<Marked>, ProviderError> {
    let list = iam.list_users().path_prefix(ephemeral::PATH).max_items(PAGE).set_marker(marker).send().await;
    let list = list.map_err(|error| classify(error, NOT_ENROLLED))?;
    let grants = list.users().iter().filter_map(|user| GrantId::of_artefact_name(user.user_name()));
    let marked = |grant_id| Marked { grant_id, access: Access::EphemeralIamUser { permissions: Vec::new() } };
    Ok(Page { items: grants.map(marked).collect(), next: next(USERS, list.is_truncated(), list.marker()) })
}

async fn wearers(
    iam: &Client,
    boundary: &str,
    marker: Option<String>,
) -> Result<Page<Marked>, ProviderError> {
    let list = iam.list_entities_for_policy().policy_arn(boundary).max_items(PAGE).set_marker(marker);
    let list = list.policy_usage_filter(PolicyUsageType::PermissionsBoundary).send().await;
    let list = list.map_err(|error| classify(error, NOT_ENROLLED))?;
    let mut items = Vec::new();
    for user in list.policy_users() {
        let name = user.user_name().unwrap_or_default();
        if GrantId::of_artefact_name(name).is_none() {
            items.extend(policies_of_user(iam, name).await?);
        }
    }
    for role in list.policy_roles() {
        items.extend(policies_of_role(iam, role.role_name().unwrap_or_default()).await?);
    }
    Ok(Page { items, next: next(WEARERS, list.is_truncated(), list.marker()) })
}

fn next(listing: &str, truncated: bool, marker: Option<&str>) -> Option<String> {
    marker.filter(|_| truncated).map(|marker| format!("{listing}:{marker}"))
}

async fn policies_of_user(iam: &Client, name: &str) -> Result<Vec<Marked>, ProviderError> {
    let names = iam.list_user_policies().user_name(name).into_paginator().items().send();
    let names = match names.collect::<Result<Vec<_>, _>>().await {
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => return Ok(Vec::new()),
        names => names.map_err(|error| classify(error, NOT_ENROLLED))?,
    };
    let user: IamUserName =
        name.parse().map_err(|bad| refused("IAM names a user in no way it should", bad))?;
    let access = || Access::IamUserElevation { user: user.clone(), permissions: Vec::new() };
    let grants = names.iter().filter_map(|name| GrantId::of_artefact_name(name));
    Ok(grants.map(|grant_id| Marked { grant_id, access: access() }).collect())
}

async fn policies_of_role(iam: &Client, name: &str) -> Result<Vec<Marked>, ProviderError> {
    let names = iam.list_role_policies().role_name(name).into_paginator().items().send();
    let names = match names.collect::<Result<Vec<_>, _>>().await {
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => return Ok(Vec::new()),
        names => names.map_err(|error| classify(error, NOT_ENROLLED))?,
    };
    let grants: Vec<_> = names.iter().filter_map(|name| GrantId::of_artefact_name(name)).collect();
    if grants.is_empty() {
        return Ok(Vec::new());
    }
    let found = iam.get_role().role_name(name).send().await;
    let Some(found) = found.map_err(|error| classify(error, NOT_ENROLLED))?.role else {
        return Ok(Vec::new());
    };
    let role: RoleArn =
        found.arn().parse().map_err(|bad| refused("IAM names a role in no way it should", bad))?;
    let marked = |grant_id: GrantId| Ok(Marked { grant_id, access: sessions(&role)? });
    grants.into_iter().map(marked).collect()
}

/// Whose sessions they were is not on the role, and makes no difference to taking its policy away.
fn sessions(role: &RoleArn) -> Result<Access, ProviderError> {
    let nobody = "nobody".parse().map_err(|bad| refused("a name that is none", bad))?;
    Ok(Access::RoleSession { role: role.clone(), source_identity: nobody, permissions: Vec::new() })
}
