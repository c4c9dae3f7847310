//! The fakes keep the same promises as the adapters: see the same suites in `tests/`, on the local cloud.

use stint_app::ports::Surroundings;
use stint_domain::access::Access;
use stint_test_support::contracts;
use stint_test_support::world::World;
use tokio::test;

#[test]
async fn ledger() {
    let world = World::default();
    contracts::a_ledger_commits_all_or_nothing(&world, world.now()).await;
    contracts::a_ledger_commits_two_changes_or_neither(&world, world.now()).await;
}

#[test]
async fn keys() {
    let world = World::default();
    contracts::idempotency_keys_stand_for_one_request(&world, world.now()).await;
}

#[test]
async fn links_tokens_leases() {
    let world = World::default();
    contracts::links_tokens_and_leases_are_taken_once(&world, world.now()).await;
}

#[test]
async fn register() {
    let world = World::default();
    contracts::a_register_lists_what_is_on_record(&world, world.now()).await;
}

#[test]
async fn audit_trail() {
    let world = World::default();
    contracts::an_audit_trail_gives_back_what_was_committed(&world, world.now()).await;
    contracts::a_stream_is_opened_once((&world, &world), world.now()).await;
}

#[test]
async fn provider() {
    let world = World::default();
    let user = |name: &str| name.parse().unwrap();
    let elevation =
        |name| Access::IamUserElevation { user: user(name), permissions: Vec::new(), account: None };
    let session = Access::RoleSession {
        role: "arn:aws:iam::000000000000:role/reader".parse().unwrap(),
        source_identity: "ana".parse().unwrap(),
        permissions: Vec::new(),
        account: None,
    };
    for access in
        [elevation("ana"), Access::EphemeralIamUser { permissions: Vec::new(), account: None }, session]
    {
        contracts::a_provider_gives_takes_and_tells_the_truth(&world, &access, world.now()).await;
    }
    contracts::a_provider_refuses_a_stranger_for_good(&world, &elevation("nobody"), world.now()).await;
}
