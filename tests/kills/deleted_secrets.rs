//! Secrets that are gone, or are to be: nothing is given by them, and what was given is not called over. With the secret
//! back, it ends like any other.

use crate::alone;
use crate::life::Life;
use crate::patience::{eventually, sweep};
use crate::vaulted::{
    A_LOGIN, Shown, ask, checked_out, ended, failing, given_back, is_clean, opens, seed, shown, value,
};
use serde_json::{Value, json};
use stint_local::Stage;
use stint_local::http::Answer;
use stint_local::vault::{LOGIN, secrets};

const TO_BE_DELETED: &str = "the secret is to be deleted, or has no rotation by Stint";
/// What the provider of one-time roles logs in by.
const MAKES_ROLES: &str = "stint/postgres/orders";
const A_ROLE: (&str, &str) = ("orders-read", "payments");

fn schedule_deletion(stage: &Stage, secret: &str) {
    ask(stage, "DeleteSecret", secret, &json!({"RecoveryWindowInDays": 7}));
}

fn restore(stage: &Stage, secret: &str) {
    ask(stage, "RestoreSecret", secret, &json!({}));
}

fn gone(stage: &Stage, secret: &str) {
    ask(stage, "DeleteSecret", secret, &json!({"ForceDeleteWithoutRecovery": true}));
}

/// As an operator does it: the value, and Stint as its rotation.
fn put_back(stage: &Stage, secret: &str, text: &str) {
    secrets(&stage.admin, "CreateSecret", &json!({"Name": secret, "SecretString": text})).unwrap();
    if secret == LOGIN {
        let function = "arn:aws:lambda:eu-west-1:000000000000:function:stint-rotate-credential";
        let rules = json!({"AutomaticallyAfterDays": 1000});
        let more = json!({"RotationLambdaARN": function, "RotateImmediately": false, "RotationRules": rules});
        ask(stage, "RotateSecret", secret, &more);
    }
}

fn asks(stage: &Stage) -> Answer {
    let session = stage.sign_in(&stage.another("ana").unwrap()).unwrap();
    let body = json!({"entitlement": A_LOGIN.0, "duration": "10m", "justification": "an order is stuck"});
    session.post("/v1/requests", &body).unwrap()
}

fn is_not_enrolled(told: &Answer) {
    assert_eq!(told.json()["type"], "urn:stint:problem:not-enrolled", "{}", told.body);
}

#[test]
fn a_secret_that_is_gone_or_is_to_be_cannot_be_asked_for_and_one_that_is_back_can() {
    let (stage, _alone) = alone();
    seed(stage);
    let kept = value(stage, LOGIN);
    schedule_deletion(stage, LOGIN);
    is_not_enrolled(&asks(stage));
    restore(stage, LOGIN);
    let asked = asks(stage).ok("a request for what is back").unwrap();
    assert_eq!(asked.json()["state"], "PENDING");
    gone(stage, LOGIN);
    is_not_enrolled(&asks(stage));
    put_back(stage, LOGIN, &kept);
    asks(stage).ok("a request for what is there again").unwrap();
}

#[test]
fn the_end_of_a_checkout_whose_secret_is_gone_or_is_to_be_is_tried_until_it_is_back_and_rotated() {
    let (stage, _alone) = alone();
    seed(stage);
    let life = checked_out(stage, A_LOGIN);
    let (old, kept) = (shown(&life), value(stage, LOGIN));
    schedule_deletion(stage, LOGIN);
    given_back(&life);
    assert_eq!(failing(&life), TO_BE_DELETED);
    gone(stage, LOGIN);
    eventually("what is said of one that is gone", || {
        let _ = sweep(stage).unwrap();
        (failing(&life) == "there is no such secret").then_some(())
    });
    assert!(old.opens(stage), "its holder still knows the password: it is not over");
    assert_eq!(life.over(), None);
    put_back(stage, LOGIN, &kept);
    ended(&life);
    is_clean(&life, LOGIN, &old);
}

/// The role as its holder uses it.
fn role(life: &Life<'_>) -> Value {
    let Shown::Login(fields) = shown(life) else { panic!("fields") };
    fields
}

/// Waits for the end with the role seen to be gone.
fn removed(life: &Life<'_>) -> Value {
    let last = eventually("the end of the role", || {
        life.over().or_else(|| {
            let _ = sweep(life.stage).unwrap();
            None
        })
    });
    assert!(last["detail"]["receipt"]["looked_at"].as_str().unwrap().contains("pg_roles"), "{last}");
    last
}

#[test]
fn a_role_whose_administrator_is_gone_or_is_to_be_is_removed_when_there_is_one_again() {
    let (stage, _alone) = alone();
    seed(stage);
    let life = checked_out(stage, A_ROLE);
    let (fields, kept) = (role(&life), value(stage, MAKES_ROLES));
    assert!(opens(stage, &fields));
    schedule_deletion(stage, MAKES_ROLES);
    given_back(&life);
    assert_eq!(failing(&life), "the secret is scheduled for deletion");
    gone(stage, MAKES_ROLES);
    eventually("what is said of one that is gone", || {
        let _ = sweep(stage).unwrap();
        (failing(&life) == "there is no such secret").then_some(())
    });
    assert!(opens(stage, &fields), "it is not called over: the role is there");
    put_back(stage, MAKES_ROLES, &kept);
    removed(&life);
    assert!(!opens(stage, &fields));
}

#[test]
fn a_role_without_an_administrator_to_make_it_is_never_given_and_closed_once_that_can_be_seen() {
    let (stage, _alone) = alone();
    seed(stage);
    let life = Life::asked(stage, A_ROLE, "10m");
    schedule_deletion(stage, MAKES_ROLES);
    let ben = stage.sign_in("ben").unwrap();
    ben.post(&format!("/v1/requests/{}/approve", life.id), &Value::Null).unwrap().ok("approve").unwrap();
    assert_eq!(failing(&life), "the secret is scheduled for deletion");
    restore(stage, MAKES_ROLES);
    let last = removed(&life);
    assert_eq!(last["action"], "grant.activation_failed", "{last}");
    assert!(!life.actions().contains(&"grant.activated".to_owned()));
    let next = checked_out(stage, A_ROLE);
    assert!(opens(stage, &role(&next)), "and now it is given");
    given_back(&next);
    removed(&next);
}
