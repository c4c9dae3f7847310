//! A permission that is missing is found by whoever runs a journey: shown on clouds of their own.

use crate::deployed::{IAM, inline, many, policy, role_of, texts};
use serde_json::{Value, json};
use stint_local::api::Session;
use stint_local::probe::Access;
use stint_local::stage::{SOON, Stage};
use stint_local::{api, wait};

/// Asks, and waits until the grant is in this state.
fn journey(stage: &Stage, state: &str) -> (Value, Access) {
    let user = stage.another("ana").unwrap();
    let session = stage.sign_in(&user).unwrap();
    let asked = session.request("build-logs-read", "10m", "the build is red").unwrap();
    let id = api::id(&asked).unwrap();
    let what = format!("{state} of {id}");
    let seen = wait::until(&what, SOON * 4, || {
        let request = session.look(id)?;
        Ok((request["grant"]["state"] == state).then_some(request))
    });
    (seen.unwrap(), stage.can_read(&user, "build-logs").unwrap())
}

#[test]
fn without_put_user_policy_an_activation_fails_and_says_so() {
    let stage = Stage::start().unwrap();
    assert_eq!(journey(&stage, "ACTIVE").1, Access::Allowed);
    take_away(&stage, "stint-grant", "iam:PutUserPolicy");
    let (request, access) = journey(&stage, "ACTIVATION_FAILED");
    assert_eq!(access, Access::Denied);
    let grant = &request["grant"];
    assert_eq!(grant["proof"]["receipt"]["answered"], "NoSuchEntity", "{grant}");
    assert!(grant["reason"].as_str().unwrap().contains("not enrolled"), "{grant}");
}

#[test]
fn without_create_access_key_nothing_is_revealed_and_it_says_so() {
    let stage = Stage::start().unwrap();
    let (session, grant) = repair(&stage);
    let first = session.ask_for_credentials(&grant).unwrap();
    assert_eq!(first.status, 200, "{}", first.json()["type"]);
    take_away(&stage, "stint-reveal", "iam:CreateAccessKey");
    let answer = session.ask_for_credentials(&grant).unwrap();
    assert_eq!(
        (answer.status, answer.json()["type"].as_str()),
        (409, Some("urn:stint:problem:target-refused"))
    );
}

/// Somebody with a user of their grant's own; the grant.
fn repair(stage: &Stage) -> (Session, String) {
    let session = stage.sign_in(&stage.another("ana").unwrap()).unwrap();
    let asked = session.request("payments-repair", "10m", "a payment is stuck").unwrap();
    let id = api::id(&asked).unwrap();
    stage.decide_by_mail("ben@example.com", id, "approve").unwrap();
    let active = || Ok((session.look(id)?["grant"]["state"] == "ACTIVE").then_some(()));
    wait::until("an active grant", SOON * 4, active).unwrap();
    (session.clone(), id.replacen("req-", "grant-", 1))
}

/// Takes one action out of a function's role.
fn take_away(stage: &Stage, function: &str, action: &str) {
    let role = role_of(stage, function);
    let names = inline(stage, &role);
    let [name] = names.as_slice() else { panic!("one policy: {names:?}") };
    let mut document = policy(stage, &role, name);
    let kept: Vec<_> =
        many(&document["Statement"]).into_iter().filter_map(|statement| without(statement, action)).collect();
    assert_ne!(json!(kept), document["Statement"], "{action} was there");
    document["Statement"] = json!(kept);
    let document = document.to_string();
    let values =
        [("RoleName", role.as_str()), ("PolicyName", name.as_str()), ("PolicyDocument", document.as_str())];
    stage.admin.form("iam", "PutRolePolicy", IAM, &values).unwrap();
}

fn without(mut statement: Value, action: &str) -> Option<Value> {
    let mut actions = texts(&statement["Action"]);
    actions.retain(|one| one != action);
    statement["Action"] = json!(actions);
    (!actions.is_empty()).then_some(statement)
}
