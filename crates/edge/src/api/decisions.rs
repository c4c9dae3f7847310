//! Deciding by the API: the same as by the page behind a mail link, for whoever has a token. It belongs to the function
//! that approves, and to no other.

use super::signed::{Id, Signed, Verifies};
use super::views::request_view;
use crate::approvals::{Approvals, ApproveParts};
use crate::body::Body;
use crate::emf::note_decision;
use crate::identity::TokenVerifier;
use crate::problem::{Problem, name_instance, wrong_method};
use axum::extract::State;
use axum::middleware::from_fn;
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use stint_app::caller::Caller;
use stint_app::decide_request::{DecideError, DecideRequest, Verdict, decide_request};
use stint_app::ports::Surroundings as _;
use stint_app::read::view_request;
use stint_domain::ids::RequestId;

pub const APPROVE: &str = "/v1/requests/{id}/approve";
pub const DENY: &str = "/v1/requests/{id}/deny";

impl<P: ApproveParts> Verifies for Approvals<P> {
    type Keys = P::Keys;
    fn tokens(&self) -> &TokenVerifier<P::Keys> {
        &self.tokens
    }
    fn now(&self) -> Timestamp {
        self.surroundings.now()
    }
}

/// Without a fallback: it stands beside the page.
pub(crate) fn router<P: ApproveParts>(approvals: Arc<Approvals<P>>) -> Router {
    Router::new()
        .route(APPROVE, post(approve::<P>))
        .route(DENY, post(deny::<P>))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(name_instance))
        .with_state(approvals)
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Saying {
    #[serde(default)]
    comment: Option<String>,
}

async fn approve<P: ApproveParts>(
    State(approvals): State<Arc<Approvals<P>>>,
    Signed(caller): Signed,
    Id(id): Id<RequestId>,
    body: Option<Body<Saying>>,
) -> Result<Json<Value>, Problem> {
    decide(&approvals, &caller, id, Verdict::Approve, body).await
}

async fn deny<P: ApproveParts>(
    State(approvals): State<Arc<Approvals<P>>>,
    Signed(caller): Signed,
    Id(id): Id<RequestId>,
    body: Option<Body<Saying>>,
) -> Result<Json<Value>, Problem> {
    decide(&approvals, &caller, id, Verdict::Deny, body).await
}

async fn decide<P: ApproveParts>(
    approvals: &Approvals<P>,
    caller: &Caller,
    request_id: RequestId,
    verdict: Verdict,
    body: Option<Body<Saying>>,
) -> Result<Json<Value>, Problem> {
    let comment = body.and_then(|body| body.value.comment).map(|text| text.parse()).transpose()?;
    let ask = DecideRequest { request_id, verdict, comment, shown: None };
    let done = decide_request(
        &approvals.store,
        &approvals.directory,
        (&approvals.workflow, &approvals.sealer),
        &approvals.policy,
        &approvals.surroundings,
        caller,
        ask,
    );
    match done.await {
        Ok(done) => {
            note_decision(&done, approvals.surroundings.now());
            Ok(Json(request_view(&done.recorded.request)))
        }
        // For whoever has nothing to do with it, it does not exist; the requester knows that it does.
        Err(DecideError::NotAllowed { .. }) => {
            let seen = view_request(
                &approvals.store,
                &approvals.directory,
                &approvals.policy,
                &approvals.surroundings,
                caller,
                request_id,
            );
            seen.await?;
            Err(Problem::DecisionRefused)
        }
        Err(DecideError::Refused(refusal, _)) => Err(refusal.into()),
        Err(DecideError::Missing(missing)) => Err(missing.into()),
    }
}
