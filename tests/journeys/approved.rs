//! Access that is given, and ends when it should.

use crate::scene::{APPROVED_AND_EXPIRED, Journey, now, stage, succeeded};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use stint_local::mail::inbox;
use stint_local::probe::Access;

const THROUGH: [&str; 4] = ["AwaitApproval", "Grant", "AccessWindow", "Expire"];

#[test]
fn what_was_approved_is_denied_before_allowed_in_its_window_and_denied_after() {
    let journey = Journey::begin("payments-read", "12s");
    journey.asked();
    assert_eq!(journey.look()["state"], "PENDING");
    assert_eq!((journey.access("payments"), journey.at_target()), (Access::Denied, Vec::new()));

    assert_eq!(journey.decided("approve").status, 200);
    journey.until_allowed("payments");
    assert_eq!(journey.at_target(), [journey.artefact()]);
    assert_eq!(journey.access("build-logs"), Access::Denied, "only what was asked for");

    assert_eq!(journey.ended(), succeeded(&THROUGH));
    assert_eq!((journey.access("payments"), journey.at_target()), (Access::Denied, Vec::new()));
    assert_eq!(journey.actions(), APPROVED_AND_EXPIRED);
    was_approved_by_ben_and_expired(&journey.look());
}

fn was_approved_by_ben_and_expired(request: &Value) {
    assert_eq!(request["state"], "APPROVED");
    assert_eq!(request["decision"]["by"]["name"], "Ben");
    let grant = &request["grant"];
    assert_eq!((&grant["state"], &grant["ended_by"]), (&json!("ENDED"), &json!("EXPIRED")));
    assert_eq!(grant["proof"]["receipt"]["answered"], "NoSuchEntity", "the target was read back");
}

#[test]
fn the_window_is_as_long_as_asked_and_ends_on_a_whole_second() {
    let journey = Journey::begin("build-logs-read", "15s");
    let window = journey.until_grant("ACTIVE")["grant"]["window"].clone();
    let at = |field: &str| window[field].as_str().unwrap().parse::<Timestamp>().unwrap();
    let (from, to) = (at("starts_at"), at("ends_at"));
    assert_eq!(to.subsec_nanosecond(), 0);
    let length = to.as_millisecond() - from.as_millisecond();
    assert!((15_000..16_000).contains(&length), "{window}");
    journey.ended();
    let ended: Timestamp = journey.look()["grant"]["ended_at"].as_str().unwrap().parse().unwrap();
    assert!(ended >= to, "ended at {ended}, before its end at {to}");
}

#[test]
fn what_policy_approves_at_once_needs_nobody_and_no_mail() {
    let journey = Journey::begin("build-logs-read", "12s");
    assert_eq!(journey.first["state"], "APPROVED");
    assert_eq!(journey.first["decision"]["by"]["policies"], json!(["auto-approve-low-risk"]));
    journey.until_allowed("build-logs");
    assert_eq!(journey.ended(), succeeded(&THROUGH));
    assert_eq!((journey.access("build-logs"), journey.at_target()), (Access::Denied, Vec::new()));
    let without_asking =
        APPROVED_AND_EXPIRED.iter().filter(|action| **action != "request.approvers_notified");
    assert_eq!(journey.actions().iter().collect::<Vec<_>>(), without_asking.collect::<Vec<_>>());
    let mails = inbox(&stage().http).unwrap();
    assert!(!mails.iter().any(|mail| mail.body_text.contains(&journey.id)));
}

#[test]
fn what_starts_later_is_denied_until_then() {
    stage(); // which takes its time
    let starts_at = (now() + 25.seconds()).round(jiff::Unit::Second).unwrap();
    let journey = Journey::asking(&json!({"entitlement": "payments-read", "duration": "12s",
        "justification": "at night", "starts_at": starts_at}));
    journey.decided("approve");
    let probe = journey.probe();
    while now() < starts_at {
        let access = probe.read("payments").unwrap();
        assert!(access == Access::Denied || now() >= starts_at, "allowed before {starts_at}");
    }
    journey.until_allowed("payments");
    assert_eq!(
        journey.ended(),
        succeeded(&["AwaitApproval", "Grant", "AwaitStart", "Grant", "AccessWindow", "Expire"])
    );
    assert_eq!(journey.actions(), APPROVED_AND_EXPIRED);
    assert_eq!(journey.access("payments"), Access::Denied);
}

#[test]
fn two_grants_of_one_person_do_not_take_each_other_down() {
    let longer = Journey::begin("build-logs-read", "30m");
    longer.until_allowed("build-logs");
    let shorter = longer.then("build-logs-read", "12s");
    shorter.ended();
    assert_eq!(longer.at_target(), [longer.artefact()]);
    assert_eq!(longer.access("build-logs"), Access::Allowed);
    longer.withdraw("return");
    longer.until_grant("ENDED");
    assert_eq!(longer.access("build-logs"), Access::Denied);
}
