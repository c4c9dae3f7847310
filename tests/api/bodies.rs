//! Bodies of every wrong kind. Beside each stands the right one; at the end nothing has been made but that.

use crate::caller::{Caller, actions, ask, audited, signed_in, somebody_like, with};
use crate::problem::refused;
use serde_json::{Value, json};

const REQUESTS: &str = "/v1/requests";
const JSON: Option<&str> = Some("application/json");

/// Nothing but what a good request makes has been made. A body that cannot be read is no attempt on anything.
fn made_nothing(caller: &Caller) {
    only_refused(caller, 0);
}

/// The same, and each refusal stands in the audit.
fn only_refused(caller: &Caller, times: usize) {
    assert_eq!(caller.requests(), 0);
    assert_eq!(actions(&audited(caller)), vec!["request.refused denied"; times]);
    assert_eq!(caller.post(REQUESTS, &ask()).status, 201);
    assert_eq!(caller.requests(), 1);
}

#[test]
fn what_is_no_json_or_not_said_to_be_makes_nothing() {
    let ana = somebody_like("ana");
    let good = ask().to_string();
    for body in ["", "{", "nonsense", "\u{feff}{}", "{'a':1}", "NaN", "{\"entitlement\":\"\\ud800\"}"] {
        refused(&ana.raw(REQUESTS, JSON, body), 400, "malformed-body");
    }
    refused(&ana.raw(REQUESTS, JSON, &(good.clone() + " {}")), 400, "malformed-body");
    refused(&ana.raw(REQUESTS, JSON, &"[".repeat(20_000)), 400, "wrong-type");
    for kind in
        [Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp"), Some("")]
    {
        refused(&ana.raw(REQUESTS, kind, &good), 415, "unsupported-media-type");
    }
    made_nothing(&ana);
    assert_eq!(ana.raw(REQUESTS, Some("Application/JSON; charset=utf-8"), &good).status, 201);
}

#[test]
fn more_than_64_kib_is_too_large_and_just_as_much_is_not() {
    let ana = somebody_like("ana");
    let padded = |size: usize| format!("{}{}", ask(), " ".repeat(size - ask().to_string().len()));
    for size in [64 * 1024 + 1, 1024 * 1024] {
        refused(&ana.raw(REQUESTS, JSON, &padded(size)), 413, "too-large");
    }
    made_nothing(&ana);
    assert_eq!(ana.raw(REQUESTS, JSON, &padded(64 * 1024)).status, 201);
}

#[test]
fn fields_are_missing_unknown_or_of_the_wrong_type_by_name() {
    let ana = somebody_like("ana");
    let wrong = |kind: &str, field: &str, body: &Value| {
        let answer = ana.post(REQUESTS, body);
        refused(&answer, 400, kind);
        assert_eq!(answer.json()["field"], field, "{}", answer.body);
    };
    for field in ["entitlement", "duration", "justification"] {
        wrong("missing-field", field, &with(field, Value::Null));
        for value in [json!(1), json!(true), json!([]), json!({"a": "b"})] {
            wrong("wrong-type", field, &with(field, value));
        }
    }
    wrong("unknown-field", "state", &with("state", json!("APPROVED")));
    wrong("unknown-field", "requester", &with("requester", json!("somebody else")));
    wrong("unknown-field", "target", &with("target", json!({"kind": "iam_user", "name": "root"})));
    wrong("wrong-type", "ticket", &with("ticket", json!(7)));
    for body in [json!([]), json!("text"), json!(5), json!([ask()])] {
        refused(&ana.post(REQUESTS, &body), 400, "wrong-type");
    }
    let twice = ask().to_string().replacen('{', "{\"duration\":\"1m\",", 1);
    let answer = ana.raw(REQUESTS, JSON, &twice);
    assert_eq!(answer.status, 400, "{}", answer.body);
    refused(&answer, 400, answer.json()["type"].as_str().unwrap().trim_start_matches("urn:stint:problem:"));
    made_nothing(&ana);
}

#[test]
fn values_that_cannot_be_accepted_are_said_to_be_by_name() {
    let ana = somebody_like("ana");
    let durations =
        ["0s", "-5m", "soon", "", "365d", "1", "1.5s", "99999999999999h", "PT", "5 m 5", "1y", "P1Y", "🕐"];
    let cases = durations.map(|text| ("duration", json!(text))).into_iter().chain([
        ("justification", json!("")),
        ("justification", json!(" \n\t\u{2003}")),
        ("justification", json!("x".repeat(4097))),
        ("entitlement", json!("")),
        ("entitlement", json!("Payments")),
        ("entitlement", json!("a b")),
        ("entitlement", json!("x".repeat(65))),
        ("ticket", json!("")),
        ("ticket", json!("two words")),
        ("ticket", json!("x".repeat(129))),
        ("starts_at", json!("tomorrow")),
        ("extends", json!("grant-1")),
        ("starts_at", json!("2999-01-01T00:00:00.5Z")),
    ]);
    let mut tried = 0;
    for (field, value) in cases {
        let answer = ana.post(REQUESTS, &with(field, value));
        refused(&answer, 400, if field == "duration" { "invalid-duration" } else { "invalid-field" });
        assert_eq!(answer.json()["field"], field, "{}", answer.body);
        tried += 1;
    }
    only_refused(&ana, tried);
}

#[test]
fn what_was_sent_is_not_said_again() {
    let ana = somebody_like("ana");
    let secret = "AKIASECRETSECRET";
    for body in [
        json!({secret: 1}),
        with("duration", json!(secret)),
        with("ticket", json!(format!("a {secret}"))),
        with("starts_at", json!(secret)),
        with(secret, json!(secret)),
    ] {
        let answer = ana.post(REQUESTS, &body);
        assert!(answer.status == 400 && !answer.body.contains(secret), "{}", answer.body);
    }
    let events = audited(&ana);
    assert!(events.len() == 3 && !format!("{events:?}").contains(secret), "{events:?}");
    only_refused(&ana, 3);
}

#[test]
fn a_comment_is_read_as_strictly_and_decides_nothing_if_it_is_wrong() {
    let (ana, ben) = (somebody_like("ana"), signed_in("ben"));
    let id = ana.pending();
    for verb in ["approve", "deny"] {
        let path = format!("{REQUESTS}/{id}/{verb}");
        refused(&ben.post(&path, &json!({"comment": 1})), 400, "wrong-type");
        refused(&ben.post(&path, &json!({"comment": ""})), 400, "invalid-field");
        refused(&ben.post(&path, &json!({"comment": "x".repeat(1025)})), 400, "invalid-field");
        refused(&ben.post(&path, &json!({"as": "root"})), 400, "unknown-field");
        refused(&ben.raw(&path, JSON, "{"), 400, "malformed-body");
        refused(&ben.raw(&path, Some("text/plain"), "{}"), 415, "unsupported-media-type");
        refused(&ben.raw(&path, JSON, &" ".repeat(70_000)), 413, "too-large");
    }
    assert_eq!(ana.session.look(&id).unwrap()["state"], "PENDING");
    assert_eq!(ben.raw(&format!("{REQUESTS}/{id}/deny"), None, "").status, 200, "no body, no comment");
    assert_eq!(ana.session.look(&id).unwrap()["state"], "DENIED");
}
