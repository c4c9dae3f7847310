//! The adapters keep the promises that the fakes keep: the same suites, on the local cloud.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up should stop")]

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use stint_app::ports::{
    Artefact, Directory, Enrolment, ExecutionStatus, Inventory, Provider, Surroundings, Unfit, Workflow,
    WorkflowError, WorkflowInput,
};
use stint_aws::directory::UserPool;
use stint_aws::dynamodb::{DynamoStore, Tables};
use stint_aws::iam::Iam;
use stint_aws::lambda_provider::LambdaProvider;
use stint_aws::surroundings::Machine;
use stint_aws::workflow::StepFunctions;
use stint_domain::access::Access;
use stint_domain::entitlement::Permission;
use stint_domain::provided::Provided;
use stint_domain::window::Window;
use stint_local::hooks::invoke;
use stint_local::stage::Stage;
use stint_provider::contract::{Sample, keeps_the_contract};
use stint_test_support::contracts;
use tokio::runtime::{Builder, Runtime};

/// As the account's administrator: what each function's own role may do is another matter, and another test.
fn config(stage: &Stage) -> impl std::ops::Deref<Target = aws_types::SdkConfig> + use<> {
    let url = stage.url().to_owned();
    Box::new(
        stint_aws::client::from_variables(|name| {
            Some(match name {
                "AWS_ENDPOINT_URL" => url.clone(),
                "AWS_REGION" => stint_local::cloud::REGION.to_owned(),
                "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "test".to_owned(),
                _ => return None,
            })
        })
        .unwrap(),
    )
}

fn store(stage: &Stage) -> DynamoStore {
    DynamoStore::new(&config(stage), Tables::named("stint-grants", "stint-audit").unwrap())
}

/// In whole milliseconds, as the audit keeps time.
fn now() -> Timestamp {
    Timestamp::from_millisecond(Machine.now().as_millisecond()).unwrap()
}

/// On one runtime, since all clients of a process share their connections, which end with the runtime that opened them.
fn run(suite: impl Future<Output = ()>) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().unwrap()).block_on(suite);
}

#[test]
fn a_ledger_commits_all_or_nothing() {
    run(contracts::a_ledger_commits_all_or_nothing(&store(Stage::shared().unwrap()), now()));
}

#[test]
fn a_ledger_commits_two_changes_or_neither() {
    run(contracts::a_ledger_commits_two_changes_or_neither(&store(Stage::shared().unwrap()), now()));
}

#[test]
fn idempotency_keys_stand_for_one_request() {
    run(contracts::idempotency_keys_stand_for_one_request(&store(Stage::shared().unwrap()), now()));
}

#[test]
fn links_tokens_and_leases_are_taken_once() {
    run(contracts::links_tokens_and_leases_are_taken_once(&store(Stage::shared().unwrap()), now()));
}

#[test]
fn a_register_lists_what_is_on_record() {
    run(contracts::a_register_lists_what_is_on_record(&store(Stage::shared().unwrap()), now()));
}

#[test]
fn an_audit_trail_gives_back_what_was_committed() {
    run(contracts::an_audit_trail_gives_back_what_was_committed(&store(Stage::shared().unwrap()), now()));
}

#[test]
fn a_stream_is_opened_once() {
    let (one, other) = (store(Stage::shared().unwrap()), store(Stage::shared().unwrap()));
    run(contracts::a_stream_is_opened_once((&one, &other), now()));
}

fn provider(stage: &Stage) -> Iam {
    Iam::within(&config(stage), stage.outputs.get("BoundaryArn").unwrap().to_owned())
}

fn permissions() -> Vec<Permission> {
    let set = |text: &str| [text.to_owned()].into();
    vec![Permission {
        actions: set("dynamodb:GetItem"),
        resources: set("arn:aws:dynamodb:*:*:table/payments"),
    }]
}

fn sessions_of(role: &str) -> Access {
    let role = format!("arn:aws:iam::000000000000:role/stint-target/{role}").parse().unwrap();
    let source_identity = "ana".parse().unwrap();
    Access::RoleSession { role, source_identity, permissions: permissions(), account: None }
}

#[test]
fn elevations_are_given_taken_and_told_the_truth_about() {
    let stage = Stage::shared().unwrap();
    let elevation = |user: &str| Access::IamUserElevation {
        user: user.parse().unwrap(),
        permissions: permissions(),
        account: None,
    };
    let (provider, enrolled) = (provider(stage), stage.another("ana").unwrap());
    let (known, stranger) = (elevation(&enrolled), elevation("nobody-at-all"));
    run(async {
        contracts::a_provider_gives_takes_and_tells_the_truth(&provider, &known, now()).await;
        contracts::a_provider_refuses_a_stranger_for_good(&provider, &stranger, now()).await;
    });
}

#[test]
fn users_of_a_grants_own_are_given_taken_and_told_the_truth_about() {
    let access = Access::EphemeralIamUser { permissions: permissions(), account: None };
    let provider = provider(Stage::shared().unwrap());
    run(contracts::a_provider_gives_takes_and_tells_the_truth(&provider, &access, now()));
}

#[test]
fn sessions_of_roles_are_given_taken_and_told_the_truth_about() {
    let provider = provider(Stage::shared().unwrap());
    let (known, stranger) = (sessions_of("incident-reader"), sessions_of("no-such-role"));
    run(async {
        contracts::a_provider_gives_takes_and_tells_the_truth(&provider, &known, now()).await;
        contracts::a_provider_refuses_a_stranger_for_good(&provider, &stranger, now()).await;
    });
}

fn provided(function: &str, target: &str) -> Access {
    let provided = Provided {
        function: function.parse().unwrap(),
        target: target.parse().unwrap(),
        parameters: BTreeMap::new(),
        has_credential: false,
        can_cut_live_sessions: true,
        max_overstay_seconds: 5,
    };
    Access::Provided { provided, principal: "ana".parse().unwrap() }
}

#[test]
fn what_a_provider_of_ones_own_gives_is_given_taken_and_told_the_truth_about() {
    const EXAMPLE: &str = "stint-provider-example";
    let provider = LambdaProvider::new(&config(Stage::shared().unwrap()));
    let (known, stranger) = (provided(EXAMPLE, "beta-search"), provided(EXAMPLE, "no-such-feature"));
    let nowhere = provided("stint-provider-nowhere", "beta-search");
    run(async {
        contracts::a_provider_gives_takes_and_tells_the_truth(&provider, &known, now()).await;
        contracts::a_provider_refuses_a_stranger_for_good(&provider, &stranger, now()).await;
        assert_eq!(provider.check(&known).await.unwrap(), Ok(()));
        assert_eq!(provider.check(&nowhere).await.unwrap(), Err(Unfit::NotEnrolled));
    });
}

/// As docs/providers.md has authors do it.
#[test]
fn the_example_of_a_provider_keeps_the_contract_where_it_is_deployed() {
    let stage = Stage::shared().unwrap();
    let sample = Sample {
        target: "beta-search".to_owned(),
        stranger: Some("no-such-feature".to_owned()),
        ..Sample::default()
    };
    let call = async |event| {
        invoke(&stage.admin, "stint-provider-example", &event).unwrap().map_err(|e| e.to_string())
    };
    run(async { keeps_the_contract(call, &sample).await.unwrap() });
}

/// Half an hour of this, made, and what is said about it then.
async fn made(provider: &Iam, access: &Access, grant: &str) -> Artefact {
    let starts_at = Timestamp::from_second(now().as_second()).unwrap();
    let window = Window::between(starts_at, starts_at + SignedDuration::from_mins(30)).unwrap();
    let artefact = Artefact { grant_id: grant.parse().unwrap(), access: access.clone(), window };
    provider.activate(&artefact).await.unwrap();
    assert_eq!(provider.altered(&artefact).await.unwrap(), None, "as it was made");
    artefact
}

/// The same policy without its end.
const FOR_EVER: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:GetItem"],"Resource":["arn:aws:dynamodb:*:*:table/payments"]}]}"#;

#[test]
fn what_an_elevation_has_made_is_told_from_what_somebody_has_made_of_it() {
    let stage = Stage::shared().unwrap();
    let (provider, user) = (provider(stage), stage.another("ana").unwrap());
    let access =
        Access::IamUserElevation { user: user.parse().unwrap(), permissions: permissions(), account: None };
    run(async {
        let artefact = made(&provider, &access, "grant-00000000000070008000000000000a01").await;
        let name = artefact.grant_id.artefact_name();
        let put = [("UserName", user.as_str()), ("PolicyName", &name), ("PolicyDocument", FOR_EVER)];
        stage.admin.form("iam", "PutUserPolicy", "2010-05-08", &put).unwrap();
        let said = provider.altered(&artefact).await.unwrap();
        assert_eq!(said, Some(format!("the policy {name} of {user} is not as it was written")));
        provider.deactivate(&artefact, now()).await.unwrap();
        let said = provider.altered(&artefact).await.unwrap();
        assert_eq!(said, Some(format!("the policy {name} of {user} is gone")));
    });
}

#[test]
fn a_user_of_a_grants_own_with_one_policy_more_is_not_as_it_was_made() {
    let stage = Stage::shared().unwrap();
    let (provider, access) =
        (provider(stage), Access::EphemeralIamUser { permissions: permissions(), account: None });
    run(async {
        let artefact = made(&provider, &access, "grant-00000000000070008000000000000a02").await;
        let name = artefact.grant_id.artefact_name();
        let put = [("UserName", name.as_str()), ("PolicyName", "more"), ("PolicyDocument", FOR_EVER)];
        stage.admin.form("iam", "PutUserPolicy", "2010-05-08", &put).unwrap();
        let said = provider.altered(&artefact).await.unwrap();
        assert_eq!(said, Some(format!("the user {name} has the policy more as well")));
        provider.deactivate(&artefact, now()).await.unwrap();
        let said = provider.altered(&artefact).await.unwrap();
        assert_eq!(said, Some(format!("the user {name} is gone")), "and it went with all of it");
    });
}

#[test]
fn the_directory_knows_the_sample_people_and_nobody_else() {
    let stage = Stage::shared().unwrap();
    let directory = UserPool::new(&config(stage), stage.outputs.get("UserPoolId").unwrap().to_owned());
    run(async {
        let approvers = directory.members(&"platform-leads".parse().unwrap()).await.unwrap();
        let ben =
            approvers.iter().find(|person| person.display_name == "Ben").expect("Ben leads the platform");
        let sample = stint_local::stage::sample("ben").unwrap();
        contracts::people_are_found_by_id_and_by_group_and_nobody_else_is(
            &directory,
            &sample.person(ben.id.clone()),
        )
        .await;
    });
}

#[test]
fn an_execution_starts_once_and_is_over_for_good() {
    let stage = Stage::shared().unwrap();
    let machine = stage.outputs.get("StateMachineArn").unwrap().parse().unwrap();
    let workflow = StepFunctions::new(&config(stage), machine);
    let request_id = "req-00000000000070008000000000000abc".parse().unwrap();
    let input = WorkflowInput { request_id, wait_seconds: 600, starts_at: None };
    run(async {
        assert_eq!(workflow.status(request_id).await.unwrap(), ExecutionStatus::Unknown);
        workflow.start(&input).await.unwrap();
        workflow.start(&input).await.expect("starting what runs already succeeds");
        assert_eq!(workflow.status(request_id).await.unwrap(), ExecutionStatus::Running);
        workflow.stop(request_id, "a test").await.unwrap();
        assert_eq!(workflow.status(request_id).await.unwrap(), ExecutionStatus::Closed);
        assert!(
            matches!(workflow.start(&input).await, Err(WorkflowError::Closed)),
            "what is over stays over"
        );
    });
}
