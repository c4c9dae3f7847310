//! An IAM user of the grant's own, under `/stint/`: made with the boundary and a dated policy, removed with everything
//! that it can have.
//!
//! Guards: a user that is not this grant's, or that wears another boundary, is refused; it has no key until its holder
//! asks for one (`credentials`).

use super::errors::{NO_SUCH_ENTITY, NOT_ENROLLED, REMOVAL_DENIED, classify, gone_or_taken, refused};
use super::{leftovers, policy};
use aws_sdk_iam::Client;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::types::{Tag, User};
use jiff::Timestamp;
use stint_app::ports::{Artefact, ProviderError, Sighting};
use stint_domain::grant::{Evidence, Receipt};
use stint_domain::ids::GrantId;

pub(super) const PATH: &str = "/stint/";

pub(super) async fn activate(iam: &Client, boundary: &str, artefact: &Artefact) -> Result<(), ProviderError> {
    let name = artefact.grant_id.artefact_name();
    create(iam, boundary, artefact.grant_id).await?;
    let put = iam.put_user_policy().user_name(&name).policy_name(&name);
    let put = put.policy_document(policy::allow(artefact)?);
    put.send().await.map(drop).map_err(just_made)
}

async fn create(iam: &Client, boundary: &str, grant: GrantId) -> Result<(), ProviderError> {
    let tag = Tag::builder().key(policy::GRANT_TAG).value(grant.to_string()).build();
    let tag = tag.map_err(|cause| refused("its tag cannot be written", cause))?;
    let create = iam.create_user().path(PATH).user_name(grant.artefact_name());
    let user = match create.permissions_boundary(boundary).tags(tag).send().await {
        Ok(made) => made.user,
        Err(error) if error.code() == Some("EntityAlreadyExists") => {
            let get = iam.get_user().user_name(grant.artefact_name()).send().await;
            get.map_err(just_made)?.user
        }
        Err(error) => return Err(classify(error, NOT_ENROLLED)),
    };
    match user {
        Some(user) if is_own(&user, boundary, grant) => Ok(()),
        _ => Err(refused("the IAM user is not as Stint makes it", NotAsMade)),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("another path, tag or boundary")]
struct NotAsMade;

/// IAM answers a creation with what it made, but leaves the tags out of some answers: then the name and path say it.
fn is_own(user: &User, boundary: &str, grant: GrantId) -> bool {
    let worn = user.permissions_boundary().and_then(|worn| worn.permissions_boundary_arn());
    let other = |tag: &Tag| tag.key() == policy::GRANT_TAG && tag.value() != grant.to_string();
    user.path() == PATH && worn == Some(boundary) && !user.tags().iter().any(other)
}

/// IAM may not know yet, everywhere, what it has just made.
fn just_made<E, R>(error: SdkError<E, R>) -> ProviderError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    if error.code() == Some(NO_SUCH_ENTITY) {
        ProviderError::Unavailable(Box::new(error))
    } else {
        classify(error, NOT_ENROLLED)
    }
}

/// The policy first, without which the user can do nothing; then what a user of Stint's usually has; and only if IAM
/// says that there is more, everything that a user can have.
pub(super) async fn deactivate(iam: &Client, artefact: &Artefact) -> Result<(), ProviderError> {
    let name = artefact.grant_id.artefact_name();
    gone_or_taken(iam.delete_user_policy().user_name(&name).policy_name(&name).send().await)?;
    leftovers::access_keys(iam, &name).await?;
    match iam.delete_user().user_name(&name).send().await {
        Err(error) if error.code() == Some("DeleteConflict") => {
            leftovers::everything(iam, &name).await?;
            gone_or_taken(iam.delete_user().user_name(&name).send().await)
        }
        answer => gone_or_taken(answer),
    }
}

pub(super) async fn look(
    iam: &Client,
    artefact: &Artefact,
    now: Timestamp,
) -> Result<Sighting, ProviderError> {
    let name = artefact.grant_id.artefact_name();
    let looked_at = format!("iam:GetUser {name}");
    match iam.get_user().user_name(name).send().await {
        Ok(_) => Ok(Sighting::StillThere { looked_at }),
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => {
            let receipt = Receipt { looked_at, answered: NO_SUCH_ENTITY.to_owned(), at: now };
            Ok(Sighting::Over(Evidence::Gone(receipt)))
        }
        Err(error) => Err(classify(error, REMOVAL_DENIED)),
    }
}
