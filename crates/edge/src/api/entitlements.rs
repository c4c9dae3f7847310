//! What the caller may ask for, and who the caller is to Stint.

use super::parts::{Api, Parts};
use super::signed::{Paging, Params, Signed};
use super::views::offer_view;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;
use stint_app::failure::Failure;
use stint_app::ports::Directory;
use stint_app::read::entitlements;

pub(super) async fn list<P: Parts>(
    State(api): State<Arc<Api<P>>>,
    Signed(caller): Signed,
    Params(Paging { .. }): Params<Paging>,
) -> Result<Json<Value>, Problem> {
    let found = entitlements(&api.directory, &api.policy, &api.surroundings, &caller).await?;
    let items: Vec<_> = found.iter().map(offer_view).collect();
    Ok(Json(json!({ "items": items, "policy_version": api.policy.version() })))
}

pub(super) async fn me<P: Parts>(
    State(api): State<Arc<Api<P>>>,
    Signed(caller): Signed,
) -> Result<Json<Value>, Problem> {
    let person =
        api.directory.person(&caller.principal).await.map_err(Failure::from)?.ok_or(Problem::NotFound)?;
    Ok(Json(json!({
        "id": person.id,
        "name": person.display_name,
        "kind": person.engagement.kind(),
        "groups": person.groups,
        "iam_user": person.iam_user,
    })))
}
