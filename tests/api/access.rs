//! Asking for what one may not have. It makes nothing but an entry in the audit, and tells nothing about what exists.

use crate::caller::{Caller, actions, ask, audited, somebody_like, stage, with};
use crate::problem::{refused, told};
use serde_json::{Value, json};
use stint_local::mail::inbox;

const REQUESTS: &str = "/v1/requests";

#[test]
fn an_entitlement_that_does_not_exist_answers_like_one_that_is_out_of_reach() {
    let ana = somebody_like("ana");
    let unknown = ana.post(REQUESTS, &with("entitlement", json!("no-such-thing")));
    let forbidden = ana.post(REQUESTS, &with("entitlement", json!("ledger-root")));
    refused(&unknown, 403, "request-refused");
    assert_eq!(told(&unknown), told(&forbidden));
    assert_eq!(ana.requests(), 0);
    let events = audited(&ana);
    assert_eq!(actions(&events), ["request.refused denied", "request.refused denied"]);
    let about: Vec<_> = events.iter().map(|event| event["entitlement"].as_str().unwrap()).collect();
    assert_eq!(about, ["no-such-thing", "ledger-root"]);
    assert_eq!(events[0]["detail"]["justification"], ask()["justification"]);
    assert_eq!(ana.post(REQUESTS, &ask()).status, 201);
}

#[test]
fn what_no_emergency_can_be_is_said_of_what_does_not_exist_as_of_what_is_out_of_reach() {
    let ana = somebody_like("ana");
    let answered = |entitlement: &str| {
        let mut body = with("entitlement", json!(entitlement));
        body["break_glass"] = json!(true);
        body["starts_at"] = json!("2099-01-01T00:00:00Z");
        ana.post(REQUESTS, &body)
    };
    let (unknown, forbidden) = (answered("no-such-thing"), answered("ledger-root"));
    refused(&unknown, 400, "invalid-field");
    assert_eq!(told(&unknown), told(&forbidden));
    let mut at_once = with("entitlement", json!("no-such-thing"));
    at_once["break_glass"] = json!(true);
    refused(&ana.post(REQUESTS, &at_once), 403, "request-refused");
}

/// Refused, then with one thing changed allowed.
fn is_only_allowed_with(caller: &Caller, refused_body: &Value, allowed_body: &Value) {
    refused(&caller.post(REQUESTS, refused_body), 403, "request-refused");
    assert_eq!(caller.requests(), 0);
    assert_eq!(actions(&audited(caller)), ["request.refused denied"]);
    let answer = caller.post(REQUESTS, allowed_body);
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(caller.requests(), 1);
}

#[test]
fn a_contractor_needs_a_ticket_and_somebody_who_decides() {
    let dora = somebody_like("dora");
    let mut body = with("entitlement", json!("build-logs-read"));
    let without = body.clone();
    body["ticket"] = json!("OPS-1");
    is_only_allowed_with(&dora, &without, &body);
    assert_eq!(dora.get(REQUESTS).json()["items"][0]["state"], "PENDING");
}

#[test]
fn a_contractor_for_whom_nobody_answers_asks_for_nothing() {
    let mut body = with("entitlement", json!("build-logs-read"));
    body["ticket"] = json!("OPS-1");
    refused(&somebody_like("finn").post(REQUESTS, &body), 403, "request-refused");
    let dora = somebody_like("dora");
    assert_eq!(dora.post(REQUESTS, &body).status, 201);
}

#[test]
fn whoever_may_only_decide_may_not_ask() {
    let (ben, ana) = (somebody_like("ben"), somebody_like("ana"));
    refused(&ben.post(REQUESTS, &ask()), 403, "request-refused");
    assert_eq!(ana.post(REQUESTS, &ask()).status, 201);
}

#[test]
fn what_is_listed_for_somebody_is_what_they_may_ask_for() {
    let listed = |name: &str| {
        let caller = somebody_like(name);
        let items = caller.get("/v1/entitlements").json()["items"].clone();
        items
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            // Listed in the office's hours and not by night.
            .filter(|id| id != "payroll-export")
            .collect::<Vec<_>>()
    };
    let engineers = [
        "beta-checkout",
        "build-logs-read",
        "fire-drill",
        "incident-read",
        "ledger-repair",
        "orders-read",
        "orders-repair",
        "payments-export",
        "payments-read",
        "payments-repair",
        "reports-export",
        "warehouse-read",
    ];
    assert_eq!(listed("ana"), engineers);
    assert_eq!(listed("dora"), ["build-logs-read"]);
    assert_eq!(listed("eva"), ["payments-repair"], "in an emergency");
    assert_eq!(listed("finn"), Vec::<String>::new());
    assert_eq!(listed("ben"), Vec::<String>::new());
}

#[test]
fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let ana = somebody_like("ana");
    let dry = |body: &Value| ana.post("/v1/requests?dry_run=true", body);
    let mails = inbox(&stage().http).unwrap().len();
    let would_be = dry(&ask());
    assert_eq!(would_be.status, 200, "{}", would_be.body);
    let shown = would_be.json();
    assert_eq!((&shown["dry_run"], &shown["request"]["id"]), (&json!(true), &Value::Null));
    assert_eq!(shown["request"]["state"], "PENDING");
    assert_eq!(dry(&with("entitlement", json!("build-logs-read"))).json()["request"]["state"], "APPROVED");
    refused(&dry(&with("entitlement", json!("ledger-root"))), 403, "request-refused");
    refused(&dry(&with("duration", json!("soon"))), 400, "invalid-duration");
    assert_eq!((ana.requests(), audited(&ana)), (0, Vec::new()));
    assert_eq!(stage().policies_of(iam_user(&shown)).unwrap(), Vec::<String>::new());
    let about_her = |mail: &&stint_local::mail::Mail| mail.body_text.contains(iam_user(&shown));
    assert_eq!(inbox(&stage().http).unwrap()[mails..].iter().filter(about_her).count(), 0);
    assert_eq!(ana.post("/v1/requests?dry_run=false", &ask()).status, 201);
    assert_eq!(ana.requests(), 1);
}

fn iam_user(shown: &Value) -> &str {
    shown["request"]["target"]["name"].as_str().unwrap()
}
