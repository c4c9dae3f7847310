//! The same for what has a database behind it: the steps of a rotation, and the calls of a provider.

use crate::alone;
use crate::life::{Life, What};
use crate::patience::eventually;
use crate::post::{Post, rotation, task, to};
use crate::revealed::grant;
use crate::vaulted::{A_LOGIN, ROTATE, Shown, ask, ended, given_back, is_clean, opens, seed, shown, value};
use serde_json::{Value, json};
use stint_local::hooks::{forget_invocations, invocations, invoke};
use stint_local::stage::Stage;
use stint_local::vault::{Answered, Database, LOGIN};
use stint_provider::{Call, Grant, Operation, Parameter, VERSION};

const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];
const A_ROLE: What = ("orders-read", "payments");
const PROVIDER: &str = "stint-provider-postgres";

/// What Secrets Manager sends for a step of the rotation that ends this life.
fn step(life: &Life<'_>, name: &str) -> Value {
    let secret = ask(life.stage, "DescribeSecret", LOGIN, &json!({}))["ARN"].clone();
    let version = life.id.replacen("req-", "stint-", 1);
    json!({"Step": name, "SecretId": secret, "ClientRequestToken": version, "RotationToken": "of another time"})
}

fn has_returned(stage: &Stage, step: &str) -> Option<()> {
    let all = invocations(&stage.http).unwrap();
    all.iter().any(|run| run.function == ROTATE && run.step == step && run.ended.is_some()).then_some(())
}

/// Right after, while the rotation goes on, a step may meet the next one; what counts is where it ends.
#[test]
fn every_step_of_a_rotation_changes_nothing_the_second_time() {
    let (stage, _alone) = alone();
    seed(stage);
    let life = Life::asked(stage, A_LOGIN, "15s");
    life.approved();
    life.reaches("grant.activated");
    let old = shown(&life);
    assert!(fields(&old) == fields(&shown(&life)), "it is shown again as it is");
    forget_invocations(&stage.http).unwrap();
    for name in STEPS {
        eventually(name, || has_returned(stage, name));
        let answer = invoke(&stage.admin, ROTATE, &step(&life, name)).unwrap();
        eprintln!("{name} again, right after: {answer:?}");
    }
    ended(&life);
    life.ended();
    is_clean(&life, LOGIN, &old);
    let secret = || {
        (ask(stage, "DescribeSecret", LOGIN, &json!({}))["VersionIdsToStages"].clone(), value(stage, LOGIN))
    };
    let before = secret();
    let mut post = Post::of(&life);
    for name in STEPS {
        post.again(name, to(&life, ROTATE, step(&life, name)));
    }
    post.again("rotate-credential", to(&life, ROTATE, rotation(&life)));
    post.again("expire", to(&life, "stint-expire", task(&life)));
    post.all_again();
    assert!(secret() == before, "the vault has what it had, under the same labels");
    assert!(opens(stage, &serde_json::from_str(&before.1).unwrap()), "and it is what opens the database");
}

const fn fields(shown: &Shown) -> &Value {
    match shown {
        Shown::Login(fields) => fields,
        Shown::Key(_) => &Value::Null,
    }
}

/// What Stint asks of the provider about this life, as the catalog has it.
fn call(life: &Life<'_>, operation: Operation) -> Value {
    let window =
        life.events().iter().find_map(|event| event["detail"]["window"].as_object().cloned()).unwrap();
    let time = |name: &str| window[name].as_str().unwrap().parse().unwrap();
    let parameters = [
        ("secret", Parameter::Text("stint/postgres/orders".to_owned())),
        ("member_of", Parameter::List(vec!["orders_reader".to_owned()])),
    ];
    let call = Call {
        version: VERSION,
        idempotency_key: format!("{}:{operation}:{}", grant(life), window["ends_at"]),
        operation,
        grant: Grant {
            id: grant(life),
            artefact_name: life.id.replacen("req-", "stint-", 1),
            starts_at: time("starts_at"),
            ends_at: time("ends_at"),
        },
        principal: life.look()["requester"].as_str().unwrap().to_owned(),
        target: "orders".to_owned(),
        parameters: parameters.map(|(name, value)| (name.to_owned(), value)).into(),
        now: time("starts_at"),
    };
    serde_json::to_value(call).unwrap()
}

/// The role as its server has it, and whose member it is.
fn role(stage: &Stage, life: &Life<'_>) -> String {
    let database = Database::of(&stage.http).unwrap();
    let name = life.id.replacen("req-", "stint_", 1);
    let sql = format!(
        "SELECT r, m.roleid::regrole FROM pg_roles r LEFT JOIN pg_auth_members m ON m.member = r.oid \
         WHERE rolname = '{name}'"
    );
    match database.psql(&database.login("stint_admin", None), &sql).unwrap() {
        Answered::Rows(rows) => rows,
        Answered::Refused(why) => panic!("{why}"),
    }
}

#[test]
fn every_call_of_the_provider_changes_nothing_the_second_time() {
    let (stage, _alone) = alone();
    seed(stage);
    let life = Life::asked(stage, A_ROLE, "10m");
    life.approved();
    life.reaches("grant.activated");
    let first = shown(&life);
    let before = role(stage, &life);
    assert!(before.contains("orders_reader") && opens(stage, fields(&first)), "{before}");
    let mut post = Post::of(&life);
    post.again("activate", to(&life, PROVIDER, call(&life, Operation::Activate)));
    post.again("verify", to(&life, PROVIDER, call(&life, Operation::Verify)));
    post.again("grant", to(&life, "stint-grant", task(&life)));
    assert!(role(stage, &life) == before && opens(stage, fields(&first)), "the same role and password");
    // A credential is made for each ask, on purpose.
    let second = shown(&life);
    assert_eq!(role(stage, &life), before);
    assert_eq!((opens(stage, fields(&first)), opens(stage, fields(&second))), (false, true));
    given_back(&life);
    life.reaches("grant.ended");
    life.ended();
    assert_eq!((role(stage, &life), opens(stage, fields(&second))), (String::new(), false));
    let mut post = Post::of(&life);
    post.again("deactivate", to(&life, PROVIDER, call(&life, Operation::Deactivate)));
    post.again("verify", to(&life, PROVIDER, call(&life, Operation::Verify)));
    post.again("grant", to(&life, "stint-grant", task(&life)));
    post.again("expire", to(&life, "stint-expire", task(&life)));
    post.all_again();
    assert_eq!(role(stage, &life), "");
}
