//! From where somebody asks or decides, and by how many factors: what policy sees is what the gateway and the token say,
//! and nothing else that a request carries.

use crate::fakes::{ISSUER, Sent, Stage, request, signed};
use crate::pages::{Page, critical, page_under};
use crate::sign_in::{Issuer, come_back_with, session};
use crate::workloads;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use serde_json::{Value, json};
use std::sync::Arc;
use stint_app::ports::Surroundings as _;
use stint_domain::ids::RequestId;
use stint_domain::principal::Origin;
use stint_edge::api::router;
use stint_edge::approvals;
use stint_policy::PolicyBundle;
use tower::ServiceExt as _;

const OFFICE: &str = "198.51.100.7";
const HOME: &str = "203.0.113.9";
const ASK: &str =
    r#"{"entitlement":"build-logs-read","duration":"30m","justification":"the nightly report"}"#;

/// As the gateway hands it to the function.
fn from(address: &str, mut request: Request<Body>) -> Request<Body> {
    let context: ApiGatewayV2httpRequestContext = serde_json::from_value(json!({
        "http": { "method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": address, "userAgent": "test" },
        "timeEpoch": 0,
    }))
    .unwrap();
    request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
    request
}

/// What is on record of the one request that `bearer` makes from the office, whose headers say something else.
async fn recorded(stage: &Stage, bearer: &str, path: &str) -> Origin {
    let elsewhere = [("x-forwarded-for", HOME), ("forwarded", "for=203.0.113.9"), ("x-real-ip", HOME)];
    let headers = [("authorization", bearer), ("content-type", "application/json")];
    let sent = request("POST", path, Sent { headers: &[&headers[..], &elsewhere].concat(), body: ASK });
    let answer = router(Arc::clone(&stage.api)).oneshot(from(OFFICE, sent)).await.unwrap();
    stage.check("POST", path, 201, answer).await;
    let state = stage.api.store.state();
    let [made] = &state.records.values().collect::<Vec<_>>()[..] else { panic!("one request") };
    made.request.scope.origin.unwrap()
}

fn bearer_of(stage: &Stage, more: &Value) -> String {
    let now = stage.api.surroundings.now().as_second();
    let mut claims = json!({ "iss": ISSUER, "sub": "ana", "client_id": "cli", "token_use": "access", "iat": now,
                             "exp": now + 300 });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    format!("Bearer {}", signed(&claims))
}

#[tokio::test]
async fn an_address_is_the_gateways_and_a_second_factor_the_tokens() {
    for (more, mfa) in [
        (json!({ "amr": ["pwd", "mfa"] }), true),
        (json!({ "amr": ["pwd"] }), false),
        (json!({ "mfa": true }), false),
        (json!({}), false),
    ] {
        let stage = Stage::new();
        let origin = recorded(&stage, &bearer_of(&stage, &more), "/v1/requests").await;
        assert_eq!(origin, Origin { address: OFFICE.parse().unwrap(), mfa }, "{more}");
    }
}

#[tokio::test]
async fn a_workload_has_an_address_and_no_second_factor_whatever_its_token_says() {
    let stage = workloads::stage();
    let bearer = workloads::bearer_with(&stage, &json!({ "amr": ["mfa"] }));
    let origin = recorded(&stage, &bearer, "/v1/workloads/requests").await;
    assert_eq!(origin, Origin { address: OFFICE.parse().unwrap(), mfa: false });
}

/// Signed in, and besides as `rule` has it.
fn page(rule: &str) -> Page {
    let forbid = |id: &str, when: &str| {
        format!(
            r#"@id("{id}") @reason("{id}") forbid (principal, action == Stint::Action::"approve", resource) when {{ {when} }};"#
        )
    };
    let cedar = [
        include_str!("../../../../policies/request.cedar").to_owned(),
        include_str!("../../../../policies/approve.cedar").to_owned(),
        forbid("sign-in", "!context.signed_in"),
        forbid("rule", rule),
    ];
    let catalog = json!({ "entitlement": [{
        "id": "ledger-repair", "title": "Thing", "description": "A thing.", "risk": "critical",
        "access": { "kind": "ephemeral_iam_user", "permissions": [] },
        "max_duration": "1h", "decide_within": "8h", "requesters": ["engineers"],
        "approval": [{ "need": 2, "groups": ["security-officers"] }],
    }] });
    page_under(
        PolicyBundle::from_sources(&catalog.to_string(), &cedar.concat()).unwrap(),
        Some(Issuer::sign_in()),
    )
}

async fn sent(page: &Page, method: &str, path: &str, cookie: &str, form: &str, address: &str) -> Response {
    let headers = [("cookie", cookie), ("content-type", "application/x-www-form-urlencoded")];
    let request = from(address, request(method, path, Sent { headers: &headers, body: form }));
    approvals::router(Arc::clone(page)).oneshot(request).await.unwrap()
}

async fn shown(page: &Page, path: &str, cookie: &str, address: &str) -> String {
    let response = sent(page, "GET", path, cookie, "", address).await;
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

/// What comes of an approval from `address` after a sign-in whose token has these claims, too.
async fn approves(page: &Page, path: &str, address: &str, more: &Value) -> u16 {
    let back = come_back_with(page, path, "gita", more).await;
    let nonce = "n".repeat(43);
    let cookie = format!("__Host-stint={nonce}; {}", session(page, &back).await);
    let form = format!("nonce={nonce}&decision=approve");
    sent(page, "POST", path, &cookie, &form, address).await.status().as_u16()
}

#[tokio::test]
async fn a_sign_in_is_offered_where_the_place_matters_as_well_and_only_in_that_place() {
    let page =
        page(r#"context has source_address && !context.source_address.isInRange(ip("198.51.100.0/24"))"#);
    let (path, _) = critical(&page).await;
    assert!(shown(&page, &path, "", OFFICE).await.contains("/sign-in\""));
    assert!(!shown(&page, &path, "", HOME).await.contains("/sign-in\""), "it would be in vain");
    assert_eq!(approves(&page, &path, HOME, &json!({})).await, 403);
    assert_eq!(approves(&page, &path, OFFICE, &json!({})).await, 200);
}

#[tokio::test]
async fn a_sign_in_is_offered_where_it_takes_a_second_factor_and_one_without_does_not_do() {
    let page = page("!context.mfa");
    let (path, _) = critical(&page).await;
    assert!(shown(&page, &path, "", OFFICE).await.contains("/sign-in\""));
    assert_eq!(approves(&page, &path, OFFICE, &json!({ "amr": ["pwd"] })).await, 403);
    assert_eq!(approves(&page, &path, OFFICE, &json!({ "amr": ["pwd", "mfa"] })).await, 200);
}

/// What the API answers to `who`, who approves from `address`.
async fn approves_by_api(page: &Page, id: RequestId, who: &str, address: &str) -> (u16, Value) {
    let now = page.surroundings.now().as_second();
    let claims = json!({ "iss": ISSUER, "sub": who, "client_id": "cli", "token_use": "access", "iat": now,
                         "exp": now + 300 });
    let bearer = format!("Bearer {}", signed(&claims));
    let sent = Sent { headers: &[("authorization", &bearer)], body: "" };
    let asked = from(address, request("POST", &format!("/v1/requests/{id}/approve"), sent));
    let response = approvals::router(Arc::clone(page)).oneshot(asked).await.unwrap();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn an_approver_is_told_why_policy_says_no_and_a_stranger_that_there_is_nothing() {
    let page =
        page(r#"context has source_address && !context.source_address.isInRange(ip("198.51.100.0/24"))"#);
    let (path, id) = critical(&page).await;
    let (status, told) = approves_by_api(&page, id, "gita", HOME).await;
    assert_eq!((status, &told["type"]), (403, &json!("urn:stint:problem:decision-refused")));
    assert_eq!(told["reasons"], json!([{ "policy": null, "reason": "rule" }]), "{told}");
    let (status, told) = approves_by_api(&page, id, "dora", HOME).await;
    assert!(status == 404 && told.get("reasons").is_none(), "{told}");

    let back = come_back_with(&page, &path, "gita", &json!({})).await;
    let nonce = "n".repeat(43);
    let cookie = format!("__Host-stint={nonce}; {}", session(&page, &back).await);
    let form = format!("nonce={nonce}&decision=approve");
    let refused = sent(&page, "POST", &path, &cookie, &form, HOME).await;
    assert_eq!(refused.status(), 403);
    let html = to_bytes(refused.into_body(), usize::MAX).await.unwrap();
    assert!(String::from_utf8_lossy(&html).contains("Policy says no: rule. Nothing has been decided."));
    assert_eq!(approves_by_api(&page, id, "gita", OFFICE).await.0, 200);
}
