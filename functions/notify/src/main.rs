//! Mails everybody who may decide: called by the state machine, which then waits for the answer.

mod handler;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use stint_aws::directory::UserPool;
use stint_aws::dynamodb::{DynamoStore, Tables};
use stint_aws::mailer::Ses;
use stint_aws::seals::SealKey;
use stint_aws::surroundings::Machine;
use stint_aws::workflow::StepFunctions;
use stint_edge::config::{Config, NotifyConfig};
use stint_edge::directory::People;
use stint_edge::telemetry;
use stint_policy::PolicyBundle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = NotifyConfig::from_env()?;
    let aws = stint_aws::client::from_environment()?;
    let deps = handler::Deps {
        store: DynamoStore::new(&aws, Tables::named(&config.tables.grants, &config.tables.audit)?),
        directory: People::of(config.user_pool_id, |pool| UserPool::new(&aws, pool))?,
        workflow: StepFunctions::answering(&aws),
        mailer: Ses::new(&aws, config.mail_from),
        sealer: SealKey::new(&aws, config.link_key),
        surroundings: Machine,
        policy: PolicyBundle::embedded()?,
        public_url: config.public_url,
    };
    run(service_fn(|event: LambdaEvent<Value>| handler::handle(&deps, event.payload))).await
}
