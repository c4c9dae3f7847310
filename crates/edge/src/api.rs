//! The HTTP API under `/v1`.
//!
//! Guards: no route without a verified caller; what comes in is read strictly; what goes out is a view or a problem.
//! It decodes, calls one use case and encodes. It must not decide anything.

mod audit;
pub mod credentials;
pub mod decisions;
mod entitlements;
mod grants;
mod parts;
mod requests;
pub mod reviews;
mod signed;
mod views;
mod workloads;

pub use parts::{Api, Parts, Store};
pub(crate) use signed::{invocation, source_address};
pub use views::{grant_view, request_view};
pub use workloads::WORKLOAD_ROUTES;

use crate::problem::{name_instance, not_found, wrong_method};
use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use signed::Signed;
use std::sync::Arc;

/// Every route for callers of the first issuer, method by method; `docs/openapi.yaml` lists the same, and a test holds the two together.
pub const ROUTES: [(&str, &str); 18] = [
    ("GET", "/v1/entitlements"),
    ("GET", "/v1/requests"),
    ("POST", "/v1/requests"),
    ("GET", "/v1/requests/{id}"),
    ("GET", "/v1/requests/{id}/events"),
    ("POST", decisions::APPROVE),
    ("POST", decisions::DENY),
    ("POST", reviews::PATH),
    ("POST", "/v1/requests/{id}/cancel"),
    ("GET", "/v1/grants"),
    ("GET", "/v1/grants/{id}"),
    ("POST", "/v1/grants/revoke"),
    ("POST", "/v1/grants/{id}/return"),
    ("POST", "/v1/grants/{id}/revoke"),
    ("POST", "/v1/grants/{id}/force-close"),
    ("POST", credentials::PATH),
    ("GET", "/v1/audit/events"),
    ("GET", "/v1/me"),
];

pub fn router<P: Parts>(api: Arc<Api<P>>) -> Router {
    let workloads = workloads::router(&api);
    Router::new()
        .route("/v1/me", get(entitlements::me::<P>))
        .route("/v1/entitlements", get(entitlements::list::<P>))
        .route("/v1/requests", get(requests::list::<P>).post(requests::submit::<P, Signed>))
        .route("/v1/requests/{id}", get(requests::one::<P, Signed>))
        .route("/v1/requests/{id}/events", get(requests::events::<P>))
        .route("/v1/requests/{id}/cancel", post(requests::cancel::<P, Signed>))
        .route("/v1/grants", get(grants::list::<P, Signed>))
        .route("/v1/grants/revoke", post(grants::revoke_all::<P>))
        .route("/v1/grants/{id}", get(grants::one::<P, Signed>))
        .route("/v1/grants/{id}/return", post(grants::give_back::<P, Signed>))
        .route("/v1/grants/{id}/revoke", post(grants::revoke::<P>))
        .route("/v1/grants/{id}/force-close", post(grants::force_close::<P>))
        // The gateway hands these routes to functions of their own; what comes here has another method.
        .route(credentials::PATH, post(not_found))
        .route(decisions::APPROVE, post(not_found))
        .route(decisions::DENY, post(not_found))
        .route(reviews::PATH, post(not_found))
        .route("/v1/audit/events", get(audit::events::<P>))
        .merge(workloads)
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(name_instance))
        .with_state(api)
}
