//! The keys for approvals and for links: one function seals with each, those that go by it check, and nobody else does either.

use crate::FUNCTIONS;
use crate::session::Role;
use serde_json::{Value, json};
use stint_local::Stage;

const ALGORITHM: &str = "HMAC_SHA_256";
const SAID: &str = "c29tZWJvZHkgYXBwcm92ZWQ=";

#[test]
fn the_function_that_approves_seals_and_those_that_give_check_and_nobody_does_both() {
    sealed_by_one("ApprovalKeyArn", "stint-approve", &["stint-grant", "stint-reveal"]);
}

#[test]
fn the_function_that_mails_seals_links_and_the_one_that_opens_them_checks_and_nobody_does_both() {
    sealed_by_one("LinkKeyArn", "stint-notify", &["stint-approve"]);
}

fn sealed_by_one(key: &str, sealer: &'static str, checkers: &[&str]) {
    let stage = Stage::shared().unwrap();
    let key = stage.outputs.get(key).unwrap();
    let made = |role: &Role<'_>| {
        let body = json!({"KeyId": key, "MacAlgorithm": ALGORITHM, "Message": SAID});
        role.json("kms", "TrentService.GenerateMac", &body)
    };
    let seal = made(&Role::of(stage, sealer)).json()["Mac"].clone();
    let checked = |role: &Role<'_>, seal: &Value| {
        let body = json!({"KeyId": key, "MacAlgorithm": ALGORITHM, "Message": SAID, "Mac": seal});
        role.json("kms", "TrentService.VerifyMac", &body)
    };
    for function in FUNCTIONS {
        let role = Role::of(stage, function);
        let (seals, checks) = (made(&role), checked(&role, &seal));
        if function == sealer {
            role.allowed("GenerateMac", &seals);
        } else {
            role.refused("GenerateMac", &seals);
        }
        if checkers.contains(&function) {
            role.allowed("VerifyMac", &checks);
            let forged = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
            role.passed("VerifyMac", &checked(&role, &forged), "KMSInvalidMac");
        } else {
            role.refused("VerifyMac", &checks);
        }
        for action in ["DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "CreateGrant"] {
            role.refused(
                action,
                &role.json("kms", &format!("TrentService.{action}"), &json!({"KeyId": key})),
            );
        }
    }
}
