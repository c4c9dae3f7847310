//! A target in another account: given and taken there, by the role there, and nowhere else; and what comes of a role that
//! does not know Stint any more.

use crate::scene::{Journey, LATE, stage};
use crate::secrets;
use crate::seen::gone;
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};
use stint_local::admin::{Admin, element, encoded};
use stint_local::probe::Access;
use stint_local::{elsewhere, wait};

const IAM: &str = "2010-05-08";
const ROLE: &str = "stint-account";

/// One journey at a time: they change the one role that there is.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn there() -> Admin {
    elsewhere::admin(stage().http.clone())
}

fn is_there(user: &str) -> bool {
    match there().form("iam", "GetUser", IAM, &[("UserName", user)]) {
        Err(error) if error.is_refusal("NoSuchEntity") => false,
        found => found.is_ok(),
    }
}

fn approved(duration: &str) -> Journey {
    let journey = Journey::begin("warehouse-read", duration);
    journey.decided("approve");
    journey
}

/// The role of the other account wants another external id, until this is dropped.
struct AnotherExternalId;

impl AnotherExternalId {
    fn asked_for() -> Self {
        wants("somebody-else");
        Self
    }
}

impl Drop for AnotherExternalId {
    fn drop(&mut self) {
        wants(elsewhere::EXTERNAL_ID);
    }
}

fn wants(external_id: &str) {
    elsewhere::let_in(&there(), external_id).unwrap();
    let role = there().form("iam", "GetRole", IAM, &[("RoleName", ROLE)]).unwrap();
    let trust = element(&role, "AssumeRolePolicyDocument").unwrap();
    assert!(trust.contains(&encoded(external_id)) || trust.contains(external_id), "{trust}");
}

#[test]
fn access_in_another_account_is_given_and_taken_there_and_nowhere_else() {
    let _alone = alone();
    let journey = approved("30m");
    let shown = journey.until_grant("ACTIVE");
    assert_eq!(shown["target"]["account"], elsewhere::ACCOUNT, "{shown}");
    let user = journey.artefact();
    assert!(is_there(&user) && !stage().has_user(&user).unwrap());
    let key = journey.reveals();
    key.until_allowed(elsewhere::TABLE);

    journey.withdraw("return");
    let grant = journey.until_grant("ENDED")["grant"].clone();
    assert_eq!(grant["proof"]["kind"], "receipt", "{grant}");
    assert!(!is_there(&user) && gone(key.read(elsewhere::TABLE)));
    secrets::are_nowhere();
}

#[test]
fn a_grant_in_an_account_that_wants_another_external_id_fails_and_says_why() {
    let _alone = alone();
    let other = AnotherExternalId::asked_for();
    let journey = approved("30m");
    let grant = journey.until_grant("REMOVAL_FAILED")["grant"].clone();
    assert!(grant.to_string().contains("the other account does not let Stint in"), "{grant}");
    assert!(!is_there(&journey.artefact()));
    drop(other);
    let grant = journey.until_grant("ACTIVATION_FAILED")["grant"].clone();
    assert!(grant.to_string().contains("does not let Stint in"), "{grant}");

    let control = approved("30m");
    control.until_grant("ACTIVE");
    assert!(is_there(&control.artefact()), "with the right one it is given");
    control.withdraw("return");
    control.until_grant("ENDED");
}

#[test]
fn an_end_that_the_other_account_refuses_is_reported_and_tried_until_it_is_done() {
    let _alone = alone();
    let journey = approved("30m");
    journey.until_grant("ACTIVE");
    let key = journey.reveals();
    key.until_allowed(elsewhere::TABLE);
    let other = AnotherExternalId::asked_for();
    // Sessions that the functions have got last for a while; whoever finds one that fails begins a new one.
    let deny =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]});
    put(&deny);
    journey.session.post(&format!("/v1/grants/{}/return", journey.grant_id()), &Value::Null).unwrap();
    let grant = journey.until_grant("REMOVAL_FAILED")["grant"].clone();
    assert!(grant["failures"].as_u64() >= Some(1), "{grant}");
    assert!(is_there(&journey.artefact()) && key.read(elsewhere::TABLE) == Access::Allowed, "it is not lost");
    take();
    drop(other);
    journey.until_grant("ENDED");
    assert!(!is_there(&journey.artefact()) && gone(key.read(elsewhere::TABLE)));
    assert!(journey.actions().contains(&"grant.removal_failed".to_owned()), "{:?}", journey.actions());
    wait::until("the key to be nobody's", LATE, || Ok(gone(key.read(elsewhere::TABLE)).then_some(())))
        .unwrap();
    secrets::are_nowhere();
}

fn put(policy: &Value) {
    let values = [("RoleName", ROLE), ("PolicyName", "locked"), ("PolicyDocument", &policy.to_string())];
    there().form("iam", "PutRolePolicy", IAM, &values).unwrap();
}

fn take() {
    there().form("iam", "DeleteRolePolicy", IAM, &[("RoleName", ROLE), ("PolicyName", "locked")]).unwrap();
}
