//! Where people decide: the page behind a mail link, `/approvals/{token}`, and the API's `approve` and `deny`.

use lambda_http::{Error, run};
use std::sync::Arc;
use stint_aws::directory::UserPool;
use stint_aws::dynamodb::{DynamoStore, Tables};
use stint_aws::issuer::{IssuersKeys, IssuersTokens};
use stint_aws::seals::SealKey;
use stint_aws::surroundings::Machine;
use stint_aws::workflow::StepFunctions;
use stint_edge::approvals::{Approvals, ApproveParts, router};
use stint_edge::config::{ApproveConfig, Config};
use stint_edge::csrf::FormGuard;
use stint_edge::directory::People;
use stint_edge::identity::TokenVerifier;
use stint_edge::sign_in::{Issuer, SignIn};
use stint_edge::telemetry;
use stint_policy::PolicyBundle;

/// The parts on AWS.
struct OnAws;

impl ApproveParts for OnAws {
    type Store = DynamoStore;
    type Directory = People<UserPool>;
    type Workflow = StepFunctions;
    type Sealer = SealKey;
    type Links = SealKey;
    type Surroundings = Machine;
    type Keys = IssuersKeys;
    type Exchange = IssuersTokens;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = ApproveConfig::from_env()?;
    let aws = stint_aws::client::from_environment()?;
    let keys = IssuersKeys::of(&config.issuer, config.user_pool_id.as_deref())?;
    let sign_in = config.sign_in.map(|at| {
        let issuer = Issuer { authorize_url: at.authorize_url, client_id: at.client_id };
        let tokens = IssuersTokens::at(at.token_url, config.user_pool_id.as_deref());
        tokens.map(|tokens| SignIn::new(issuer, &config.public_url, tokens))
    });
    let approvals: Approvals<OnAws> = Approvals {
        store: DynamoStore::new(&aws, Tables::named(&config.tables.grants, &config.tables.audit)?),
        directory: People::of(config.user_pool_id, |pool| UserPool::new(&aws, pool))?,
        workflow: StepFunctions::answering(&aws),
        sealer: SealKey::new(&aws, config.approval_key),
        links: SealKey::new(&aws, config.link_key),
        surroundings: Machine,
        tokens: TokenVerifier::new(keys, config.issuer, config.audience),
        policy: PolicyBundle::embedded()?,
        forms: FormGuard::new(&config.public_url),
        sign_in: sign_in.transpose()?,
    };
    run(router(Arc::new(approvals))).await
}
