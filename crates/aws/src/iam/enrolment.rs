//! Whether a target could take what is asked for: it wears the boundary, which no protected principal does, and has room.

use super::errors::{NO_SUCH_ENTITY, NOT_ENROLLED, classify};
use super::{Iam, ephemeral, policy};
use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata as _;
use percent_encoding::percent_decode_str;
use stint_app::ports::{Enrolment, ProviderError, Unfit};
use stint_domain::access::Access;
use stint_domain::entitlement::Permission;
use stint_domain::ids::{IamUserName, RoleArn};

/// What all inline policies of a user may have together, in characters without white space.
const ROOM: usize = 2_048;

/// Kept free for one more policy that takes something away.
const RESERVE: usize = 256;

impl Enrolment for Iam {
    async fn check(&self, access: &Access) -> Result<Result<(), Unfit>, ProviderError> {
        // Whoever looks for a requester may not enter other accounts: whoever gives finds out there.
        if access.account().is_some() {
            return Ok(Ok(()));
        }
        let iam = &self.accounts.own();
        match access {
            Access::IamUserElevation { user, permissions, .. } => {
                elevation(iam, &self.boundary(None)?, user, permissions).await
            }
            // Made for the grant, with a boundary and nothing else.
            Access::EphemeralIamUser { .. } => Ok(Ok(())),
            Access::RoleSession { role, .. } => sessions(iam, &self.boundary(None)?, role).await,
            Access::Checkout { .. } | Access::Provided { .. } => Err(super::elsewhere()),
        }
    }
}

async fn elevation(
    iam: &Client,
    boundary: &str,
    user: &IamUserName,
    permissions: &[Permission],
) -> Result<Result<(), Unfit>, ProviderError> {
    let found = match iam.get_user().user_name(user.as_str()).send().await {
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => return Ok(Err(Unfit::NotEnrolled)),
        found => found.map_err(|error| classify(error, NOT_ENROLLED))?.user,
    };
    let worn = found.as_ref().and_then(|user| user.permissions_boundary()?.permissions_boundary_arn());
    let made_by_stint = found.as_ref().is_some_and(|user| user.path() == ephemeral::PATH);
    if made_by_stint || worn != Some(boundary) {
        return Ok(Err(Unfit::NotEnrolled));
    }
    let wanted = policy::size(permissions)? + RESERVE;
    Ok(if taken(iam, user).await? + wanted > ROOM { Err(Unfit::NoRoom) } else { Ok(()) })
}

async fn taken(iam: &Client, user: &IamUserName) -> Result<usize, ProviderError> {
    let names = iam.list_user_policies().user_name(user.as_str()).into_paginator().items().send();
    let names = names.collect::<Result<Vec<_>, _>>().await.map_err(|error| classify(error, NOT_ENROLLED))?;
    let mut taken = 0;
    for name in names {
        let get = iam.get_user_policy().user_name(user.as_str()).policy_name(name).send().await;
        match get {
            Err(error) if error.code() == Some(NO_SUCH_ENTITY) => {}
            get => taken += length(&get.map_err(|error| classify(error, NOT_ENROLLED))?.policy_document),
        }
    }
    Ok(taken)
}

/// As IAM counts: without white space. Documents come percent-encoded.
fn length(document: &str) -> usize {
    percent_decode_str(document).decode_utf8_lossy().chars().filter(|c| !c.is_whitespace()).count()
}

async fn sessions(iam: &Client, boundary: &str, role: &RoleArn) -> Result<Result<(), Unfit>, ProviderError> {
    let found = match iam.get_role().role_name(role.role_name()).send().await {
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => return Ok(Err(Unfit::NotEnrolled)),
        found => found.map_err(|error| classify(error, NOT_ENROLLED))?.role,
    };
    let worn = found.as_ref().and_then(|role| role.permissions_boundary()?.permissions_boundary_arn());
    let same = found.as_ref().is_some_and(|found| found.arn() == role.as_str());
    Ok(if same && worn == Some(boundary) { Ok(()) } else { Err(Unfit::NotEnrolled) })
}
