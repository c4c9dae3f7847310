//! Reviewing an emergency by the API: the same as by the page behind a mail link, for whoever has a token. It belongs to the
//! function that approves.

use super::signed::{Id, Signed};
use super::views::request_view;
use crate::approvals::{Approvals, ApproveParts};
use crate::body::Body;
use crate::problem::Problem;
use crate::reviews::review;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use stint_app::failure::Missing;
use stint_app::read::view_request;
use stint_app::review_access::{ReviewAccess, ReviewError};
use stint_domain::BadInput;
use stint_domain::ids::RequestId;
use stint_domain::review::Finding;
use stint_domain::transition::Refusal;

pub const PATH: &str = "/v1/requests/{id}/review";

/// What the API is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saying {
    finding: String,
    comment: String,
}

pub(super) async fn by_api<P: ApproveParts>(
    State(approvals): State<Arc<Approvals<P>>>,
    Signed(caller): Signed,
    Id(request_id): Id<RequestId>,
    body: Body<Saying>,
) -> Result<Json<Value>, Problem> {
    let ask = ReviewAccess {
        request_id,
        finding: finding(&body.value.finding)?,
        comment: body.value.comment.parse()?,
    };
    match review(&approvals, &caller, ask).await {
        Ok(request) => Ok(Json(request_view(&request))),
        Err(ReviewError::NotAllowed { reasons }) => Err(Problem::decision_refused(reasons)),
        // Whoever may see it learns that it is not theirs to review; for others it does not exist.
        Err(ReviewError::Missing(Missing::NotFound)) => {
            let Approvals { store, directory, policy, surroundings, .. } = &*approvals;
            view_request(store, directory, policy, surroundings, &caller, request_id).await?;
            Err(Problem::decision_refused(Vec::new()))
        }
        Err(ReviewError::Refused(refusal @ Refusal::NotOver, request)) => {
            Err(Problem::of_grant(refusal, &request))
        }
        Err(ReviewError::Refused(refusal, _)) => Err(refusal.into()),
        Err(ReviewError::Missing(missing)) => Err(missing.into()),
    }
}

fn finding(text: &str) -> Result<Finding, BadInput> {
    match text {
        "justified" => Ok(Finding::Justified),
        "unjustified" => Ok(Finding::Unjustified),
        _ => Err(BadInput::new("finding", "must be justified or unjustified")),
    }
}
