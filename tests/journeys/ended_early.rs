//! "I'm done": access that its holder gives back.

use crate::scene::{APPROVED_AND_EXPIRED, Journey, now};
use jiff::Timestamp;
use serde_json::json;
use stint_local::probe::Access;

#[test]
fn what_was_given_back_is_denied_long_before_the_end_of_its_window() {
    let journey = Journey::begin("payments-read", "2h");
    journey.decided("approve");
    journey.until_allowed("payments");
    let ends_at = journey.until_grant("ACTIVE")["grant"]["window"]["ends_at"].clone();
    journey.withdraw("return");

    let grant = journey.until_grant("ENDED")["grant"].clone();
    assert_eq!((journey.access("payments"), journey.at_target()), (Access::Denied, Vec::new()));
    assert!(now() < ends_at.as_str().unwrap().parse::<Timestamp>().unwrap());
    assert_eq!(grant["ended_by"], "RETURNED");
    assert_eq!(journey.ended().0, "ABORTED");
    let started = journey.event("grant.removal_started");
    assert_eq!(started["actor"]["type"], "person", "who gave it back stands in the audit: {started}");
    assert_eq!(journey.actions(), APPROVED_AND_EXPIRED, "the same steps, by other hands");
}

#[test]
fn giving_back_twice_is_as_good_as_once() {
    let journey = Journey::begin("build-logs-read", "30m");
    journey.until_grant("ACTIVE");
    assert_eq!(journey.withdraw("return").status, 200);
    journey.until_grant("ENDED");
    let before = journey.actions();
    assert_eq!(journey.withdraw("return").json()["ended_by"], json!("RETURNED"));
    assert_eq!(journey.actions(), before);
}
