//! Ends access: called by the state machine at the end of a window, by the API when somebody is done, and by the event
//! bus when an execution did not end well.

mod handler;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use stint_aws::dynamodb::{DynamoStore, Tables};
use stint_aws::providers::Providers;
use stint_aws::surroundings::Machine;
use stint_edge::config::{Config, TaskConfig};
use stint_edge::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = TaskConfig::from_env()?;
    let aws = stint_aws::client::from_environment()?;
    let tables = Tables::named(&config.tables.grants, &config.tables.audit)?;
    let (store, provider) = (DynamoStore::new(&aws, tables), Providers::taking(&aws));
    run(service_fn(|event: LambdaEvent<Value>| handler::handle(&store, &provider, &Machine, event.payload)))
        .await
}
