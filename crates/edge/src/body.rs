//! JSON bodies, read strictly.
//!
//! Guards: at most 64 KiB, declared as JSON, no field that is not known; what is wrong is said by the field's name and
//! never by repeating what was sent. Types that are read must have `deny_unknown_fields`.

use crate::object::Object;
use crate::problem::Problem;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use sha2::{Digest, Sha256};

/// The largest body, in bytes.
pub const LARGEST_BODY: usize = 64 * 1024;

/// A body and the SHA-256 of its bytes, in lower-case hex, to which an idempotency key is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body<T> {
    pub value: T,
    pub sha256: String,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::UnsupportedMediaType);
        }
        // In Lambda a body is there as a whole, so its length is all that can be wrong here.
        let bytes = to_bytes(request.into_body(), LARGEST_BODY).await.map_err(|_| Problem::TooLarge)?;
        Self::read(&bytes)
    }
}

/// For bodies that may be left out, whatever the `Content-Type` of nothing is.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, _state: &S) -> Result<Option<Self>, Problem> {
        let json = is_json(request.headers());
        match to_bytes(request.into_body(), LARGEST_BODY).await {
            Ok(bytes) if bytes.is_empty() => Ok(None),
            Ok(bytes) if json => Self::read(&bytes).map(Some),
            Ok(_) => Err(Problem::UnsupportedMediaType),
            Err(_) => Err(Problem::TooLarge),
        }
    }
}

impl<T: DeserializeOwned> Body<T> {
    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let Object(value) = serde_path_to_error::deserialize(&mut json).map_err(|error| problem(&error))?;
        json.end().map_err(|_| Problem::MalformedBody)?;
        Ok(Self { value, sha256: format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(bytes))) })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    declared.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn problem(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    if error.inner().classify() != Category::Data {
        return Problem::MalformedBody;
    }
    let message = error.inner().to_string();
    if let Some(field) = after(&message, "missing field `") {
        return Problem::MissingField { field };
    }
    if message.starts_with("unknown field `") {
        return Problem::UnknownField { field: after(&message, "unknown field `") };
    }
    Problem::WrongType { field: repeatable(&error.path().to_string()) }
}

/// The name that follows `words` in serde's own message.
fn after(message: &str, words: &str) -> Option<String> {
    let (name, _) = message.strip_prefix(words)?.split_once('`')?;
    repeatable(name)
}

/// Names are repeated only if they look like the names of fields.
fn repeatable(name: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
    let fit = (1..=40).contains(&name.len()) && name != "." && name.bytes().all(plain);
    fit.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Ask {
        duration: String,
        #[serde(default)]
        days: Option<u32>,
    }

    fn read(text: &str) -> Result<Ask, Problem> {
        Body::read(text.as_bytes()).map(|body| body.value)
    }

    fn field(name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    #[test]
    fn what_is_wrong_is_said_by_the_fields_name() {
        assert!(read(r#"{"duration":"1h","days":2}"#).is_ok());
        assert_eq!(read("{}"), Err(Problem::MissingField { field: "duration".to_owned() }));
        assert_eq!(read(r#"{"duration":1}"#), Err(Problem::WrongType { field: field("duration") }));
        assert_eq!(read(r#"{"duration":"1h","days":-1}"#), Err(Problem::WrongType { field: field("days") }));
        assert_eq!(read(r#"{"duratoin":"1h"}"#), Err(Problem::UnknownField { field: field("duratoin") }));
        assert_eq!(read("[1]"), Err(Problem::WrongType { field: None }));
        assert_eq!(read(r#"["1h",2]"#), Err(Problem::WrongType { field: None }), "fields have names");
    }

    #[test]
    fn what_is_no_json_or_more_than_one_is_malformed() {
        for text in ["", "{", "nonsense", r#"{"duration":"1h"} {}"#, r#"{"duration":"\ud800"}"#] {
            assert_eq!(read(text), Err(Problem::MalformedBody), "{text}");
        }
        assert_eq!(Body::<Ask>::read(b"{\"duration\":\"\xff\"}"), Err(Problem::MalformedBody));
    }

    #[test]
    fn a_name_that_is_no_name_is_not_repeated() {
        assert_eq!(read(r#"{"<script>":1}"#), Err(Problem::UnknownField { field: None }));
        assert_eq!(read(r#"{"x`, say":1}"#), Err(Problem::UnknownField { field: field("x") }));
    }

    #[test]
    fn the_hash_is_of_the_bytes_as_they_came() {
        let hash = |text: &str| Body::<Ask>::read(text.as_bytes()).unwrap().sha256;
        assert_eq!(
            hash(r#"{"duration":"1h"}"#),
            "9c37e33e26f3b4d659da87e74f70c98d306143a561385ddd00b4d09d5d5af6f5"
        );
        assert_ne!(hash(r#"{"duration":"1h"}"#), hash(r#"{"duration": "1h"}"#));
    }

    fn post(content_type: Option<&str>, body: Vec<u8>) -> Request {
        let request = http::Request::post("/");
        let request =
            content_type.into_iter().fold(request, |request, value| request.header(CONTENT_TYPE, value));
        request.body(body.into()).unwrap()
    }

    async fn extract(content_type: Option<&str>, body: &[u8]) -> Result<Body<Ask>, Problem> {
        <Body<Ask> as FromRequest<()>>::from_request(post(content_type, body.to_vec()), &()).await
    }

    #[tokio::test]
    async fn only_declared_json_of_at_most_64_kib_is_read() {
        let good = br#"{"duration":"1h"}"#;
        assert!(extract(Some("application/json; charset=utf-8"), good).await.is_ok());
        assert_eq!(extract(Some("text/plain"), good).await, Err(Problem::UnsupportedMediaType));
        assert_eq!(extract(None, good).await, Err(Problem::UnsupportedMediaType));
        let mut full = good.to_vec();
        full.resize(LARGEST_BODY, b' ');
        assert!(extract(Some("application/json"), &full).await.is_ok());
        full.push(b' ');
        assert_eq!(extract(Some("application/json"), &full).await, Err(Problem::TooLarge));
    }

    #[tokio::test]
    async fn a_body_that_may_be_left_out_is_still_read_strictly() {
        let optional =
            async |request| <Body<Ask> as OptionalFromRequest<()>>::from_request(request, &()).await;
        assert_eq!(optional(post(None, vec![])).await, Ok(None));
        assert_eq!(optional(post(Some("application/json"), vec![])).await, Ok(None));
        assert_eq!(optional(post(None, b"{}".to_vec())).await, Err(Problem::UnsupportedMediaType));
        let read = optional(post(Some("application/json"), br#"{"duration":"1h"}"#.to_vec())).await;
        assert!(read.unwrap().is_some());
    }

    proptest! {
        #[test]
        fn what_was_sent_never_comes_back(secret in "[A-Z]{12}") {
            for text in [format!(r#"{{"{secret}":1}}"#), format!(r#"{{"duration":{{"{secret}":1}}}}"#), secret.clone(),
                         format!(r#"{{"duration":"1h","days":"{secret}"}}"#)] {
                prop_assert!(!read(&text).unwrap_err().detail().contains(&secret));
            }
        }
    }
}
