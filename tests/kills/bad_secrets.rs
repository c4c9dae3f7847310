//! Secrets that somebody has written wrongly, and a password of every letter: shown as they are or not at all, rotated or
//! tried again, and never in what anybody is told.

use crate::alone;
use crate::revealed::grant;
use crate::vaulted::{
    A_LOGIN, ROTATE, Shown, ask, checked_out, ended, given_back, is_clean, opens, put, seed, shown, value,
};
use serde_json::{Value, json};
use std::net::TcpListener;
use stint_local::Stage;
use stint_local::hooks::{invoke, logs};
use stint_local::postgres::Postgres;
use stint_local::vault::{Answered, Database, LOGIN};

const CANARY: &str = "canary-4711-hunter2";

fn said_nothing(stage: &Stage, secret: &str) {
    for function in [ROTATE, "stint-reveal", "stint-expire", "stint-reconcile", "stint-provider-postgres"] {
        let said = logs(&stage.admin, function).unwrap();
        assert!(!said.iter().any(|line| line.contains(secret)), "the log of {function}");
    }
}

/// With one field as somebody may have written it; none leaves it out.
fn with(good: &str, field: &str, value: Option<Value>) -> String {
    let mut fields: Value = serde_json::from_str(good).unwrap();
    let all = fields.as_object_mut().unwrap();
    all.insert("password".to_owned(), CANARY.into());
    all.remove(field);
    all.extend(value.map(|value| (field.to_owned(), value)));
    fields.to_string()
}

#[test]
fn a_secret_that_is_no_json_is_not_shown_and_what_is_wrong_with_it_is_told_without_it() {
    let (stage, _alone) = alone();
    seed(stage);
    let life = checked_out(stage, A_LOGIN);
    let good = value(stage, LOGIN);
    put(stage, LOGIN, CANARY);
    let told = life.session.ask_for_credentials(&grant(&life)).unwrap();
    let kind = told.json()["type"].clone();
    assert_eq!((told.status, kind), (409, json!("urn:stint:problem:target-refused")), "{}", told.body);
    assert!(!told.body.contains(CANARY), "{}", told.body);
    put(stage, LOGIN, &good);
    let old = shown(&life);
    assert!(old.opens(stage));
    given_back(&life);
    ended(&life);
    is_clean(&life, LOGIN, &old);
    said_nothing(stage, CANARY);
}

#[test]
fn a_rotation_of_a_secret_that_cannot_be_used_is_tried_until_somebody_has_mended_it() {
    let (stage, _alone) = alone();
    seed(stage);
    let (silent, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), Postgres::start(None).unwrap());
    let port = |at: &TcpListener| Some(json!(at.local_addr().unwrap().port()));
    let nobody = port(&TcpListener::bind("127.0.0.1:0").unwrap());
    let good = value(stage, LOGIN);
    let life = checked_out(stage, A_LOGIN);
    let old = shown(&life);
    put(stage, LOGIN, CANARY);
    given_back(&life);
    let version = life.id.replacen("req-", "stint-", 1);
    let arn = ask(stage, "DescribeSecret", LOGIN, &json!({}))["ARN"].clone();
    for (what, bad) in [
        ("no JSON", CANARY.to_owned()),
        ("no password", with(&good, "password", None)),
        ("no host", with(&good, "host", None)),
        ("nobody there", with(&good, "port", nobody)),
        ("no answer", with(&good, "port", port(&silent))),
        ("another root", with(&good, "root_certificate", Some(json!(other.root_pem())))),
    ] {
        put(stage, LOGIN, &bad);
        let event = json!({"Step": "createSecret", "SecretId": arn, "ClientRequestToken": version});
        let said = invoke(&stage.admin, ROTATE, &event).unwrap().expect_err(what).to_string();
        assert!(!said.contains(CANARY), "{what}: {said}");
        eprintln!("{what}: {said}");
        assert_eq!(life.over(), None, "{what}");
    }
    put(stage, LOGIN, &good);
    ended(&life);
    is_clean(&life, LOGIN, &old);
    said_nothing(stage, CANARY);
}

#[test]
fn a_password_of_every_letter_is_shown_as_it_is_opens_its_login_and_is_rotated_away() {
    let (stage, _alone) = alone();
    seed(stage);
    let all: String = (' '..='~').collect();
    let database = Database::of(&stage.http).unwrap();
    let quoted = all.replace('\'', "''");
    let set = format!("ALTER ROLE orders_owner PASSWORD '{quoted}'");
    let done = database.psql(&database.login("stint_admin", None), &set).unwrap();
    assert!(matches!(done, Answered::Rows(_)));
    let mut fields: Value = serde_json::from_str(&value(stage, LOGIN)).unwrap();
    fields["password"] = json!(all);
    put(stage, LOGIN, &fields.to_string());
    let life = checked_out(stage, A_LOGIN);
    let old = shown(&life);
    let Shown::Login(seen) = &old else { panic!("fields") };
    assert_eq!(seen["password"], json!(all));
    assert!(old.opens(stage));
    given_back(&life);
    ended(&life);
    is_clean(&life, LOGIN, &old);
    assert!(opens(stage, &serde_json::from_str(&value(stage, LOGIN)).unwrap()), "the next one opens it");
    said_nothing(stage, &all);
}
