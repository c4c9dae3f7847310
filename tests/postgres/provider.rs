//! One-time roles as Stint asks for them: by calls of the contract of providers.

use crate::scene::{POSTGRES, chance, login, now, number, run, secret};
use jiff::SignedDuration;
use serde_json::{Value, json};
use stint_local::postgres::{ADMIN, LOGIN, READER};
use stint_postgres::provider::{OneTimeRoles, Outside};
use stint_postgres::{Identifier, Login, Random, Secret, rotation};
use stint_provider::contract::{Sample as Asked, keeps_the_contract};
use stint_provider::{Failure, Parameter, respond};

/// Two secrets: the administrator's, and one that is none.
struct Sample;

impl Outside for Sample {
    async fn secret(&self, name: &str) -> Result<Secret, Failure> {
        match name {
            "stint/postgres/orders" => Ok(secret(&POSTGRES.secret(ADMIN).to_string())),
            "stint/postgres/broken" => Ok(secret("canary-7315")),
            _ => Err(Failure::refused("there is no such secret")),
        }
    }

    fn random(&self) -> Result<Random, Failure> {
        Ok(chance())
    }
}

fn call(operation: &str, id: u32) -> Value {
    json!({
        "version": 1,
        "idempotency_key": "any",
        "operation": operation,
        "grant": {
            "id": format!("grant-{id:032x}"),
            "artefact_name": format!("stint-{id:032x}"),
            "starts_at": now(),
            "ends_at": now() + SignedDuration::from_hours(1),
        },
        "principal": "somebody",
        "target": "orders",
        "parameters": { "secret": "stint/postgres/orders", "member_of": [READER] },
        "now": now(),
    })
}

async fn answer(event: Value) -> Value {
    respond(&OneTimeRoles::new(Sample), event).await.map_err(|error| error.to_string()).unwrap()
}

#[test]
fn a_call_gives_a_login_and_another_takes_it_away_for_good() {
    run(async {
        let id = number();
        assert_eq!(answer(call("activate", id)).await, json!({ "answer": "done" }));
        let issued = answer(call("issue", id)).await;
        let user = Identifier::new(issued["username"].as_str().unwrap()).unwrap();
        let holder = Login { user, password: secret(issued["fields"]["password"].as_str().unwrap()) };
        let (server, _) = login(LOGIN);
        assert_eq!(rotation::can_log_in(&server, &holder).await, Ok(true));
        assert_eq!(issued["fields"]["port"], server.port.to_string());
        assert_eq!(answer(call("verify", id)).await["answer"], "still_there");
        assert_eq!(answer(call("deactivate", id)).await, json!({ "answer": "done" }));
        assert_eq!(answer(call("verify", id)).await["answer"], "gone");
        assert_eq!(rotation::can_log_in(&server, &holder).await, Ok(false));
    });
}

#[test]
fn it_keeps_what_every_provider_has_to_keep() {
    let text = |text: &str| Parameter::Text(text.to_owned());
    let parameters = [("secret", text("stint/postgres/orders")), ("member_of", text(READER))];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value)).into();
    let asked = Asked { target: "orders".to_owned(), parameters, stranger: None, has_credential: true };
    let roles = OneTimeRoles::new(Sample);
    run(keeps_the_contract(async |event| respond(&roles, event).await, &asked)).unwrap();
}

#[test]
fn what_the_catalog_has_wrong_is_refused_in_words_that_may_be_shown() {
    run(async {
        let with = |pointer: &str, value: Value| {
            let mut event = call("activate", number());
            *event.pointer_mut(pointer).unwrap() = value;
            event
        };
        let parameter = |name: &str, value: Value| with(&format!("/parameters/{name}"), value);
        for (event, words) in [
            (parameter("secret", json!("stint/postgres/none")), "no such secret"),
            (parameter("secret", json!("prod/payroll")), "must begin with stint/postgres/"),
            (parameter("secret", json!("stint/postgres/broken")), "not a JSON object"),
            (parameter("member_of", json!(["x\"; DROP ROLE y;--"])), "letters"),
            (parameter("member_of", json!(["pg_execute_server_program"])), "own"),
            (parameter("member_of", json!(["nobody_has_this"])), "no such role"),
            (with("/grant/id", json!("grant-x\"; DROP ROLE y;--")), "grant's id"),
        ] {
            let answer = answer(event).await;
            assert_eq!(answer["answer"], "refused", "{words}");
            assert!(answer["reason"].as_str().unwrap().contains(words), "{answer}");
            assert!(!answer.to_string().contains("canary-7315"));
        }
    });
}
