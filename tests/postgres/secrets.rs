//! Secrets that are none: said by field, never by content.

use crate::scene::POSTGRES;
use serde_json::{Value, json};
use stint_local::postgres::ADMIN;
use stint_postgres::{BadSecret, LoginSecret};

fn verdict(text: &str) -> Option<BadSecret> {
    LoginSecret::parse(text).err()
}

fn with(field: &str, value: Value) -> String {
    let mut secret = POSTGRES.secret(ADMIN);
    secret[field] = value;
    secret.to_string()
}

#[test]
fn the_form_that_rds_writes_is_read_with_fields_that_it_adds() {
    assert_eq!(verdict(&with("dbInstanceIdentifier", json!("orders"))), None);
    assert_eq!(verdict(&with("engine", json!("aurora-postgresql"))), None);
}

#[test]
fn what_is_no_json_object_is_said_to_be_none() {
    for text in ["", "hunter2", "[]", "\"x\"", "{", "{\"engine\":"] {
        assert_eq!(verdict(text), Some(BadSecret::NotJson), "{text}");
    }
}

#[test]
fn a_field_that_is_missing_is_named() {
    for field in ["engine", "host", "port", "username", "password", "dbname", "root_certificate"] {
        let mut secret = POSTGRES.secret(ADMIN);
        secret.as_object_mut().unwrap().remove(field);
        assert_eq!(verdict(&secret.to_string()), Some(BadSecret::Missing(field)));
    }
}

#[test]
fn a_field_that_cannot_be_used_is_named_and_its_content_is_not() {
    let canary = "canary-0193";
    let cases = [
        ("host", json!(format!("{canary} x"))),
        ("port", json!(canary)),
        ("port", json!(0)),
        ("port", json!(65_536)),
        ("port", json!("5432")),
        ("username", json!(format!("{canary}\""))),
        ("password", json!([canary])),
        ("password", json!(format!("{canary}\u{0}"))),
        ("dbname", json!("")),
        ("root_certificate", json!(canary)),
    ];
    for (field, value) in cases {
        let verdict = verdict(&with(field, value)).unwrap();
        assert_eq!(verdict, BadSecret::Wrong(field));
        assert!(!format!("{verdict} {verdict:?}").contains(canary));
    }
}

#[test]
fn another_engine_is_refused() {
    assert_eq!(verdict(&with("engine", json!("mysql"))), Some(BadSecret::NotPostgres));
}
