//! Hands a credential to its holder: `POST /v1/grants/{id}/credentials`.

use lambda_http::{Error, run};
use std::sync::Arc;
use stint_aws::directory::UserPool;
use stint_aws::dynamodb::{DynamoStore, Tables};
use stint_aws::issuer::IssuersKeys;
use stint_aws::providers::Issuers;
use stint_aws::seals::SealKey;
use stint_aws::surroundings::Machine;
use stint_edge::api::credentials::{Reveal, RevealParts, router};
use stint_edge::config::{Config, RevealConfig, WorkloadConfig};
use stint_edge::directory::People;
use stint_edge::identity::{TokenVerifier, WorkloadVerifier};
use stint_edge::telemetry;
use stint_policy::{BadWorkloads, PolicyBundle, Workloads};

/// The parts on AWS.
struct OnAws;

impl RevealParts for OnAws {
    type Ledger = DynamoStore;
    type Directory = People<UserPool>;
    type Seals = SealKey;
    type Issuer = Issuers;
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
    let config = RevealConfig::from_env()?;
    let workloads = config.workloads.map(workloads).transpose()?;
    let aws = stint_aws::client::from_environment()?;
    let keys = IssuersKeys::of(&config.issuer, config.user_pool_id.as_deref())?;
    let reveal: Reveal<OnAws> = Reveal {
        ledger: DynamoStore::new(&aws, Tables::named(&config.tables.grants, &config.tables.audit)?),
        directory: People::of(config.user_pool_id, |pool| UserPool::new(&aws, pool))?,
        seals: SealKey::new(&aws, config.approval_key),
        issuer: Issuers::new(&aws),
        surroundings: Machine,
        tokens: TokenVerifier::new(keys, config.issuer, config.audience),
        workloads,
        policy: PolicyBundle::embedded()?,
    };
    run(router(Arc::new(reveal))).await
}
