//! Deciding by the API: the same as by the page behind a mail link, for whoever has a token. It belongs to the function
//! that approves, and to no other.

use super::reviews;
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
use std::collections::BTreeSet;
use std::iter;
use std::sync::Arc;
use stint_app::caller::Caller;
use stint_app::decide_request::{DecideError, DecideRequest, Verdict, decide_request};
use stint_app::ports::Surroundings as _;
use stint_app::read::view_request;
use stint_domain::ids::RequestId;
use stint_domain::narrowing::Narrowing;

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
        .route(reviews::PATH, post(reviews::by_api::<P>))
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

/// An approval of less than was asked says of how much.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Approving {
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    duration: Option<String>,
    #[serde(default)]
    actions: Option<BTreeSet<String>>,
}

/// What is said beside the verdict.
struct Said {
    verdict: Verdict,
    comment: Option<String>,
    narrowing: Narrowing,
}

async fn approve<P: ApproveParts>(
    State(approvals): State<Arc<Approvals<P>>>,
    Signed(caller): Signed,
    Id(id): Id<RequestId>,
    body: Option<Body<Approving>>,
) -> Result<Json<Value>, Problem> {
    let Approving { comment, duration, actions } = body.map(|body| body.value).unwrap_or_default();
    let duration = duration.as_deref().map(str::parse).transpose()?;
    let said = Said { verdict: Verdict::Approve, comment, narrowing: Narrowing { duration, actions } };
    decide(&approvals, &caller, id, said).await
}

async fn deny<P: ApproveParts>(
    State(approvals): State<Arc<Approvals<P>>>,
    Signed(caller): Signed,
    Id(id): Id<RequestId>,
    body: Option<Body<Saying>>,
) -> Result<Json<Value>, Problem> {
    let Saying { comment } = body.map(|body| body.value).unwrap_or_default();
    let said = Said { verdict: Verdict::Deny, comment, narrowing: Narrowing::default() };
    decide(&approvals, &caller, id, said).await
}

async fn decide<P: ApproveParts>(
    approvals: &Approvals<P>,
    caller: &Caller,
    request_id: RequestId,
    Said { verdict, comment, narrowing }: Said,
) -> Result<Json<Value>, Problem> {
    let comment = comment.map(|text| text.parse()).transpose()?;
    let ask = DecideRequest { request_id, verdict, comment, shown: None, narrowing };
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
        Err(DecideError::NotAllowed { reasons }) => {
            Err(refused(approvals, caller, request_id, reasons).await)
        }
        Err(DecideError::RequesterIneligible { reasons }) => {
            let because = iter::once("whoever asked may not have it any more".to_owned());
            Err(Problem::decision_refused(because.chain(reasons).collect()))
        }
        Err(DecideError::NotSignedIn) => Err(refused(approvals, caller, request_id, Vec::new()).await),
        Err(DecideError::Refused(refusal, _)) => Err(refusal.into()),
        Err(DecideError::Missing(missing)) => Err(missing.into()),
    }
}

/// For whoever has nothing to do with it, it does not exist; whoever may see it is told why they may not decide it.
async fn refused<P: ApproveParts>(
    approvals: &Approvals<P>,
    caller: &Caller,
    id: RequestId,
    reasons: Vec<String>,
) -> Problem {
    let Approvals { store, directory, policy, surroundings, .. } = approvals;
    match view_request(store, directory, policy, surroundings, caller, id).await {
        Ok(_) => Problem::decision_refused(reasons),
        Err(missing) => missing.into(),
    }
}
