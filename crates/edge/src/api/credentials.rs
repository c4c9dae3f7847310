//! Handing a credential to its holder: the one route that answers with a secret, and so a function of its own, the only
//! one that may issue any.
//!
//! Guards: the answer is not to be kept by anything on its way, and has the form that the AWS SDKs' `credential_process`
//! reads.

use super::signed::{Entrance, Id, Signed, Verifies, VerifiesWorkloads, Workload};
use crate::emf::{Metric, count};
use crate::identity::{TokenVerifier, WorkloadVerifier};
use crate::problem::{Problem, name_instance, not_found, wrong_method};
use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use stint_app::ports::{
    Credential, CredentialIssuer, Directory, KeySource, Ledger, Seals, Secret, Surroundings,
};
use stint_app::reveal_credential::{RevealError, reveal_credential};
use stint_domain::ids::GrantId;
use stint_policy::PolicyBundle;

/// The route, below `/v1/grants`.
pub const PATH: &str = "/v1/grants/{id}/credentials";

/// The same for workloads.
pub const WORKLOAD_PATH: &str = "/v1/workloads/grants/{id}/credentials";

/// The kinds of parts that go together.
pub trait RevealParts: Send + Sync + 'static {
    type Ledger: Ledger + 'static;
    type Directory: Directory + 'static;
    type Seals: Seals + 'static;
    type Issuer: CredentialIssuer + 'static;
    type Surroundings: Surroundings + 'static;
    type Keys: KeySource + 'static;
}

pub struct Reveal<P: RevealParts> {
    pub ledger: P::Ledger,
    pub directory: P::Directory,
    pub seals: P::Seals,
    pub issuer: P::Issuer,
    pub surroundings: P::Surroundings,
    pub tokens: TokenVerifier<P::Keys>,
    /// `None`: there is no route for workloads.
    pub workloads: Option<WorkloadVerifier<P::Keys>>,
    pub policy: PolicyBundle,
}

impl<P: RevealParts> Verifies for Reveal<P> {
    type Keys = P::Keys;
    fn tokens(&self) -> &TokenVerifier<P::Keys> {
        &self.tokens
    }
    fn now(&self) -> Timestamp {
        self.surroundings.now()
    }
}

impl<P: RevealParts> VerifiesWorkloads for Reveal<P> {
    fn workloads(&self) -> Option<&WorkloadVerifier<P::Keys>> {
        self.workloads.as_ref()
    }
    fn directory(&self) -> &impl Directory {
        &self.directory
    }
}

pub fn router<P: RevealParts>(reveal: Arc<Reveal<P>>) -> Router {
    let mut router = Router::new().route(PATH, post(credentials::<P, Signed>));
    if reveal.workloads.is_some() {
        router = router.route(WORKLOAD_PATH, post(credentials::<P, Workload>));
    }
    router
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(name_instance))
        .with_state(reveal)
}

async fn credentials<P: RevealParts, E: Entrance<Reveal<P>>>(
    State(reveal): State<Arc<Reveal<P>>>,
    entrance: E,
    Id(id): Id<GrantId>,
) -> Result<Response, Problem> {
    let caller = entrance.caller();
    let Reveal { ledger, directory, seals, issuer, surroundings, policy, .. } = &*reveal;
    let id = id.request_id();
    let credential =
        reveal_credential(ledger, (directory, seals), issuer, policy, surroundings, &caller, id).await;
    if let Err(RevealError::NotSealed) = credential {
        tracing::error!(request.id = %id, outcome = "denied", "an approval on record was given by nobody");
        count(Metric::ApprovalForged, surroundings.now());
    }
    Ok(answer(&credential?))
}

fn answer(credential: &Credential) -> Response {
    let body = match credential {
        Credential::AccessKey { access_key_id, secret_access_key, session_token, expires_at } => {
            access_key(access_key_id, secret_access_key, session_token.as_ref(), *expires_at)
        }
        Credential::Vaulted { fields, expires_at, .. } => {
            let fields: BTreeMap<_, _> = fields.iter().map(|(name, value)| (name, value.reveal())).collect();
            json!({ "fields": fields, "expires_at": expires_at })
        }
        Credential::Account { username, fields, expires_at } => {
            let mut fields: BTreeMap<_, _> =
                fields.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
            fields.insert("username", username);
            json!({ "fields": fields, "expires_at": expires_at })
        }
    };
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (headers, body.to_string()).into_response()
}

/// In the words of `credential_process`; a key that lasts as long as its user has no `SessionToken`.
fn access_key(id: &str, secret: &Secret, token: Option<&Secret>, expires_at: Timestamp) -> Value {
    let mut body = json!({
        "Version": 1,
        "AccessKeyId": id,
        "SecretAccessKey": secret.reveal(),
        "Expiration": expires_at,
    });
    if let (Some(fields), Some(token)) = (body.as_object_mut(), token) {
        fields.insert("SessionToken".to_owned(), token.reveal().into());
    }
    body
}

impl From<RevealError> for Problem {
    fn from(error: RevealError) -> Self {
        match error {
            RevealError::NotAllowed { .. } | RevealError::NotSealed => Self::ActionRefused,
            RevealError::Refused(refusal, request) => Self::of_grant(refusal, &request),
            RevealError::Target { .. } => Self::TargetRefused,
            RevealError::Missing(missing) => missing.into(),
        }
    }
}
