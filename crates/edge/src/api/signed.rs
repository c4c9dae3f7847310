//! What every handler starts from: who is calling, and what the path and the query say.

use crate::identity::{GatewayIdentity, IdentityError, Rejection, TokenVerifier, WorkloadVerifier};
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
use stint_app::failure::Failure;
use stint_app::ports::{Directory, KeySource, PageQuery};
use stint_domain::BadInput;
use stint_domain::ids::PrincipalId;
use stint_domain::principal::{Authentication, Kind};

/// The verified caller, by a token of the first issuer.
pub(super) struct Signed(pub(super) Caller);

/// The service that a verified workload of the other issuer stands for.
pub(super) struct Workload(pub(super) Caller);

/// A way in, for handlers that serve both: which tokens a route takes is in its type.
pub(super) trait Entrance<A>: FromRequestParts<Arc<A>, Rejection = Problem> + Send {
    /// Where what is made this way is to be found.
    const REQUESTS: &str;
    fn caller(self) -> Caller;
}

impl<A: Verifies> Entrance<A> for Signed {
    const REQUESTS: &str = "/v1/requests";
    fn caller(self) -> Caller {
        self.0
    }
}

impl<A: VerifiesWorkloads> Entrance<A> for Workload {
    const REQUESTS: &str = "/v1/workloads/requests";
    fn caller(self) -> Caller {
        self.0
    }
}

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

/// What can tell which service a workload stands for.
pub(super) trait VerifiesWorkloads: Verifies {
    /// `None`: no other issuer is known, so nobody's workload is.
    fn workloads(&self) -> Option<&WorkloadVerifier<Self::Keys>>;
    fn directory(&self) -> &impl Directory;
}

impl<A: VerifiesWorkloads> FromRequestParts<Arc<A>> for Workload {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut RequestParts, api: &Arc<A>) -> Result<Self, Problem> {
        let verifier = api.workloads().ok_or(Problem::NotFound)?;
        let gateway = GatewayIdentity::of(&parts.extensions);
        let service = verifier.verify(&parts.headers, &gateway, api.now()).await?;
        Ok(Self(Caller {
            principal: service_of(api.directory(), service).await?,
            authentication: Authentication::Token,
            source_address: source_address(parts),
            mfa: false,
            invocation: invocation(parts),
        }))
    }
}

/// A slip of the pen in `workloads.toml` must not let a pipeline act as a person.
async fn service_of(directory: &impl Directory, id: PrincipalId) -> Result<PrincipalId, Problem> {
    let known = directory.person(&id).await.map_err(Failure::from)?;
    match known.is_some_and(|person| person.engagement.kind() == Kind::Service) {
        true => Ok(id),
        false => Err(IdentityError::from(Rejection::UnknownWorkload).into()),
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
