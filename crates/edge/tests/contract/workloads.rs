//! The routes of workloads: who is let in on which, and that everything else about them is as on the routes of people.

use crate::fakes::{Keys, Sent, Stage, request, signed_by};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use stint_edge::api::{ROUTES, WORKLOAD_ROUTES, router};
use stint_edge::identity::WorkloadVerifier;
use stint_policy::{PolicyBundle, Workloads};
use tower::ServiceExt as _;

/// Made for tests; it opens nothing anywhere.
const KEY: &[u8] = include_bytes!("../../src/identity/test-only-other-key.pk8");
const ISSUER: &str = "https://token.example.org";
const MAIN: &str = "repo:acme/ledger:ref:refs/heads/main";
const UNKNOWN: &str = "ffffffffffffffffffffffffffffffff";
const ASK: &str =
    r#"{"entitlement":"build-logs-read","duration":"30m","justification":"the nightly report"}"#;
/// A kind of access with a credential, for services: the sample has none.
const REPORTS: &str =
    r#"{"entitlement":"reports-read","duration":"30m","justification":"the nightly report"}"#;

/// Whom the workloads of these tests stand for, or would.
pub(crate) fn verifier() -> WorkloadVerifier<Keys> {
    let one =
        |subject: &str, service: &str| json!({ "issuer": ISSUER, "subject": subject, "service": service });
    let known = [one(MAIN, "nightly-report"), one("job-of-a-person", "ana"), one("job-of-nobody", "ghost")];
    let services = Workloads::from_json(&json!({ "workload": known }).to_string()).unwrap();
    WorkloadVerifier::new(Keys(KEY), ISSUER.to_owned(), "stint".to_owned(), services)
}

fn anybody_anything() -> PolicyBundle {
    let catalog = json!({ "entitlement": [{
        "id": "reports-read", "title": "Read reports", "description": "Sessions for reports.", "risk": "low",
        "max_duration": "1h", "decide_within": "1h",
        "access": { "kind": "role_session", "role": "arn:aws:iam::000000000000:role/stint-target/incident-reader",
                    "permissions": [{ "actions": ["dynamodb:GetItem"], "resources": ["arn:aws:dynamodb:*:*:table/reports"] }] },
    }] });
    let all = "@id(\"all\") @reason(\"all\") permit (principal, action, resource);";
    PolicyBundle::from_sources(&catalog.to_string(), all).unwrap()
}

pub(crate) fn stage() -> Stage {
    Stage::with(|| PolicyBundle::embedded().unwrap(), Some(verifier()))
}

fn bearer_of(stage: &Stage, subject: &str) -> String {
    bearer_with(stage, &json!({ "sub": subject }))
}

/// Of the workload [`MAIN`], unless `more` says otherwise.
pub(crate) fn bearer_with(stage: &Stage, more: &Value) -> String {
    use stint_app::ports::Surroundings as _;
    let now = stage.api.surroundings.now().as_second();
    let mut claims = json!({ "iss": ISSUER, "sub": MAIN, "aud": "stint", "iat": now, "exp": now + 300 });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    format!("Bearer {}", signed_by(&claims, KEY))
}

/// From the function that the gateway hands the route to.
async fn answer(stage: &Stage, bearer: &str, method: &str, path: &str, body: &str) -> Response {
    let headers = [("authorization", bearer), ("content-type", "application/json")];
    let router = match path.rsplit('/').next() {
        Some("approve" | "deny" | "review") => stage.approving(),
        Some("credentials") => stage.revealing(),
        _ => router(Arc::clone(&stage.api)),
    };
    router.oneshot(request(method, path, Sent { headers: &headers, body })).await.unwrap()
}

fn filled(path: &str) -> String {
    let kind = if path.contains("/grants") { "grant" } else { "req" };
    path.replace("{id}", &format!("{kind}-{UNKNOWN}"))
}

/// Of the workload [`MAIN`], held to the document.
async fn ask(stage: &Stage, call: &str, expected: u16, body: &str) -> Value {
    let (method, path) = call.split_once(' ').unwrap();
    let response = answer(stage, &bearer_of(stage, MAIN), method, path, body).await;
    stage.check(method, path, expected, response).await
}

#[tokio::test]
async fn a_workload_is_nobody_on_the_routes_of_people() {
    let stage = stage();
    let (workload, service) = (bearer_of(&stage, MAIN), stage.bearer("nightly-report"));
    for (method, path) in ROUTES {
        let path = filled(path);
        let refused = answer(&stage, &workload, method, &path, "{}").await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        let known = answer(&stage, &service, method, &path, "{}").await;
        assert_ne!(known.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
    }
}

#[tokio::test]
async fn whoever_signed_in_with_the_first_issuer_is_nobody_on_the_routes_of_workloads() {
    let stage = stage();
    let workload = bearer_of(&stage, MAIN);
    for (method, path) in WORKLOAD_ROUTES {
        let path = filled(path);
        for who in ["nightly-report", "ana", MAIN] {
            let refused = answer(&stage, &stage.bearer(who), method, &path, "{}").await;
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{who}: {method} {path}");
        }
        let none = answer(&stage, "", method, &path, "{}").await;
        assert_eq!(none.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        let known = answer(&stage, &workload, method, &path, "{}").await;
        assert_ne!(known.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
    }
}

#[tokio::test]
async fn a_workload_stands_for_a_service_that_is_there_and_for_nobody_else() {
    let stage = stage();
    let mine = "GET /v1/workloads/grants";
    let (method, path) = mine.split_once(' ').unwrap();
    for nobody in ["job-of-a-person", "job-of-nobody", "nightly-report", "ana", &MAIN.to_uppercase()] {
        let refused = answer(&stage, &bearer_of(&stage, nobody), method, path, "").await;
        stage.check(method, path, 401, refused).await;
    }
    ask(&stage, mine, 200, "").await;
    stage.api.directory.state().people.remove(&"nightly-report".parse().unwrap());
    ask(&stage, mine, 401, "").await;
}

#[tokio::test]
async fn a_workload_asks_looks_and_withdraws_as_its_service() {
    let stage = stage();
    let would_be = ask(&stage, "POST /v1/workloads/requests?dry_run=true", 200, ASK).await;
    assert_eq!(would_be["decided_by"][0]["policy"], "auto-approve-low-risk");
    let bearer = bearer_of(&stage, MAIN);
    let made = answer(&stage, &bearer, "POST", "/v1/workloads/requests", ASK).await;
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    let made = stage.check("POST", "/v1/workloads/requests", 201, made).await;
    assert_eq!((&made["requester"], &made["state"]), (&json!("nightly-report"), &json!("APPROVED")));
    assert_eq!(ask(&stage, &format!("GET {location}"), 200, "").await["id"], made["id"]);
    let grant = made["grant"]["id"].as_str().unwrap();
    ask(&stage, &format!("GET /v1/workloads/grants/{grant}"), 200, "").await;
    assert_eq!(ask(&stage, "GET /v1/workloads/grants", 200, "").await["items"][0]["id"], grant);
    let credentials = format!("POST /v1/workloads/grants/{grant}/credentials");
    ask(&stage, &credentials, 409, "").await;
    ask(&stage, &format!("POST {location}/cancel"), 200, "").await;
    ask(&stage, "POST /v1/workloads/requests", 403, &ASK.replace("build-logs-read", "payments-read")).await;
    let strangers = stage.ask("ana", "POST /v1/requests", 201, Sent { headers: &[], body: ASK }).await;
    let id = strangers["id"].as_str().unwrap();
    ask(&stage, &format!("GET /v1/workloads/requests/{id}"), 404, "").await;
    ask(&stage, &format!("POST /v1/workloads/requests/{id}/cancel"), 404, "").await;
}

#[tokio::test]
async fn a_workload_is_given_the_credential_of_its_service_and_ends_its_access() {
    let stage = Stage::with(anybody_anything, Some(verifier()));
    ask(&stage, "POST /v1/workloads/requests?dry_run=true", 200, REPORTS).await;
    let other = ask(&stage, "POST /v1/workloads/requests", 201, REPORTS).await;
    let other = other["id"].as_str().unwrap();
    ask(&stage, &format!("POST /v1/workloads/requests/{other}/cancel"), 200, "").await;
    let made = ask(&stage, "POST /v1/workloads/requests", 201, REPORTS).await;
    let (request, grant) = (made["id"].as_str().unwrap(), made["grant"]["id"].as_str().unwrap());
    stage.activate(request).await;
    let credentials = format!("/v1/workloads/grants/{grant}/credentials");
    let other = answer(&stage, &stage.bearer("nightly-report"), "POST", &credentials, "").await;
    stage.check("POST", &credentials, 401, other).await;
    assert!(stage.api.store.state().issued.is_empty());
    let credential = ask(&stage, &format!("POST {credentials}"), 200, "").await;
    assert!(credential["SessionToken"].is_string(), "{:?}", credential["Version"]);
    ask(&stage, &format!("POST /v1/workloads/grants/{grant}/return"), 200, "").await;
    ask(&stage, &format!("GET /v1/workloads/requests/{request}"), 200, "").await;
    ask(&stage, &format!("GET /v1/workloads/grants/{grant}"), 200, "").await;
    ask(&stage, "GET /v1/workloads/grants", 200, "").await;
    stage.assert_seen_all(|path| path.starts_with("/v1/workloads/"));
}

#[tokio::test]
async fn where_no_other_issuer_is_named_its_routes_are_not_there() {
    let stage = Stage::new();
    for (method, path) in WORKLOAD_ROUTES {
        for bearer in [bearer_of(&stage, MAIN), stage.bearer("nightly-report")] {
            for method in [method, "PUT"] {
                let answer = answer(&stage, &bearer, method, &filled(path), "{}").await;
                assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{method} {path}");
            }
        }
    }
    let stage = self::stage();
    for (_, path) in WORKLOAD_ROUTES {
        let answer = answer(&stage, &bearer_of(&stage, MAIN), "PUT", &filled(path), "{}").await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}
