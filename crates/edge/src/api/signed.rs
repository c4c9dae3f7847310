//! What every handler starts from: who is calling, and what the path and the query say.

use crate::identity::{GatewayIdentity, TokenVerifier};
use crate::problem::Problem;
use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts as RequestParts;
use jiff::Timestamp;
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::str::FromStr;
use std::sync::Arc;
use stint_app::caller::Caller;
use stint_app::ports::{KeySource, PageQuery};
use stint_domain::BadInput;
use stint_domain::principal::Authentication;

/// The verified caller.
pub(super) struct Signed(pub(super) Caller);

/// What can tell who is calling.
pub(super) trait Verifies: Send + Sync + 'static {
    type Keys: KeySource;
    fn tokens(&self) -> &TokenVerifier<Self::Keys>;
    fn now(&self) -> Timestamp;
}

impl<A: Verifies> FromRequestParts<Arc<A>> for Signed {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut RequestParts, api: &Arc<A>) -> Result<Self, Problem> {
        let gateway = GatewayIdentity::of(&parts.extensions);
        let verified = api.tokens().verify(&parts.headers, &gateway, api.now()).await?;
        Ok(Self(Caller {
            principal: verified.principal,
            authentication: Authentication::Token,
            source_address: source_address(parts),
            mfa: verified.mfa,
            invocation: invocation(parts),
        }))
    }
}

/// As the gateway saw it; a header can say anything.
pub(crate) fn source_address(parts: &RequestParts) -> Option<String> {
    match parts.extensions.get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        _ => None,
    }
}

/// The id by which the log knows this call.
pub(crate) fn invocation(parts: &RequestParts) -> Option<String> {
    parts.lambda_context_ref().map(|context| context.request_id.clone())
}

/// An id in the path. What cannot be one leads to nothing.
pub(super) struct Id<T>(pub(super) T);

impl<T: FromStr + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut RequestParts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::NotFound)?;
        path.parse().map(Self).map_err(|_| Problem::NotFound)
    }
}

/// The query, read strictly.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut RequestParts, _state: &S) -> Result<Self, Problem> {
        const ADVICE: BadInput = BadInput::new(
            "query",
            "must have no other parameters than the documented ones, each once and in its form",
        );
        Query::try_from_uri(&parts.uri).map(|Query(params)| Self(params)).map_err(|_| ADVICE.into())
    }
}

/// Which page of a listing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    pub(super) cursor: Option<String>,
    pub(super) limit: Option<u32>,
}

impl Paging {
    pub(super) fn query(self, usual: u32, most: u32) -> Result<PageQuery, Problem> {
        let limit = self.limit.unwrap_or(usual);
        if (1..=most).contains(&limit) {
            Ok(PageQuery { cursor: self.cursor, limit })
        } else {
            Err(BadInput::new("limit", "must be at least 1 and at most what the documentation allows").into())
        }
    }
}
