//! The page behind a mail link: `/approvals/{token}`.

use lambda_http::{Error, run};
use std::sync::Arc;
use stint_aws::directory::UserPool;
use stint_aws::dynamodb::{DynamoStore, Tables};
use stint_aws::surroundings::Machine;
use stint_aws::workflow::StepFunctions;
use stint_edge::approvals::{Approvals, router};
use stint_edge::config::{ApproveConfig, Config};
use stint_edge::csrf::FormGuard;
use stint_edge::telemetry;
use stint_policy::PolicyBundle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = ApproveConfig::from_env()?;
    let aws = stint_aws::client::from_environment()?;
    let approvals = Approvals {
        store: DynamoStore::new(&aws, Tables::named(&config.tables.grants, &config.tables.audit)?),
        directory: UserPool::new(&aws, config.user_pool_id),
        workflow: StepFunctions::answering(&aws),
        surroundings: Machine,
        policy: PolicyBundle::embedded()?,
        forms: FormGuard::new(&config.public_url),
    };
    run(router(Arc::new(approvals))).await
}
