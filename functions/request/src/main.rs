//! The HTTP API: `/v1/*`.

use lambda_http::{Error, run};
use std::sync::Arc;
use stint_aws::directory::UserPool;
use stint_aws::dynamodb::{DynamoStore, Tables};
use stint_aws::functions::ExpireFunction;
use stint_aws::issuer::IssuersKeys;
use stint_aws::providers::Providers;
use stint_aws::surroundings::Machine;
use stint_aws::workflow::StepFunctions;
use stint_edge::api::{Api, Parts, router};
use stint_edge::config::{Config, RequestConfig, WorkloadConfig};
use stint_edge::directory::People;
use stint_edge::identity::{TokenVerifier, WorkloadVerifier};
use stint_edge::telemetry;
use stint_policy::{BadWorkloads, PolicyBundle, Workloads};

/// The API on AWS.
struct OnAws;

impl Parts for OnAws {
    type Store = DynamoStore;
    type Directory = People<UserPool>;
    type Targets = Providers;
    type Workflow = StepFunctions;
    type Expirer = ExpireFunction;
    type Surroundings = Machine;
    type Keys = IssuersKeys;
}

fn workloads(config: WorkloadConfig) -> Result<WorkloadVerifier<IssuersKeys>, BadWorkloads> {
    let keys = IssuersKeys::discovered(&config.issuer);
    Ok(WorkloadVerifier::new(keys, config.issuer, config.audience, Workloads::embedded()?))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = RequestConfig::from_env()?;
    let workloads = config.workloads.map(workloads).transpose()?;
    let aws = stint_aws::client::from_environment()?;
    let keys = IssuersKeys::of(&config.issuer, config.user_pool_id.as_deref())?;
    let api: Api<OnAws> = Api {
        store: DynamoStore::new(&aws, Tables::named(&config.tables.grants, &config.tables.audit)?),
        directory: People::of(config.user_pool_id, |pool| UserPool::new(&aws, pool))?,
        targets: Providers::within(&aws, config.boundary),
        workflow: StepFunctions::new(&aws, config.state_machine_arn.parse()?),
        expirer: ExpireFunction::new(&aws, config.expire_function),
        surroundings: Machine,
        tokens: TokenVerifier::new(keys, config.issuer, config.audience),
        workloads,
        policy: PolicyBundle::embedded()?,
    };
    run(router(Arc::new(api))).await
}
