//! A workload's token: each way in which it is nobody's, beside the one in which it stands for a service.

use super::*;
use stint_policy::Workloads;

const MAIN: &str = "repo:acme/ledger:ref:refs/heads/main";
const WORKLOADS: &str = "https://token.example.org";

fn services() -> Workloads {
    let entries = [(WORKLOADS, MAIN), (ISSUER, "7d0c-ana")];
    let entries = entries.map(
        |(issuer, subject)| json!({ "issuer": issuer, "subject": subject, "service": "nightly-report" }),
    );
    Workloads::from_json(&json!({ "workload": entries }).to_string()).unwrap()
}

/// The keys have the same id as those of the first issuer.
fn workload_verifier() -> WorkloadVerifier<Source> {
    let source = Source(Mutex::new(vec![key_set("k1", OTHER_KEY)]));
    WorkloadVerifier::new(source, WORKLOADS.to_owned(), "stint".to_owned(), services())
}

/// As GitHub Actions signs them.
fn job() -> Value {
    json!({
        "iss": WORKLOADS, "sub": MAIN, "aud": "stint", "jti": "1f9c", "ref": "refs/heads/main", "repository": "acme/ledger",
        "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 300,
    })
}

fn job_with(name: &str, value: Value) -> Value {
    let mut claims = job();
    claims[name] = value;
    claims
}

fn header() -> Value {
    json!({ "alg": "RS256", "kid": "k1", "typ": "JWT" })
}

async fn ask(token: &str, gateway: GatewayIdentity) -> Result<PrincipalId, IdentityError> {
    workload_verifier().verify(&headers(token), &gateway, at(NOW)).await
}

async fn refused(claims: &Value) -> Rejection {
    match ask(&signed(&header(), claims, OTHER_KEY), GatewayIdentity::default()).await {
        Err(IdentityError::Refused(rejection)) => rejection,
        other => panic!("not refused: {other:?}"),
    }
}

async fn taken(claims: &Value) -> String {
    ask(&signed(&header(), claims, OTHER_KEY), GatewayIdentity::default()).await.unwrap().to_string()
}

#[tokio::test]
async fn a_workload_stands_for_the_service_that_is_named_for_it_and_is_otherwise_nobody() {
    assert_eq!(taken(&job()).await, "nightly-report");
    for other in
        ["repo:acme/ledger:ref:refs/heads/Main", "repo:acme/ledger", "nightly-report", "7d0c-ana", "", "*"]
    {
        assert_eq!(refused(&job_with("sub", json!(other))).await, Rejection::UnknownWorkload, "{other}");
    }
    assert_eq!(refused(&job_with("sub", json!([MAIN]))).await, Rejection::Malformed);
}

#[tokio::test]
async fn a_workloads_token_is_made_for_stint_by_its_own_issuer() {
    assert_eq!(taken(&job_with("aud", json!(["sts.amazonaws.com", "stint"]))).await, "nightly-report");
    for other in [json!("sts.amazonaws.com"), json!("Stint"), json!([]), json!("")] {
        assert_eq!(refused(&job_with("aud", other)).await, Rejection::WrongAudience);
    }
    let mut by_client = job_with("client_id", json!("stint"));
    by_client.as_object_mut().unwrap().remove("aud");
    assert_eq!(refused(&by_client).await, Rejection::WrongAudience, "which is for the first issuer's tokens");
    for other in [ISSUER, "https://token.example.org/", ""] {
        assert_eq!(refused(&job_with("iss", json!(other))).await, Rejection::WrongIssuer, "{other}");
    }
}

#[tokio::test]
async fn a_workloads_token_has_its_times() {
    assert_eq!(taken(&job_with("exp", json!(NOW - 29))).await, "nightly-report");
    assert_eq!(refused(&job_with("exp", json!(NOW - 30))).await, Rejection::Expired);
    assert_eq!(taken(&job_with("nbf", json!(NOW + 30))).await, "nightly-report");
    assert_eq!(refused(&job_with("nbf", json!(NOW + 31))).await, Rejection::NotYetValid);
}

#[tokio::test]
async fn a_workloads_token_is_signed_by_rs256_with_a_key_of_its_own_issuer() {
    let nobodys = async |token: String| {
        let answer = ask(&token, GatewayIdentity::default()).await;
        assert!(matches!(answer, Err(IdentityError::Refused(_))), "{token}: {answer:?}");
    };
    nobodys(signed(&header(), &job(), KEY)).await;
    nobodys(format!(
        "{}.{}.",
        encode(json!({ "alg": "none", "kid": "k1" }).to_string()),
        encode(job().to_string())
    ))
    .await;
    let secret = key_set("k1", OTHER_KEY);
    let header = json!({ "alg": "HS256", "kid": "k1" }).to_string();
    let message = format!("{}.{}", encode(header), encode(job().to_string()));
    for secret in [secret, pair(OTHER_KEY).public().as_ref().to_vec()] {
        let tag =
            ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret), message.as_bytes());
        nobodys(format!("{message}.{}", encode(tag))).await;
    }
    assert_eq!(taken(&job()).await, "nightly-report");
}

#[tokio::test]
async fn the_gateway_and_the_token_must_mean_the_same_workload() {
    let token = signed(&header(), &job(), OTHER_KEY);
    assert!(ask(&token, gateway(json!({ "sub": MAIN }))).await.is_ok());
    for other in [
        json!({ "sub": "repo:acme/other:ref:refs/heads/main" }),
        json!({ "sub": "nightly-report" }),
        json!({}),
    ] {
        let answer = ask(&token, gateway(other)).await;
        assert!(matches!(answer, Err(IdentityError::Refused(Rejection::NotTheGateways))));
    }
}

#[tokio::test]
async fn a_token_of_one_issuer_is_none_of_the_other() {
    let workloads = signed(&header(), &job(), OTHER_KEY);
    assert!(verify(&workloads).await.is_err());
    assert!(ask(&workloads, GatewayIdentity::default()).await.is_ok());
    let persons = token(&with("aud", json!(["cli", "stint"])));
    assert!(
        ask(&persons, GatewayIdentity::default()).await.is_err(),
        "though its subject stands in the file"
    );
    assert!(verify(&persons).await.is_ok());
}
