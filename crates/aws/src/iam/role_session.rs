//! Sessions of a role. Nothing is made at the role to give them: each carries its own narrowed and dated policy. An early
//! end leaves a `Deny` on the grant's sessions there, which stays as long as they might have.
//!
//! Guards: only a role that wears the boundary is used; the `Deny` concerns the sessions of its own grant alone.

use super::errors::{NO_SUCH_ENTITY, NOT_ENROLLED, REMOVAL_DENIED, classify, gone_or_taken, refused};
use super::policy;
use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata as _;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use stint_app::ports::{Artefact, ProviderError, Sighting};
use stint_domain::grant::{Evidence, Receipt};
use stint_domain::ids::RoleArn;

/// Looks whether sessions can be had when they are asked for.
pub(super) async fn activate(iam: &Client, boundary: &str, role: &RoleArn) -> Result<(), ProviderError> {
    let get = iam.get_role().role_name(role.role_name()).send().await;
    let found = get.map_err(|error| classify(error, NOT_ENROLLED))?.role;
    let worn = found.as_ref().and_then(|role| role.permissions_boundary()?.permissions_boundary_arn());
    let same = found.as_ref().is_some_and(|found| found.arn() == role.as_str());
    if same && worn == Some(boundary) { Ok(()) } else { Err(refused(NOT_ENROLLED, AnotherBoundary)) }
}

#[derive(Debug, thiserror::Error)]
#[error("the role does not wear the boundary")]
struct AnotherBoundary;

pub(super) async fn deactivate(
    iam: &Client,
    role: &RoleArn,
    artefact: &Artefact,
    now: Timestamp,
) -> Result<(), ProviderError> {
    let name = artefact.grant_id.artefact_name();
    let done = if artefact.window.is_over(now) {
        let delete = iam.delete_role_policy().role_name(role.role_name()).policy_name(name);
        gone_or_taken(delete.send().await)
    } else {
        let put = iam.put_role_policy().role_name(role.role_name()).policy_name(name);
        let put = put.policy_document(policy::deny_sessions_of(artefact.grant_id)?);
        gone_or_taken(put.send().await)
    };
    match done {
        // What is not there has no path and no boundary, so IAM denies it to whoever may touch targets alone. And a role
        // that is gone has no sessions that work.
        Err(ProviderError::Refused { .. }) if is_gone(iam, role).await? => Ok(()),
        done => done,
    }
}

pub(super) async fn look(
    iam: &Client,
    role: &RoleArn,
    artefact: &Artefact,
    now: Timestamp,
) -> Result<Sighting, ProviderError> {
    let name = artefact.grant_id.artefact_name();
    let looked_at = format!("iam:GetRolePolicy {}/{name}", role.role_name());
    let receipt =
        |answered: &str| Receipt { looked_at: looked_at.clone(), answered: answered.to_owned(), at: now };
    let found = match iam.get_role_policy().role_name(role.role_name()).policy_name(name).send().await {
        Ok(found) => Some(found.policy_document),
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => None,
        Err(_) if is_gone(iam, role).await? => None,
        Err(error) => return Err(classify(error, REMOVAL_DENIED)),
    };
    Ok(match (found, artefact.window.is_over(now)) {
        // Sessions end by the date in their own policy.
        (None, true) => Sighting::Over(Evidence::Gone(receipt(NO_SUCH_ENTITY))),
        (Some(document), false) if is_denying(&document, artefact)? => Sighting::Over(Evidence::Blocked {
            receipt: receipt("the Deny on this grant's sessions"),
            until: artefact.window.ends_at(),
        }),
        (None, false) if is_gone(iam, role).await? => {
            Sighting::Over(Evidence::Gone(receipt("there is no such role")))
        }
        _ => Sighting::StillThere { looked_at },
    })
}

async fn is_gone(iam: &Client, role: &RoleArn) -> Result<bool, ProviderError> {
    match iam.get_role().role_name(role.role_name()).send().await {
        Ok(_) => Ok(false),
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => Ok(true),
        Err(error) => Err(classify(error, REMOVAL_DENIED)),
    }
}

/// IAM gives documents back percent-encoded.
fn is_denying(document: &str, artefact: &Artefact) -> Result<bool, ProviderError> {
    let own = policy::deny_sessions_of(artefact.grant_id)?;
    Ok(percent_decode_str(document).decode_utf8_lossy() == own || document == own)
}
