//! The routes of workloads, which are what a service does unattended: ask, look, withdraw, have, end.
//!
//! Guards: they are served by the handlers of everybody, and take tokens of the workloads' issuer alone, as those take tokens
//! of the first issuer alone. Where no such issuer is configured they are not there.

use super::parts::{Api, Parts};
use super::signed::Workload;
use super::{credentials, grants, requests};
use crate::problem::not_found;
use axum::Router;
use axum::routing::{get, post};
use std::sync::Arc;

/// As [`super::ROUTES`], for callers of the other issuer.
pub const WORKLOAD_ROUTES: [(&str, &str); 7] = [
    ("POST", "/v1/workloads/requests"),
    ("GET", "/v1/workloads/requests/{id}"),
    ("POST", "/v1/workloads/requests/{id}/cancel"),
    ("GET", "/v1/workloads/grants"),
    ("GET", "/v1/workloads/grants/{id}"),
    ("POST", "/v1/workloads/grants/{id}/return"),
    ("POST", credentials::WORKLOAD_PATH),
];

pub(super) fn router<P: Parts>(api: &Arc<Api<P>>) -> Router<Arc<Api<P>>> {
    if api.workloads.is_none() {
        return Router::new();
    }
    Router::new()
        .route("/v1/workloads/requests", post(requests::submit::<P, Workload>))
        .route("/v1/workloads/requests/{id}", get(requests::one::<P, Workload>))
        .route("/v1/workloads/requests/{id}/cancel", post(requests::cancel::<P, Workload>))
        .route("/v1/workloads/grants", get(grants::list::<P, Workload>))
        .route("/v1/workloads/grants/{id}", get(grants::one::<P, Workload>))
        .route("/v1/workloads/grants/{id}/return", post(grants::give_back::<P, Workload>))
        // The gateway hands this route to `reveal`; what comes here has another method.
        .route(credentials::WORKLOAD_PATH, post(not_found))
}
