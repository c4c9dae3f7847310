//! Grants: what is had, what was had, giving it back and taking it away.

use super::parts::{Api, Parts};
use super::signed::{Entrance, Id, Paging, Params, Signed};
use super::views::grant_view;
use crate::body::Body;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use stint_app::ports::Register;
use stint_app::read::view_request;
use stint_app::revoke_grant::{RevokeError, Taking, force_close as close, revoke_grant};
use stint_app::revoke_many::{TakingMany, What, revoke_many};
use stint_app::withdraw::return_grant;
use stint_domain::BadInput;
use stint_domain::ids::{GrantId, RequestId};

/// A page may hold fewer grants than asked for: it is a page of requests, without those that led to none.
pub(super) async fn list<P: Parts, E: Entrance<Api<P>>>(
    State(api): State<Arc<Api<P>>>,
    entrance: E,
    Params(paging): Params<Paging>,
) -> Result<Json<Value>, Problem> {
    let caller = entrance.caller();
    let page = api.store.of_requester(&caller.principal, &paging.query(20, 100)?).await?;
    let items: Vec<_> =
        page.items.iter().filter(|request| request.grant().is_some()).map(grant_view).collect();
    Ok(Json(json!({ "items": items, "next": page.next })))
}

pub(super) async fn one<P: Parts, E: Entrance<Api<P>>>(
    State(api): State<Arc<Api<P>>>,
    entrance: E,
    Id(id): Id<GrantId>,
) -> Result<Json<Value>, Problem> {
    let caller = entrance.caller();
    let id = id.request_id();
    let request =
        view_request(&api.store, &api.directory, &api.policy, &api.surroundings, &caller, id).await?;
    match grant_view(&request) {
        Value::Null => Err(Problem::NotFound),
        view => Ok(Json(view)),
    }
}

pub(super) async fn give_back<P: Parts, E: Entrance<Api<P>>>(
    State(api): State<Arc<Api<P>>>,
    entrance: E,
    Id(id): Id<GrantId>,
) -> Result<Json<Value>, Problem> {
    let caller = entrance.caller();
    let id = id.request_id();
    let request =
        return_grant(&api.store, &api.workflow, &api.expirer, &api.surroundings, &caller, id).await?;
    Ok(Json(grant_view(&request)))
}

/// Taking away from somebody else needs a reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    comment: String,
}

impl Why {
    fn of(self, request_id: RequestId) -> Result<Taking, Problem> {
        Ok(Taking { request_id, comment: self.comment.parse()? })
    }
}

pub(super) async fn revoke<P: Parts>(
    State(api): State<Arc<Api<P>>>,
    Signed(caller): Signed,
    Id(id): Id<GrantId>,
    body: Body<Why>,
) -> Result<Json<Value>, Problem> {
    let ask = body.value.of(id.request_id())?;
    let Api { store, directory, workflow, expirer, policy, surroundings, .. } = &*api;
    let done = revoke_grant(store, directory, (workflow, expirer), policy, surroundings, &caller, ask);
    Ok(Json(grant_view(&done.await?)))
}

/// One of the three says what.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Many {
    person: Option<String>,
    entitlement: Option<String>,
    everything: Option<bool>,
    comment: String,
    cursor: Option<String>,
}

impl Many {
    fn ask(self) -> Result<TakingMany, Problem> {
        let what = match (self.person, self.entitlement, self.everything) {
            (Some(person), None, None) => What::Person(person.parse()?),
            (None, Some(entitlement), None) => What::Entitlement(entitlement.parse()?),
            (None, None, Some(true)) => What::Everything,
            _ => {
                const ADVICE: &str =
                    "or `entitlement` or `\"everything\": true` must be there, and only one of them";
                return Err(BadInput::new("person", ADVICE).into());
            }
        };
        Ok(TakingMany { what, comment: self.comment.parse()?, cursor: self.cursor })
    }
}

pub(super) async fn revoke_all<P: Parts>(
    State(api): State<Arc<Api<P>>>,
    Signed(caller): Signed,
    body: Body<Many>,
) -> Result<Json<Value>, Problem> {
    let ask = body.value.ask()?;
    let Api { store, directory, workflow, expirer, policy, surroundings, .. } = &*api;
    let done = revoke_many(store, directory, (workflow, expirer), policy, surroundings, &caller, ask);
    let taken = done.await??;
    Ok(Json(json!({ "revoked": taken.revoked, "next": taken.next })))
}

pub(super) async fn force_close<P: Parts>(
    State(api): State<Arc<Api<P>>>,
    Signed(caller): Signed,
    Id(id): Id<GrantId>,
    body: Body<Why>,
) -> Result<Json<Value>, Problem> {
    let ask = body.value.of(id.request_id())?;
    let done = close(&api.store, &api.directory, &api.policy, &api.surroundings, &caller, ask);
    Ok(Json(grant_view(&done.await?)))
}

impl From<RevokeError> for Problem {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::NotAllowed { .. } => Self::ActionRefused,
            RevokeError::Refused(refusal, request) => Self::of_grant(refusal, &request),
            RevokeError::Missing(missing) => missing.into(),
        }
    }
}
