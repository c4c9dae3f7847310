//! A problem as an HTTP response.

use super::Problem;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use jiff::Timestamp;
use lambda_http::RequestExt as _;
use serde::Serialize;
use stint_app::submit_request::Reason;

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    in_use: Option<Held<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reasons: &'a [Reason],
}

/// Who has what only one can have, and when somebody else could.
#[derive(Serialize)]
struct Held<'a> {
    held_by: &'a str,
    held_until: Timestamp,
    waiting: usize,
    estimate: Timestamp,
}

impl Problem {
    /// The body, for `instance` if it is known already.
    fn document(&self, instance: Option<String>) -> String {
        let state = if let Self::WrongState { state } = self { Some(*state) } else { None };
        let in_use = if let Self::InUse(held) = self {
            let (held_until, estimate) = (held.until, held.estimate);
            Some(Held { held_by: &held.holder, held_until, waiting: held.ahead, estimate })
        } else {
            None
        };
        let document = Document {
            r#type: format!("urn:stint:problem:{}", self.kind()),
            title: self.title(),
            status: self.status().as_u16(),
            detail: self.detail(),
            instance,
            field: self.field(),
            state,
            in_use,
            reasons: match self {
                Self::RequestRefused { reasons } | Self::DecisionRefused { reasons } => reasons,
                _ => &[],
            },
        };
        // Strings and a number always serialise.
        serde_json::to_string(&document).unwrap_or_default()
    }
}

/// The response carries the problem with it, so that [`name_instance`] can complete it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.document(None)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Self::Unauthenticated { token_sent } = self {
            let challenge = if token_sent { r#"Bearer error="invalid_token""# } else { "Bearer" };
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware: gives every problem the id of the invocation, by which it is found in the log.
pub async fn name_instance(request: Request, next: Next) -> Response {
    let id = request.lambda_context_ref().map(|context| format!("urn:uuid:{}", context.request_id));
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = problem.document(id).into();
    }
    response
}

/// The router's answer to a path that it does not have.
pub async fn not_found() -> Problem {
    Problem::NotFound
}

/// The router's answer to a method that a path does not have; axum adds `Allow`.
pub async fn wrong_method() -> Problem {
    Problem::MethodNotAllowed
}
