//! Gives what was approved: called by the state machine, answers when access ends.

mod handler;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use stint_aws::directory::UserPool;
use stint_aws::dynamodb::{DynamoStore, Tables};
use stint_aws::providers::Providers;
use stint_aws::seals::SealKey;
use stint_aws::surroundings::Machine;
use stint_edge::config::{Config, GrantConfig};
use stint_edge::directory::People;
use stint_edge::telemetry;
use stint_policy::PolicyBundle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = GrantConfig::from_env()?;
    let aws = stint_aws::client::from_environment()?;
    let tables = Tables::named(&config.tables.grants, &config.tables.audit)?;
    let deps = handler::Deps {
        store: DynamoStore::new(&aws, tables),
        provider: Providers::within(&aws, config.boundary),
        directory: People::of(config.user_pool_id, |pool| UserPool::new(&aws, pool))?,
        seals: SealKey::new(&aws, config.approval_key),
        surroundings: Machine,
        policy: PolicyBundle::embedded()?,
    };
    run(service_fn(|event: LambdaEvent<Value>| handler::handle(&deps, event.payload))).await
}
