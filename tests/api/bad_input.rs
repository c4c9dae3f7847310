//! What nobody could be given, or nobody in this place: each has a problem of its own, changes nothing, and stands in
//! the audit.

use crate::caller::{Caller, actions, ask, audited, grant, somebody_like, with};
use crate::problem::refused;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use stint_app::ports::Surroundings as _;
use stint_aws::surroundings::Machine;

const REQUESTS: &str = "/v1/requests";

fn from_now(hours: i64) -> String {
    let at = Timestamp::from_second(Machine.now().as_second()).unwrap();
    (at + SignedDuration::from_hours(hours)).to_string()
}

/// Refused, and then almost the same allowed.
fn refuses(caller: &Caller, body: &Value, status: u16, kind: &str, beside: &Value) {
    let before = audited(caller).len();
    refused(&caller.post(REQUESTS, body), status, kind);
    let events = actions(&audited(caller));
    assert_eq!(events[before..], ["request.refused denied"], "{kind}");
    let answer = caller.post(REQUESTS, beside);
    assert_eq!(answer.status, 201, "beside {kind}: {}", answer.body);
}

#[test]
fn each_thing_that_cannot_be_asked_for_is_a_problem_of_its_own_and_stands_in_the_audit() {
    let ana = somebody_like("ana");
    let lasting = |text: &str| with("duration", json!(text));
    let starting = |hours| with("starts_at", json!(from_now(hours)));
    refuses(&ana, &with("entitlement", json!("no-such-thing")), 403, "request-refused", &ask());
    refuses(&ana, &lasting("0s"), 400, "invalid-duration", &lasting("1s"));
    refuses(&ana, &lasting("-5m"), 400, "invalid-duration", &lasting("5m"));
    refuses(&ana, &lasting("4h1s"), 422, "duration-too-long", &lasting("4h"));
    refuses(&ana, &starting(-1), 422, "start-in-the-past", &starting(1));
    refuses(&ana, &starting(364 * 24), 422, "too-far-ahead", &starting(363 * 24));
}

#[test]
fn a_limit_is_told_to_whoever_may_ask_for_less_and_to_nobody_else() {
    let long = with("duration", json!("4h1s"));
    let told = somebody_like("ana").post(REQUESTS, &long);
    refused(&told, 422, "duration-too-long");
    assert_eq!(told.json()["detail"], "Ask for at most 4 h.");
    refused(&somebody_like("cleo").post(REQUESTS, &long), 403, "request-refused");
}

#[test]
fn an_extension_is_of_ones_own_active_grant_or_of_nothing() {
    let (ana, other) = (somebody_like("ana"), somebody_like("ana"));
    let (mine, theirs) = (ana.active(), other.active());
    let extending = |id: &str| json!({"entitlement": "build-logs-read", "duration": "5m", "justification": "longer", "extends": grant(id)});
    refuses(&ana, &extending(&theirs), 422, "nothing-to-extend", &extending(&mine));
    ana.post(&format!("/v1/grants/{}/return", grant(&mine)), &Value::Null).ok("return").unwrap();
    ana.until(&mine, "ENDED");
    refuses(&ana, &extending(&mine), 422, "nothing-to-extend", &ask());
}
