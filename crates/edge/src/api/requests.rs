//! Requests: asked for, looked at, withdrawn. Decided they are in `decisions`.

use super::parts::{Api, Parts};
use super::signed::{Entrance, Id, Paging, Params, Signed};
use super::views::request_view;
use crate::body::Body;
use crate::emf::{Metric, count};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderMap, HeaderValue, LOCATION};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use stint_app::ports::{Page, PageQuery, Register, StoredEvent, Surroundings};
use stint_app::read::{request_events, view_request};
use stint_app::submit_request::{
    IdempotencyClaim, SubmitError, SubmitRequest, Submitted, WhatIf, note_bad_input, submit_request,
};
use stint_app::withdraw::{WithdrawError, cancel_request};
use stint_domain::BadInput;
use stint_domain::ids::{GrantId, RequestId};
use stint_domain::request::AccessRequest;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    entitlement: String,
    duration: String,
    justification: String,
    #[serde(default)]
    ticket: Option<String>,
    #[serde(default)]
    starts_at: Option<String>,
    #[serde(default)]
    extends: Option<String>,
    #[serde(default)]
    queue: bool,
    #[serde(default)]
    break_glass: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubmitParams {
    #[serde(default)]
    dry_run: bool,
}

fn command(body: Body<Ask>, headers: &HeaderMap, dry_run: bool) -> Result<SubmitRequest, BadInput> {
    let ask = body.value;
    Ok(SubmitRequest {
        entitlement: ask.entitlement.parse()?,
        duration: ask.duration.parse()?,
        justification: ask.justification.parse()?,
        ticket: ask.ticket.map(|ticket| ticket.parse()).transpose()?,
        starts_at: ask.starts_at.map(|at| timestamp("starts_at", &at)).transpose()?,
        extends: ask.extends.map(|grant| extended(&grant)).transpose()?,
        queue: ask.queue,
        break_glass: ask.break_glass,
        idempotency: idempotency(headers, &body.sha256)?,
        dry_run,
    })
}

fn extended(grant: &str) -> Result<GrantId, BadInput> {
    grant.parse().map_err(|bad| BadInput { field: "extends", ..bad })
}

pub(super) fn timestamp(field: &'static str, text: &str) -> Result<Timestamp, BadInput> {
    text.parse().map_err(|_| BadInput::new(field, "must be a time by RFC 3339, such as 2026-11-22T10:00:00Z"))
}

fn idempotency(headers: &HeaderMap, sha256: &str) -> Result<Option<IdempotencyClaim>, BadInput> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    IdempotencyClaim::new(key.to_str().unwrap_or_default(), sha256).map(Some)
}

pub(super) async fn submit<P: Parts, E: Entrance<Api<P>>>(
    State(api): State<Arc<Api<P>>>,
    entrance: E,
    Params(params): Params<SubmitParams>,
    headers: HeaderMap,
    body: Body<Ask>,
) -> Result<Response, Problem> {
    let caller = entrance.caller();
    let command = match command(body, &headers, params.dry_run) {
        Ok(command) => command,
        Err(bad) if params.dry_run => return Err(bad.into()),
        Err(bad) => {
            note_bad_input(&api.store, &api.surroundings, &caller, &bad).await?;
            return Err(bad.into());
        }
    };
    let done = submit_request(
        &api.store,
        (&api.directory, &api.targets),
        &api.workflow,
        &api.policy,
        &api.surroundings,
        &caller,
        command,
    );
    let now = api.surroundings.now();
    match done.await {
        Ok(Submitted::Accepted(request)) => {
            count(Metric::RequestSubmitted, now);
            if request.scope.break_glass.is_some() {
                count(Metric::GlassBroken, now);
            }
            Ok(with_location(StatusCode::CREATED, E::REQUESTS, &request))
        }
        Ok(Submitted::Replayed(request)) => Ok(with_location(StatusCode::OK, E::REQUESTS, &request)),
        Ok(Submitted::WouldBe(what)) => Ok(Json(would_be(&what)).into_response()),
        Err(error) => {
            if matches!(error, SubmitError::NotAllowed { .. }) {
                count(Metric::RequestRefused, now);
            }
            Err(error.into())
        }
    }
}

fn would_be(what: &WhatIf) -> Value {
    let decided_by = what.decided_by.iter();
    let decided_by: Vec<_> =
        decided_by.map(|(policy, reason)| json!({ "policy": policy, "reason": reason })).collect();
    let approval = what.approval.as_ref().map(|step| {
        let people = step.could_approve.iter().map(|(id, name)| json!({ "id": id, "name": name }));
        json!({ "needed": step.needed, "could_approve": people.collect::<Vec<_>>() })
    });
    json!({
        "dry_run": true,
        "request": unnamed(&what.request),
        "decided_by": decided_by,
        "approval": approval,
    })
}

/// What does not exist has no id that could lead anywhere.
fn unnamed(request: &AccessRequest) -> Value {
    let mut view = request_view(request);
    for place in ["/id", "/grant/id", "/grant/request_id"] {
        if let Some(id) = view.pointer_mut(place) {
            *id = Value::Null;
        }
    }
    view
}

fn with_location(status: StatusCode, requests: &str, request: &AccessRequest) -> Response {
    let mut response = (status, Json(request_view(request))).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("{requests}/{}", request.scope.request_id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::NotAllowed { reasons } => Self::RequestRefused { reasons },
            SubmitError::NotEnrolled => Self::NotEnrolled,
            SubmitError::NoRoom => Self::NoRoom,
            SubmitError::NothingToExtend => Self::NothingToExtend,
            SubmitError::DurationTooLong { longest } => Self::DurationTooLong { longest },
            SubmitError::StartInThePast => Self::StartInThePast,
            SubmitError::TooFarAhead => Self::TooFarAhead,
            SubmitError::InUse(held) => Self::InUse(held),
            SubmitError::ContractEnds { ends_at } => Self::ContractEnds { ends_at },
            SubmitError::BadInput(bad) => bad.into(),
            SubmitError::KeyReused => Self::IdempotencyKeyReused,
            SubmitError::Failure(failure) => failure.into(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    #[serde(default)]
    role: Option<Role>,
    cursor: Option<String>,
    limit: Option<u32>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Role {
    Requester,
    Approver,
}

pub(super) async fn list<P: Parts>(
    State(api): State<Arc<Api<P>>>,
    Signed(caller): Signed,
    Params(params): Params<ListParams>,
) -> Result<Json<Value>, Problem> {
    let query = Paging { cursor: params.cursor, limit: params.limit }.query(20, 100)?;
    let page = match params.role {
        Some(Role::Approver) => api.store.of_approver(&caller.principal, &query).await?,
        _ => api.store.of_requester(&caller.principal, &query).await?,
    };
    let items: Vec<_> = page.items.iter().map(request_view).collect();
    Ok(Json(json!({ "items": items, "next": page.next })))
}

pub(super) async fn one<P: Parts, E: Entrance<Api<P>>>(
    State(api): State<Arc<Api<P>>>,
    entrance: E,
    Id(id): Id<RequestId>,
) -> Result<Json<Value>, Problem> {
    let caller = entrance.caller();
    let request =
        view_request(&api.store, &api.directory, &api.policy, &api.surroundings, &caller, id).await?;
    Ok(Json(request_view(&request)))
}

pub(super) async fn events<P: Parts>(
    State(api): State<Arc<Api<P>>>,
    Signed(caller): Signed,
    Id(id): Id<RequestId>,
    Params(paging): Params<Paging>,
) -> Result<Response, Problem> {
    let query: PageQuery = paging.query(100, 1000)?;
    let page =
        request_events(&api.store, &api.directory, &api.policy, &api.surroundings, &caller, id, &query)
            .await?;
    Ok(events_response(&page))
}

/// Events go out as they are stored, untouched, so that their hashes can be checked by whoever reads them.
pub(super) fn events_response(page: &Page<StoredEvent>) -> Response {
    let one =
        |stored: &StoredEvent| format!(r#"{{"event":{},"hash":{}}}"#, stored.canonical, json!(stored.hash));
    let items: Vec<_> = page.items.iter().map(one).collect();
    let body = format!(r#"{{"items":[{}],"next":{}}}"#, items.join(","), json!(page.next));
    ([(http::header::CONTENT_TYPE, "application/json")], body).into_response()
}

pub(super) async fn cancel<P: Parts, E: Entrance<Api<P>>>(
    State(api): State<Arc<Api<P>>>,
    entrance: E,
    Id(id): Id<RequestId>,
) -> Result<Json<Value>, Problem> {
    let caller = entrance.caller();
    let request = cancel_request(&api.store, &api.workflow, &api.surroundings, &caller, id).await?;
    Ok(Json(request_view(&request)))
}

impl From<WithdrawError> for Problem {
    fn from(error: WithdrawError) -> Self {
        match error {
            WithdrawError::Refused(refusal, _) => refusal.into(),
            WithdrawError::Missing(missing) => missing.into(),
        }
    }
}
