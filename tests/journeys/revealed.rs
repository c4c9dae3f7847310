//! A user of a grant's own: its key opens what was approved, for its holder alone, and is worth nothing after.

use crate::scene::{Journey, stage, succeeded};
use crate::secrets;
use crate::seen::{gone, until};
use jiff::Timestamp;
use serde_json::json;
use stint_local::probe::Access;

const ENTITLEMENT: &str = "payments-repair";
const THROUGH: [&str; 4] = ["AwaitApproval", "Grant", "AccessWindow", "Expire"];
const GIVEN_AND_TAKEN: [&str; 6] = [
    "request.approved",
    "grant.activation_started",
    "grant.activated",
    "grant.credential_requested",
    "grant.credential_revealed",
    "grant.removal_started",
];

#[test]
fn a_key_of_a_user_of_its_own_works_in_the_window_and_its_user_is_gone_after() {
    let journey = Journey::begin(ENTITLEMENT, "15s");
    journey.asked();
    nothing_to_reveal(&journey, 409, "wrong-state");
    journey.decided("approve");
    let ends_at = journey.window_end();
    let probe = journey.reveals();
    probe.until_allowed("payments");
    assert_eq!(probe.read("build-logs"), Access::Denied, "only what was asked for");
    assert!(stage().has_user(&journey.artefact()).unwrap());

    until(ends_at);
    assert!(gone(probe.read("payments")), "at the end of the window");
    assert_eq!(journey.ended(), succeeded(&THROUGH));
    assert_eq!(probe.read("payments"), Access::NoSuchKey);
    assert!(!stage().has_user(&journey.artefact()).unwrap());
    let actions = journey.actions();
    assert_eq!(actions[3..9], GIVEN_AND_TAKEN, "{actions:?}");
    assert_eq!(journey.look()["grant"]["proof"]["receipt"]["answered"], "NoSuchEntity");
    nothing_to_reveal(&journey, 410, "too-late");
    secrets::are_nowhere();
}

/// A problem, and on record is that somebody tried, and nothing that could have been issued.
fn nothing_to_reveal(journey: &Journey, status: u16, kind: &str) {
    let before = journey.actions();
    let answer = journey.session.ask_for_credentials(&journey.grant_id()).unwrap();
    assert_eq!(
        (answer.status, answer.json()["type"].clone()),
        (status, json!(format!("urn:stint:problem:{kind}")))
    );
    let tried = [before, vec!["request.action_refused".to_owned()]].concat();
    assert_eq!(journey.actions(), tried);
}

#[test]
fn whoever_reveals_again_has_one_key_and_it_is_the_last() {
    let journey = Journey::begin(ENTITLEMENT, "30m");
    journey.decided("approve");
    journey.until_grant("ACTIVE");
    let first = journey.reveals();
    first.until_allowed("payments");
    let second = journey.reveals();
    second.until_allowed("payments");
    assert_eq!(first.read("payments"), Access::NoSuchKey, "the second took its place");

    journey.withdraw("return");
    journey.until_grant("ENDED");
    assert_eq!(second.read("payments"), Access::NoSuchKey, "long before the end of the window");
    secrets::are_nowhere();
}

#[test]
fn a_key_is_revealed_to_its_holder_and_to_nobody_else() {
    let journey = Journey::begin(ENTITLEMENT, "30m");
    journey.decided("approve");
    journey.until_grant("ACTIVE");
    for name in ["ben", "eva", "cleo", "ana"] {
        let other = stage().sign_in(&stage().another(name).unwrap()).unwrap();
        let answer = other.ask_for_credentials(&journey.grant_id()).unwrap();
        assert_eq!(
            (answer.status, answer.json()["type"].clone()),
            (404, json!("urn:stint:problem:not-found"))
        );
    }
    let ben = stage().sign_in("ben").unwrap();
    assert_eq!(
        ben.ask_for_credentials(&journey.grant_id()).unwrap().status,
        404,
        "who approved it has not got it"
    );
    let revealed = journey.actions().iter().filter(|action| action.starts_with("grant.credential")).count();
    assert_eq!(revealed, 0, "{:?}", journey.actions());
    journey.reveals().until_allowed("payments");
    journey.withdraw("return");
    journey.until_grant("ENDED");
    secrets::are_nowhere();
}

#[test]
fn the_answer_is_what_credential_process_reads_and_is_kept_by_nobody_on_its_way() {
    let journey = Journey::begin(ENTITLEMENT, "30m");
    journey.decided("approve");
    let ends_at = journey.window_end();
    let answer = journey.session.ask_for_credentials(&journey.grant_id()).unwrap().ok("credentials").unwrap();
    secrets::handed_out(&stint_local::key::AccessKey::handed_out(&answer.json()).unwrap());
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let body = answer.json();
    let fields: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["Version", "AccessKeyId", "SecretAccessKey", "Expiration"]);
    assert_eq!(body["Version"], 1);
    assert_eq!(body["Expiration"].as_str().unwrap().parse::<Timestamp>().unwrap(), ends_at);
    journey.withdraw("return");
    journey.until_grant("ENDED");
    secrets::are_nowhere();
}

#[test]
fn who_is_elevated_uses_the_key_they_have_and_is_told_so() {
    let journey = Journey::begin("build-logs-read", "10m");
    journey.until_grant("ACTIVE");
    let answer = journey.session.ask_for_credentials(&journey.grant_id()).unwrap();
    assert_eq!(
        (answer.status, answer.json()["type"].clone()),
        (409, json!("urn:stint:problem:no-credential"))
    );
    journey.until_allowed("build-logs");
    journey.withdraw("return");
}
