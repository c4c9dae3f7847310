//! Access without asking, and its review, by the API: every answer as `docs/openapi.yaml` says.

use crate::fakes::{Sent, Stage};
use serde_json::Value;
use stint_domain::transition::EndCause;

const EMERGENCY: &str = r#"{"entitlement":"payments-repair","duration":"30m","justification":"nobody answers","break_glass":true}"#;
const FOUND: &str = r#"{"finding":"justified","comment":"the ledger was down"}"#;

fn body(body: &str) -> Sent<'_> {
    Sent { headers: &[], body }
}

fn none() -> Sent<'static> {
    Sent::default()
}

impl Stage {
    /// Eva has something at once; the request's id.
    async fn emergency(&self) -> String {
        let request = self.ask("eva", "POST /v1/requests", 201, body(EMERGENCY)).await;
        assert_eq!((&request["state"], &request["review"]["state"]), (&"APPROVED".into(), &"OPEN".into()));
        let id = request["id"].as_str().unwrap().to_owned();
        self.activate(&id).await;
        id
    }

    /// And it is over.
    pub(crate) async fn past_emergency(&self) -> String {
        let id = self.emergency().await;
        self.end(&id, EndCause::Returned).await;
        id
    }
}

fn review(id: &str) -> String {
    format!("POST /v1/requests/{id}/review")
}

/// What a review says, without when.
fn said(request: &Value) -> (&str, &str, &str) {
    let text = |place: &str| request["review"].pointer(place).unwrap().as_str().unwrap();
    (text("/state"), text("/finding"), text("/by/id"))
}

#[tokio::test]
async fn somebody_else_says_whether_it_was_called_for_and_that_stands() {
    let stage = Stage::new();
    let id = stage.emergency().await;
    let early = stage.ask("gita", &review(&id), 409, body(FOUND)).await;
    assert_eq!(
        (&early["type"], &early["state"]),
        (&"urn:stint:problem:wrong-state".into(), &"ACTIVE".into())
    );
    stage.end(&id, EndCause::Returned).await;
    assert_eq!(
        said(&stage.ask("gita", &review(&id), 200, body(FOUND)).await),
        ("CLOSED", "justified", "gita")
    );
    assert_eq!(
        stage.ask("gita", &review(&id), 200, body(FOUND)).await["review"]["comment"],
        "the ledger was down"
    );
    let other = stage.ask("hugo", &review(&id), 409, body(&FOUND.replace("just", "unjust"))).await;
    assert_eq!(other["state"], "REVIEWED");
    let seen = stage.ask("eva", &format!("GET /v1/requests/{id}"), 200, none()).await;
    assert_eq!(said(&seen), ("CLOSED", "justified", "gita"));
}

#[tokio::test]
async fn whoever_has_had_it_is_told_that_others_review_it_and_strangers_learn_nothing() {
    let stage = Stage::new();
    let id = stage.past_emergency().await;
    let own = stage.ask("eva", &review(&id), 403, body(FOUND)).await;
    assert_eq!(own["type"], "urn:stint:problem:decision-refused");
    assert_eq!(
        stage.ask("cleo", &review(&id), 403, body(FOUND)).await["type"],
        own["type"],
        "an auditor sees it"
    );
    stage.ask("ana", &review(&id), 404, body(FOUND)).await;
    stage.send(&review(&id), 401, body(FOUND)).await;
    stage.ask("gita", &format!("GET /v1/requests/{id}"), 200, none()).await;
    stage.ask("ana", &format!("GET /v1/requests/{id}"), 404, none()).await;
    let asked = stage.approved("payments-read").await.replace("grant-", "req-");
    stage.ask("gita", &review(&asked), 404, body(FOUND)).await;
    stage.ask("ben", &review(&asked), 403, body(FOUND)).await;
}

#[tokio::test]
async fn a_review_that_says_nothing_or_nonsense_is_none() {
    let stage = Stage::new();
    let id = stage.past_emergency().await;
    for bad in [
        "{",
        "{}",
        r#"{"finding":"justified"}"#,
        r#"{"finding":"justified","comment":""}"#,
        r#"{"finding":"fine","comment":"x"}"#,
        r#"{"finding":"justified","comment":"x","y":1}"#,
    ] {
        stage.ask("gita", &review(&id), 400, body(bad)).await;
    }
    stage.ask("gita", &review(&id), 413, body(&" ".repeat(64 * 1024 + 1))).await;
    let plain = Sent { headers: &[("content-type", "text/plain")], body: FOUND };
    stage.ask("gita", &review(&id), 415, plain).await;
    stage.ask("gita", &review(&id), 200, body(FOUND)).await;
}

#[tokio::test]
async fn the_listing_says_who_may_have_what_at_once_and_a_dry_run_why() {
    let stage = Stage::new();
    let offers = stage.ask("eva", "GET /v1/entitlements", 200, none()).await;
    assert_eq!(offers["items"].as_array().unwrap().len(), 1, "{offers}");
    let offer = &offers["items"][0];
    assert_eq!((&offer["id"], &offer["approval"]), (&"payments-repair".into(), &Value::Null));
    let terms = serde_json::json!({ "max_duration": "PT30M", "review_within": "PT24H" });
    assert_eq!(offer["break_glass"], terms);
    let offers = stage.ask("ana", "GET /v1/entitlements", 200, none()).await;
    assert!(offers["items"].as_array().unwrap().iter().all(|offer| offer["break_glass"].is_null()));
    let would_be = stage.ask("eva", "POST /v1/requests?dry_run=true", 200, body(EMERGENCY)).await;
    assert_eq!(would_be["decided_by"][0]["policy"], "break-glass-by-group");
    assert_eq!(
        (&would_be["approval"], &would_be["request"]["review"]["state"]),
        (&Value::Null, &"OPEN".into())
    );
    stage.ask("ana", "POST /v1/requests?dry_run=true", 403, body(EMERGENCY)).await;
    let long = EMERGENCY.replace("30m", "31m");
    let long = stage.ask("eva", "POST /v1/requests", 422, body(&long)).await;
    assert_eq!(long["type"], "urn:stint:problem:duration-too-long");
    let later = EMERGENCY.replace("true", r#"true,"starts_at":"2099-01-01T00:00:00Z""#);
    stage.ask("eva", "POST /v1/requests", 400, body(&later)).await;
}
