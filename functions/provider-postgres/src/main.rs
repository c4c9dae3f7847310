//! The provider of one-time roles in PostgreSQL: called by Stint, it may live in a VPC of its own.

mod outside;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use outside::OnAws;
use serde_json::Value;
use stint_edge::telemetry;
use stint_postgres::provider::OneTimeRoles;
use stint_provider::respond;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let aws = stint_aws::client::from_environment()?;
    let roles = OneTimeRoles::new(OnAws::new(&aws));
    run(service_fn(|event: LambdaEvent<Value>| answer(&roles, event.payload))).await
}

async fn answer(roles: &OneTimeRoles<OnAws>, event: Value) -> Result<Value, Error> {
    let answered = respond(roles, event).await;
    // Its text alone goes back to Stint; what is beneath it stays in this function's log.
    answered
        .inspect_err(|error| tracing::warn!(error = telemetry::chain(error), "not done"))
        .map_err(Error::from)
}
