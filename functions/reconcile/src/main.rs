//! Does what should have happened and has not: called by the clock, every minute.

mod handler;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use stint_aws::directory::UserPool;
use stint_aws::dynamodb::{DynamoStore, Tables};
use stint_aws::functions::NotifyFunction;
use stint_aws::providers::Providers;
use stint_aws::surroundings::Machine;
use stint_aws::workflow::StepFunctions;
use stint_edge::config::{Config, ReconcileConfig};
use stint_edge::directory::People;
use stint_edge::telemetry;
use stint_policy::PolicyBundle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = ReconcileConfig::from_env()?;
    let aws = stint_aws::client::from_environment()?;
    let policy = PolicyBundle::embedded()?;
    let deps = handler::Deps {
        store: DynamoStore::new(&aws, Tables::named(&config.tables.grants, &config.tables.audit)?),
        provider: Providers::within(&aws, config.boundary).also_in(policy.accounts()),
        workflow: StepFunctions::new(&aws, config.state_machine_arn.parse()?),
        notifier: NotifyFunction::new(&aws, config.notify_function),
        directory: People::of(config.user_pool_id, |pool| UserPool::new(&aws, pool))?,
        surroundings: Machine,
        policy,
    };
    // Whatever the schedule sends: there is nothing to choose.
    run(service_fn(|event: LambdaEvent<Value>| handler::handle(&deps, event.context.request_id))).await
}
