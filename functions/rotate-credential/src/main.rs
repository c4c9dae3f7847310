//! Rotates vaulted credentials: called by Secrets Manager for each step of a rotation, and by the state machine, which
//! waits until one has finished.

mod handler;
mod logins;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use logins::Logins;
use serde_json::Value;
use stint_aws::dynamodb::{DynamoStore, Tables};
use stint_aws::providers::Providers;
use stint_aws::surroundings::Machine;
use stint_aws::vault::SecretsVault;
use stint_aws::workflow::StepFunctions;
use stint_edge::config::{Config, TaskConfig};
use stint_edge::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = TaskConfig::from_env()?;
    let aws = stint_aws::client::from_environment()?;
    let deps = handler::Deps {
        store: DynamoStore::new(&aws, Tables::named(&config.tables.grants, &config.tables.audit)?),
        provider: Providers::taking(&aws),
        vault: SecretsVault::new(&aws),
        logins: Logins::new(&aws),
        workflow: StepFunctions::answering(&aws),
        surroundings: Machine,
    };
    run(service_fn(|event: LambdaEvent<Value>| handler::handle(&deps, event.payload))).await
}
