//! The key for approvals: one function seals with it, those that give check, and nobody else does either.

use crate::FUNCTIONS;
use crate::session::Role;
use serde_json::{Value, json};
use stint_local::Stage;

const ALGORITHM: &str = "HMAC_SHA_256";
const SAID: &str = "c29tZWJvZHkgYXBwcm92ZWQ=";

#[test]
fn the_function_that_approves_seals_and_those_that_give_check_and_nobody_does_both() {
    let stage = Stage::shared().unwrap();
    let key = stage.outputs.get("ApprovalKeyArn").unwrap();
    let made = |role: &Role<'_>| {
        let body = json!({"KeyId": key, "MacAlgorithm": ALGORITHM, "Message": SAID});
        role.json("kms", "TrentService.GenerateMac", &body)
    };
    let seal = made(&Role::of(stage, "stint-approve")).json()["Mac"].clone();
    let checked = |role: &Role<'_>, seal: &Value| {
        let body = json!({"KeyId": key, "MacAlgorithm": ALGORITHM, "Message": SAID, "Mac": seal});
        role.json("kms", "TrentService.VerifyMac", &body)
    };
    for function in FUNCTIONS {
        let role = Role::of(stage, function);
        let (seals, checks) = (made(&role), checked(&role, &seal));
        match function {
            "stint-approve" => role.allowed("GenerateMac", &seals),
            _ => role.refused("GenerateMac", &seals),
        }
        match function {
            "stint-grant" | "stint-reveal" => {
                role.allowed("VerifyMac", &checks);
                let forged = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
                role.passed("VerifyMac", &checked(&role, &forged), "KMSInvalidMac");
            }
            _ => role.refused("VerifyMac", &checks),
        }
        for action in ["DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "CreateGrant"] {
            role.refused(
                action,
                &role.json("kms", &format!("TrentService.{action}"), &json!({"KeyId": key})),
            );
        }
    }
}
