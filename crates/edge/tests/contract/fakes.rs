//! The API on fakes, with real tokens, and every answer of it held to the document.

use crate::errors;
use crate::lent::Lent;
use crate::openapi::{document, resolved};
use crate::schema::complaints;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::{Request, StatusCode};
use jiff::Timestamp;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use stint_app::ports::{Cause, Code, CodeExchange, ExchangeError, KeySource, Surroundings};
use stint_edge::api::{Api, Parts, router};
use stint_edge::approvals::{self, Approvals, ApproveParts};
use stint_edge::csrf::FormGuard;
use stint_edge::identity::{TokenVerifier, WorkloadVerifier};
use stint_policy::PolicyBundle;
use stint_test_support::world::World;
use tower::ServiceExt as _;

/// Made for tests; it opens nothing anywhere.
const KEY: &[u8] = include_bytes!("../../src/identity/test-only-key.pk8");
pub(crate) const ISSUER: &str = "https://issuer.example.org/pool";

pub(crate) struct Keys(pub(crate) &'static [u8]);

impl KeySource for Keys {
    async fn fetch(&self) -> Result<Vec<u8>, Cause> {
        let pair = RsaKeyPair::from_pkcs8(self.0).unwrap();
        let ring::rsa::PublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
        let (n, e) = (BASE64.encode(n), BASE64.encode(e));
        let key = json!({ "kid": "k1", "kty": "RSA", "alg": "RS256", "use": "sig", "n": n, "e": e });
        Ok(json!({ "keys": [key] }).to_string().into_bytes())
    }
}

fn token(who: &str, now: Timestamp) -> String {
    signed(&json!({ "iss": ISSUER, "sub": who, "client_id": "cli", "token_use": "access",
                    "iat": now.as_second(), "exp": now.as_second() + 300 }))
}

/// Of the issuer.
pub(crate) fn signed(claims: &Value) -> String {
    signed_by(claims, KEY)
}

pub(crate) fn signed_by(claims: &Value, key: &[u8]) -> String {
    let header = json!({ "alg": "RS256", "kid": "k1", "typ": "JWT" });
    let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let pair = RsaKeyPair::from_pkcs8(key).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", BASE64.encode(signature))
}

/// Nobody signs in by the API.
pub(crate) struct NoExchange;

impl CodeExchange for NoExchange {
    async fn exchange(&self, _: &Code<'_>) -> Result<String, ExchangeError> {
        Err(ExchangeError::Refused("there is no page here".into()))
    }
}

/// Each port is a world of its own: what is stored, and what is at the target, is in `store`.
pub(crate) struct Fakes;

impl Parts for Fakes {
    type Store = World;
    type Directory = World;
    type Targets = World;
    type Workflow = World;
    type Expirer = World;
    type Surroundings = World;
    type Keys = Keys;
}

impl ApproveParts for Fakes {
    type Store = Lent;
    type Directory = Lent;
    type Workflow = Lent;
    type Sealer = Lent;
    type Links = Lent;
    type Surroundings = Lent;
    type Keys = Keys;
    type Exchange = NoExchange;
}

pub(crate) fn tokens() -> TokenVerifier<Keys> {
    TokenVerifier::new(Keys(KEY), ISSUER.to_owned(), vec!["cli".to_owned()])
}

/// What is sent beside method and path.
#[derive(Default, Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a str,
}

pub(crate) struct Stage {
    pub(crate) api: Arc<Api<Fakes>>,
    pub(crate) bundle: fn() -> PolicyBundle,
    document: Value,
    /// Operation, status and kind of content that have been seen.
    seen: RefCell<BTreeSet<(String, u16, String)>>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(|| PolicyBundle::embedded().unwrap(), None)
    }

    pub(crate) fn with(bundle: fn() -> PolicyBundle, workloads: Option<WorkloadVerifier<Keys>>) -> Self {
        let api = Api {
            store: World::default(),
            directory: World::default(),
            targets: World::default(),
            workflow: World::default(),
            expirer: World::default(),
            surroundings: World::default(),
            tokens: tokens(),
            workloads,
            policy: bundle(),
        };
        Self { api: Arc::new(api), bundle, document: document(), seen: RefCell::default() }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.api.store.pass(seconds);
        self.api.surroundings.pass(seconds);
    }

    pub(crate) fn bearer(&self, who: &str) -> String {
        format!("Bearer {}", token(who, self.api.surroundings.now()))
    }

    /// Signed by `who`, with a JSON body unless it is empty.
    pub(crate) async fn ask(&self, who: &str, call: &str, expected: u16, sent: Sent<'_>) -> Value {
        let bearer = self.bearer(who);
        let mut headers = vec![("authorization", bearer.as_str())];
        if !sent.body.is_empty() && !sent.headers.iter().any(|(name, _)| *name == "content-type") {
            headers.push(("content-type", "application/json"));
        }
        headers.extend(sent.headers);
        self.send(call, expected, Sent { headers: &headers, body: sent.body }).await
    }

    /// `call`: method and path, such as `GET /v1/me`.
    pub(crate) async fn send(&self, call: &str, expected: u16, sent: Sent<'_>) -> Value {
        let (method, path) = call.split_once(' ').unwrap();
        let decisions = ["/approve", "/deny", "/review"];
        let decides = method == "POST" && decisions.iter().any(|decision| path.ends_with(decision));
        let router = if decides { self.approving() } else { router(Arc::clone(&self.api)) };
        let response = router.oneshot(request(method, path, sent)).await.unwrap();
        self.check(method, path, expected, response).await
    }

    /// The function that the gateway hands decisions to.
    pub(crate) fn approving(&self) -> axum::Router {
        let lent = || Lent(Arc::clone(&self.api));
        let approvals: Approvals<Fakes> = Approvals {
            store: lent(),
            directory: lent(),
            workflow: lent(),
            sealer: lent(),
            links: lent(),
            surroundings: lent(),
            tokens: tokens(),
            policy: PolicyBundle::embedded().unwrap(),
            forms: FormGuard::new("https://stint.example.org"),
            sign_in: None,
        };
        approvals::router(Arc::new(approvals))
    }

    /// What the function `request` answers, whatever the document says of it.
    pub(crate) async fn routed(&self, who: &str, method: &str, path: &str) -> Response {
        let headers = [("authorization", &*self.bearer(who))];
        let request = request(method, path, Sent { headers: &headers, body: "" });
        router(Arc::clone(&self.api)).oneshot(request).await.unwrap()
    }

    /// Holds an answer to the document; what it says, if that is JSON.
    pub(crate) async fn check(&self, method: &str, path: &str, expected: u16, response: Response) -> Value {
        let (status, headers) = (response.status(), response.headers().clone());
        let kind = headers.get("content-type").map_or("", |value| value.to_str().unwrap());
        let kind = kind.split(';').next().unwrap().to_owned();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let at = format!("{method} {path} -> {status}");
        assert_eq!(status, StatusCode::from_u16(expected).unwrap(), "{at}: {text}");
        let operation = &self.document["paths"][template(path)][method.to_lowercase()];
        let documented = resolved(&self.document, &operation["responses"][status.as_str()]);
        assert!(documented.is_object(), "{at} is not documented");
        let value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if method != "HEAD" && !status.is_redirection() {
            let content = &documented["content"][&kind];
            assert!(content.is_object(), "{at}: {kind} is not documented");
            if kind.ends_with("json") {
                let wrong = complaints(&self.document, &content["schema"], &value, &at);
                assert!(wrong.is_empty(), "{}\n{text}", wrong.join("\n"));
            }
        }
        if kind == "application/problem+json" {
            let problem = value["type"].as_str().unwrap().trim_start_matches("urn:stint:problem:");
            errors::assert_listed(problem, status.as_u16());
        }
        let id = operation["operationId"].as_str().unwrap().to_owned();
        self.seen.borrow_mut().insert((id, status.as_u16(), kind));
        value
    }

    /// Every success that the document promises of these paths, in every kind of content, has been seen.
    pub(crate) fn assert_seen_all(&self, of: impl Fn(&str) -> bool) {
        let seen = self.seen.borrow();
        for (path, item) in self.document["paths"].as_object().unwrap() {
            let operations = item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters");
            for (_, operation) in operations.filter(|_| of(path)) {
                let id = operation["operationId"].as_str().unwrap();
                let good = operation["responses"].as_object().unwrap().iter();
                for (status, response) in good.filter(|(status, _)| status.starts_with('2')) {
                    let kinds = response["content"].as_object().into_iter().flat_map(|kinds| kinds.keys());
                    for kind in kinds {
                        let what = (id.to_owned(), status.parse().unwrap(), kind.clone());
                        assert!(seen.contains(&what), "{what:?} was never tried");
                    }
                }
            }
        }
    }
}

pub(crate) fn request(method: &str, path: &str, sent: Sent<'_>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in sent.headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(sent.body.to_owned())).unwrap()
}

/// The document's path for one with ids in it.
fn template(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let part = |part: &str| match part {
        id if id.starts_with("req-") || id.starts_with("grant-") => "{id}".to_owned(),
        secret
            if path.starts_with("/approvals/") && !["approvals", "callback", "sign-in"].contains(&secret) =>
        {
            "{token}".to_owned()
        }
        word => word.to_owned(),
    };
    let parts: Vec<_> = path.split('/').skip(1).map(part).collect();
    format!("/{}", parts.join("/"))
}
