//! Executions that somebody stops from outside: whatever they left behind is taken away.

use crate::scene::{APPROVED_AND_EXPIRED, Journey, LATE};
use crate::seen::asked_and;
use serde_json::json;
use stint_local::probe::Access;

#[test]
fn access_ends_when_its_execution_is_stopped() {
    let journey = Journey::begin("payments-read", "2h");
    journey.decided("approve");
    journey.until_allowed("payments");
    journey.until_grant("ACTIVE");
    journey.execution().stop().unwrap();

    let grant = journey.until_grant("ENDED")["grant"].clone();
    assert_eq!((journey.access("payments"), journey.at_target()), (Access::Denied, Vec::new()));
    assert_eq!(grant["ended_by"], "REVOKED");
    assert_eq!(journey.execution().status().unwrap(), "ABORTED");
    assert_eq!(journey.actions(), APPROVED_AND_EXPIRED);
    let started = journey.event("grant.removal_started");
    assert_eq!(started["detail"]["why"]["cause"], json!("workflow_ended"), "{started}");
    assert_eq!(started["actor"]["component"], json!("expire"), "by the rule, not by a sweep: {started}");
}

#[test]
fn a_request_whose_execution_is_stopped_lapses_and_is_never_given() {
    let journey = Journey::begin("payments-read", "2h");
    let mail = journey.asked();
    journey.execution().stop().unwrap();

    journey.until_action("request.lapsed");
    let seen = journey.look();
    assert_eq!((&seen["state"], &seen["decision"]["because"]), (&json!("LAPSED"), &json!("workflow_ended")));
    assert_eq!(journey.execution().ended(LATE).unwrap(), "ABORTED");
    assert_eq!(journey.actions_once_told(), asked_and("request.lapsed"));
    let page = journey.stage.browser().open(mail.link().unwrap()).unwrap();
    assert!(page.body.contains("Lapsed") && !page.body.contains("<form"), "{}", page.body);
    journey.nothing_was_given();
}
