//! Gives what was approved: called by the state machine, answers when access ends.

mod handler;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use stint_aws::dynamodb::{DynamoStore, Tables};
use stint_aws::iam::Iam;
use stint_aws::surroundings::Machine;
use stint_edge::config::{Config, GrantConfig};
use stint_edge::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = GrantConfig::from_env()?;
    let aws = stint_aws::client::from_environment()?;
    let tables = Tables::named(&config.tables.grants, &config.tables.audit)?;
    let (store, provider) = (DynamoStore::new(&aws, tables), Iam::giving(&aws, config.boundary));
    run(service_fn(|event: LambdaEvent<Value>| handler::handle(&store, &provider, &Machine, event.payload)))
        .await
}
