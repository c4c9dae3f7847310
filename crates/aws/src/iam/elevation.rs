//! Elevation of an IAM user: one dated inline policy, named by the grant.

use super::errors::{NO_SUCH_ENTITY, NOT_ENROLLED, REMOVAL_DENIED, classify, gone_or_taken};
use super::policy;
use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata as _;
use jiff::Timestamp;
use stint_app::ports::{Artefact, ProviderError, Sighting};
use stint_domain::grant::{Evidence, Receipt};
use stint_domain::ids::IamUserName;

pub(super) async fn activate(
    iam: &Client,
    user: &IamUserName,
    artefact: &Artefact,
) -> Result<(), ProviderError> {
    let put = iam.put_user_policy().user_name(user.as_str());
    let put = put.policy_name(artefact.grant_id.artefact_name()).policy_document(policy::allow(artefact)?);
    put.send().await.map(drop).map_err(|error| classify(error, NOT_ENROLLED))
}

pub(super) async fn deactivate(
    iam: &Client,
    user: &IamUserName,
    artefact: &Artefact,
) -> Result<(), ProviderError> {
    let delete = iam.delete_user_policy().user_name(user.as_str());
    gone_or_taken(delete.policy_name(artefact.grant_id.artefact_name()).send().await)
}

pub(super) async fn look(
    iam: &Client,
    user: &IamUserName,
    artefact: &Artefact,
    now: Timestamp,
) -> Result<Sighting, ProviderError> {
    let policy = artefact.grant_id.artefact_name();
    let looked_at = format!("iam:GetUserPolicy {user}/{policy}");
    match iam.get_user_policy().user_name(user.as_str()).policy_name(policy).send().await {
        Ok(_) => Ok(Sighting::StillThere { looked_at }),
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => {
            let receipt = Receipt { looked_at, answered: NO_SUCH_ENTITY.to_owned(), at: now };
            Ok(Sighting::Over(Evidence::Gone(receipt)))
        }
        Err(error) => Err(classify(error, REMOVAL_DENIED)),
    }
}
