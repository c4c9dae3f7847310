//! Every kind of access in another account, by the adapters themselves, each under the role of the function that uses it.

use crate::deployed::IAM;
use crate::session::Role;
use jiff::{SignedDuration, Timestamp};
use std::sync::OnceLock;
use stint_app::ports::{
    Artefact, Credential, CredentialIssuer as _, Inventory as _, Provider as _, ProviderError, Sighting,
    Surroundings as _,
};
use stint_aws::iam::{Credentials, Iam};
use stint_aws::surroundings::Machine;
use stint_domain::access::Access;
use stint_domain::account::TargetAccount;
use stint_domain::entitlement::Permission;
use stint_domain::grant::Evidence;
use stint_domain::window::Window;
use stint_local::key::AccessKey;
use stint_local::probe::Access as Seen;
use stint_local::stage::Stage;
use stint_local::{cloud, deploy, elsewhere};
use tokio::runtime::{Builder, Runtime};

const BOUNDARY: &str = "arn:aws:iam::210987654321:policy/stint-boundary";

/// On one runtime, since all clients of a process share their connections, which end with the runtime that opened them.
fn run<T>(suite: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().unwrap()).block_on(suite)
}

fn config(stage: &Stage, function: &'static str) -> stint_aws::client::SdkConfig {
    let (key, url) = (Role::of(stage, function).key, stage.url().to_owned());
    let variable = |name| {
        Some(match name {
            "AWS_ENDPOINT_URL" => url.clone(),
            "AWS_REGION" => cloud::REGION.to_owned(),
            "AWS_ACCESS_KEY_ID" => key.id.clone(),
            "AWS_SECRET_ACCESS_KEY" => key.secret.clone(),
            "AWS_SESSION_TOKEN" => key.token.clone()?,
            _ => return None,
        })
    };
    stint_aws::client::from_variables(variable).unwrap()
}

fn acting(stage: &Stage, function: &'static str) -> Iam {
    Iam::within(&config(stage, function), stage.outputs.get("BoundaryArn").unwrap().to_owned())
}

fn account(external_id: &str) -> TargetAccount {
    TargetAccount { role: elsewhere::ROLE.parse().unwrap(), external_id: external_id.parse().unwrap() }
}

fn now() -> Timestamp {
    Timestamp::from_second(Machine.now().as_second()).unwrap()
}

/// Half an hour of it, in the other account.
fn artefact(number: u8, mut access: Access, external_id: &str) -> Artefact {
    access.put_in(Some(&account(external_id)));
    let window = Window::between(now(), now() + SignedDuration::from_mins(30)).unwrap();
    let grant = format!("grant-000000000000700080000000000c{number:04}");
    Artefact { grant_id: grant.parse().unwrap(), access, window }
}

fn permissions() -> Vec<Permission> {
    let set = |text: String| [text].into();
    vec![Permission {
        actions: set("dynamodb:GetItem".to_owned()),
        resources: set(format!("arn:aws:dynamodb:*:*:table/{}", elsewhere::TABLE)),
    }]
}

fn elevation(user: &str) -> Access {
    Access::IamUserElevation { user: user.parse().unwrap(), permissions: permissions(), account: None }
}

fn ephemeral() -> Access {
    Access::EphemeralIamUser { permissions: permissions(), account: None }
}

/// Sessions of a role that is enrolled there as any.
fn sessions(stage: &Stage) -> Access {
    let there = elsewhere::admin(stage.http.clone());
    let rights =
        [("RoleName", "stock-reader"), ("ManagedPolicies", "arn:aws:iam::aws:policy/ReadOnlyAccess")];
    let more =
        [("BoundaryArn", BOUNDARY), ("StintAccount", cloud::ACCOUNT), ("ExternalId", elsewhere::EXTERNAL_ID)];
    let parameters = [&rights[..], &more].concat();
    deploy::stack(&there, deploy::ENROLMENT, "stint-target-stock-reader", &parameters).unwrap();
    // The local cloud's CloudFormation forgets the boundary of a role.
    let values = [("RoleName", "stock-reader"), ("PermissionsBoundary", BOUNDARY)];
    there.form("iam", "PutRolePermissionsBoundary", IAM, &values).unwrap();
    Access::RoleSession {
        role: "arn:aws:iam::210987654321:role/stint-target/stock-reader".parse().unwrap(),
        source_identity: "ana".parse().unwrap(),
        permissions: permissions(),
        account: None,
    }
}

fn enrolled(stage: &Stage, name: &str) -> AccessKey {
    let there = elsewhere::admin(stage.http.clone());
    let values = [("UserName", name), ("PermissionsBoundary", BOUNDARY)];
    there.form("iam", "CreateUser", IAM, &values).unwrap();
    stint_local::seed::access_key(&there, name).unwrap()
}

fn handed_out(credential: Credential) -> AccessKey {
    let Credential::AccessKey { access_key_id, secret_access_key, session_token, .. } = credential else {
        panic!("a key")
    };
    let token = session_token.map(|token| token.reveal().to_owned());
    AccessKey { id: access_key_id, secret: secret_access_key.reveal().to_owned(), token }
}

fn reads(stage: &Stage, key: &AccessKey) -> Seen {
    stage.probe_with(key).unwrap().read(elsewhere::TABLE).unwrap()
}

#[test]
fn every_kind_of_access_is_given_used_and_taken_in_another_account() {
    let stage = Stage::shared().unwrap();
    let own = enrolled(stage, "stock-keeper");
    assert_eq!(reads(stage, &own), Seen::Denied);
    for (number, access) in [(1, elevation("stock-keeper")), (2, ephemeral()), (3, sessions(stage))] {
        let artefact = artefact(number, access, elsewhere::EXTERNAL_ID);
        run(acting(stage, "stint-grant").activate(&artefact)).unwrap();
        let altered = run(acting(stage, "stint-reconcile").altered(&artefact)).unwrap();
        assert_eq!(altered, None, "as it was made");
        let key = if artefact.access.has_credential() {
            let reveal = Credentials::new(&config(stage, "stint-reveal"));
            handed_out(run(reveal.issue(&artefact, now())).unwrap())
        } else {
            own.clone()
        };
        assert_eq!(reads(stage, &key), Seen::Allowed, "{artefact:?}");

        let expire = acting(stage, "stint-expire");
        run(expire.deactivate(&artefact, now())).unwrap();
        let seen = run(expire.verify_removed(&artefact, now())).unwrap();
        assert!(matches!(&seen, Sighting::Over(Evidence::Gone(_) | Evidence::Blocked { .. })), "{seen:?}");
        assert_ne!(reads(stage, &key), Seen::Allowed, "{artefact:?}");
    }
}

#[test]
fn with_another_external_id_nothing_is_given_handed_out_or_taken() {
    let stage = Stage::shared().unwrap();
    let sessions = sessions(stage);
    let (right, wrong) =
        (artefact(4, ephemeral(), elsewhere::EXTERNAL_ID), artefact(4, ephemeral(), "another"));
    let refused = |result: Result<(), ProviderError>| {
        let Err(ProviderError::Refused { reason, .. }) = result else { panic!("{result:?}") };
        assert_eq!(reason, "the other account does not let Stint in");
    };
    let (grant, expire) = (acting(stage, "stint-grant"), acting(stage, "stint-expire"));
    let reveal = Credentials::new(&config(stage, "stint-reveal"));
    refused(run(grant.activate(&wrong)));
    run(grant.activate(&right)).unwrap();
    refused(run(reveal.issue(&wrong, now())).map(drop));
    run(reveal.issue(&right, now())).map(drop).unwrap();
    refused(run(expire.deactivate(&wrong, now())));
    refused(run(expire.verify_removed(&wrong, now())).map(drop));
    run(expire.deactivate(&right, now())).unwrap();

    let session = run(reveal.issue(&artefact(5, sessions.clone(), "another"), now()));
    assert!(matches!(session, Err(ProviderError::Refused { .. })), "a session of a role there");
    run(reveal.issue(&artefact(5, sessions, elsewhere::EXTERNAL_ID), now())).map(drop).unwrap();
}

#[test]
fn what_is_nobodys_in_another_account_is_found_and_can_be_taken() {
    let stage = Stage::shared().unwrap();
    enrolled(stage, "stock-counter");
    let planted = [
        artefact(6, ephemeral(), elsewhere::EXTERNAL_ID),
        artefact(7, elevation("stock-counter"), elsewhere::EXTERNAL_ID),
    ];
    let grant = acting(stage, "stint-grant");
    planted.iter().for_each(|one| run(grant.activate(one)).unwrap());
    let reconcile = acting(stage, "stint-reconcile");
    let found = |reconcile: &Iam| {
        let (mut cursor, mut found) = (None, Vec::new());
        loop {
            let page = run(reconcile.marked(cursor.as_deref())).unwrap();
            found.extend(page.items.into_iter().map(Result::unwrap));
            cursor = page.next;
            if cursor.is_none() {
                return found;
            }
        }
    };
    let is_one = |one: &stint_app::ports::Marked| planted.iter().any(|it| it.grant_id == one.grant_id);
    assert!(!found(&reconcile).iter().any(is_one), "it is not in Stint's own account");

    let reconcile = reconcile.also_in([account(elsewhere::EXTERNAL_ID)].into());
    let strays: Vec<_> = found(&reconcile).into_iter().filter(is_one).collect();
    assert_eq!(strays.len(), 2, "{strays:?}");
    for stray in strays {
        assert_eq!(stray.access.account(), Some(&account(elsewhere::EXTERNAL_ID)));
        let window = planted[0].window;
        let artefact = Artefact { grant_id: stray.grant_id, access: stray.access, window };
        run(reconcile.deactivate(&artefact, now())).unwrap();
        let seen = run(reconcile.verify_removed(&artefact, now())).unwrap();
        assert!(matches!(seen, Sighting::Over(Evidence::Gone(_))), "{seen:?}");
    }
}
