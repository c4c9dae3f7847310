//! An example of a provider: switches a feature on for one person, for a while.
//!
//! The application looks into a table: a feature is on for whoever has an item under it whose `until` is still to come. So
//! it ends on time by itself, with all of Stint down. docs/providers.md goes through this file.

mod flags;

use aws_sdk_dynamodb::Client;
use flags::Flags;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use stint_provider::respond;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    stint_edge::telemetry::init();
    let features = std::env::var("FEATURES")?.split(',').map(str::to_owned).collect();
    let client = Client::new(&stint_aws::client::from_environment()?);
    let flags = Flags { client, table: std::env::var("TABLE")?, features };
    run(service_fn(|event: LambdaEvent<Value>| answer(&flags, event.payload))).await
}

async fn answer(flags: &Flags, event: Value) -> Result<Value, Error> {
    Ok(respond(flags, event).await?)
}
