//! A page as an HTTP response, with the headers that keep it and its address to itself.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// The one style of all pages, allowed by its hash.
pub(super) const STYLE: &str = include_str!("../../templates/style.css");

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    // The alternative cannot occur with base64; it would be a page without its style.
    HeaderValue::from_str(&policy)
        .unwrap_or(HeaderValue::from_static("default-src 'none'; form-action 'self'"))
});

/// A page, ready to be sent.
pub struct Page {
    status: StatusCode,
    html: String,
    cookie: Option<HeaderValue>,
}

impl Page {
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// `cookie`: from [`FormGuard::set_cookie`](crate::csrf::FormGuard::set_cookie), for a page that asks.
    #[must_use]
    pub fn with_cookie(self, cookie: Option<HeaderValue>) -> Self {
        Self { cookie, ..self }
    }

    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    #[must_use]
    pub fn html(&self) -> &str {
        &self.html
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = (self.status, Html(self.html)).into_response();
        secure(response.headers_mut());
        if let Some(cookie) = self.cookie {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }
}

/// The headers of everything that is served below a link, pages or not.
pub fn secure(headers: &mut HeaderMap) {
    let fixed = |value| HeaderValue::from_static(value);
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(REFERRER_POLICY, fixed("no-referrer"));
    headers.insert(CACHE_CONTROL, fixed("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(HeaderName::from_static("x-robots-tag"), fixed("noindex"));
}

/// Rendering into memory cannot fail; should it ever, an empty page is better than half of one with a button.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Page {
    match template.render() {
        Ok(html) => Page { status, html, cookie: None },
        Err(_) => Page { status: StatusCode::SERVICE_UNAVAILABLE, html: String::new(), cookie: None },
    }
}
