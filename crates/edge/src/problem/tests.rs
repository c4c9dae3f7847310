use super::*;
use axum::body::to_bytes;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, middleware};
use lambda_http::RequestExt as _;
use serde_json::Value;
use stint_app::failure::Failure;
use tower::ServiceExt as _;

fn every() -> Vec<Problem> {
    let field = || Some("duration".to_owned());
    vec![
        Problem::MalformedBody,
        Problem::MissingField { field: "duration".to_owned() },
        Problem::UnknownField { field: field() },
        Problem::UnknownField { field: None },
        Problem::WrongType { field: field() },
        Problem::WrongType { field: None },
        Problem::InvalidField(BadInput::new("duration", "must be longer than nothing")),
        Problem::TooLarge,
        Problem::UnsupportedMediaType,
        Problem::Unauthenticated { token_sent: false },
        Problem::Unauthenticated { token_sent: true },
        Problem::RequestRefused { reasons: Vec::new() },
        Problem::DecisionRefused { reasons: Vec::new() },
        Problem::NotAsked { step: 1 },
        Problem::NotFound,
        Problem::MethodNotAllowed,
        Problem::WrongState { state: "DENIED" },
        Problem::Conflict,
        Problem::TooLate,
        Problem::IdempotencyKeyReused,
        Problem::NotEnrolled,
        Problem::NoRoom,
        Problem::InvalidDuration(BadInput::new("duration", "must be longer than nothing")),
        Problem::DurationTooLong { longest: "4h".parse().unwrap() },
        Problem::StartInThePast,
        Problem::TooFarAhead,
        Problem::InUse(Box::new(InUse {
            holder: "Ana".to_owned(),
            until: "2026-11-22T10:30:00Z".parse().unwrap(),
            ahead: 1,
            estimate: "2026-11-22T11:00:00Z".parse().unwrap(),
        })),
        Problem::ContractEnds { ends_at: "2030-12-31T23:00:00Z".parse().unwrap() },
        Problem::NothingToExtend,
        Problem::ActionRefused,
        Problem::NoCredential,
        Problem::TargetRefused,
        Problem::TooManyRequests,
        Problem::Unavailable,
        Problem::Fault,
    ]
}

#[test]
fn the_list_of_kinds_is_the_kinds() {
    let kinds: std::collections::BTreeSet<_> = every().iter().map(Problem::kind).collect();
    assert_eq!(kinds, std::collections::BTreeSet::from(Problem::ALL_KINDS));
}

async fn body(response: axum::response::Response) -> Value {
    serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
}

#[tokio::test]
async fn every_problem_is_a_problem_document_with_a_sentence() {
    for problem in every() {
        let (kind, status) = (problem.kind(), problem.status());
        let response = problem.into_response();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body = body(response).await;
        assert_eq!(body["type"], format!("urn:stint:problem:{kind}"));
        assert_eq!(body["status"], status.as_u16());
        assert!(body["detail"].as_str().unwrap().ends_with('.'), "{body}");
    }
}

#[tokio::test]
async fn a_problem_names_the_invocation_and_an_answer_that_is_none_is_left_alone() {
    let routes = Router::new().route("/wrong", get(|| async { Problem::WrongState { state: "DENIED" } }));
    let app = routes.route("/good", get(|| async { "good" })).fallback(not_found);
    let app = app.layer(middleware::from_fn(name_instance));
    let ask = async |path: &str| {
        let mut context = lambda_runtime::Context::default();
        context.request_id = "8a5c2f4e-0000-4000-8000-000000000001".to_owned();
        let request = http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        app.clone().oneshot(request.with_lambda_context(context)).await.unwrap()
    };
    let body_of_wrong = body(ask("/wrong").await).await;
    assert_eq!(body_of_wrong["instance"], "urn:uuid:8a5c2f4e-0000-4000-8000-000000000001");
    assert_eq!(body_of_wrong["state"], "DENIED");
    assert_eq!(ask("/nowhere").await.status(), StatusCode::NOT_FOUND);
    let good = ask("/good").await;
    assert_eq!(to_bytes(good.into_body(), 10).await.unwrap(), "good");
}

#[tokio::test]
async fn nothing_of_the_inside_gets_out() {
    let cause = || "AKIAEXAMPLE at 10.0.0.7".into();
    for failure in [Failure::Transient(cause()), Failure::Corrupt(cause()), Failure::Bug("the inside")] {
        let text = body(Problem::from(failure).into_response()).await.to_string();
        assert!(!text.contains("AKIA") && !text.contains("inside"), "{text}");
    }
}

#[test]
fn who_should_come_back_is_told_when_and_who_should_sign_in_is_told_how() {
    let header = |problem: Problem, name: &str| problem.into_response().headers().get(name).cloned();
    assert_eq!(header(Problem::Unavailable, "retry-after").unwrap(), "5");
    assert_eq!(header(Problem::Conflict, "retry-after"), None);
    assert_eq!(header(Problem::Unauthenticated { token_sent: false }, "www-authenticate").unwrap(), "Bearer");
    assert_eq!(header(Problem::RequestRefused { reasons: Vec::new() }, "www-authenticate"), None);
}
