//! That a form came from a page of ours, opened in the same browser.
//!
//! Guards: a decision needs a nonce twice, in a cookie that only our host can set and in the form's hidden field; and
//! nothing the browser says about where the form came from may contradict. `Origin: null` is no contradiction: since the
//! page sends no referrer, browsers say that of its own form as well.
//!
//! The cookie is `SameSite=Lax`: it has to come along when a second mail is opened, or the page opened first would lose
//! its nonce. It is no authority: the link is.

use crate::cookie::Cookie;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{HeaderMap, HeaderValue, ORIGIN};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

/// What a nonce has: 32 bytes in base64url.
const LENGTH: usize = 43;
const NONCE: Cookie = Cookie { bound: "__Host-stint", plain: "stint" };

/// Why a form was not believed: for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Forged {
    #[error("the form came from another origin")]
    Origin,
    #[error("the browser says that the form came from another site")]
    FetchSite,
    #[error("the cookie and the form's field are not the same")]
    Nonce,
}

/// Ties a form to the browser that opened it. It has no `Debug` and no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// For the form's hidden field.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn read(text: &str) -> Option<Self> {
        let fit =
            text.len() == LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fit.then(|| Self(text.to_owned()))
    }

    fn is(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

/// Guards the forms below one public URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormGuard {
    origin: String,
    secure: bool,
}

impl FormGuard {
    /// `public_url`: the base of mail links. Only with `https` can the cookie be bound to the host.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        let end = public_url.find("://").map_or(0, |at| at + 3);
        let (scheme, rest) = public_url.split_at(end);
        let host = rest.split('/').next().unwrap_or_default();
        Self { origin: format!("{scheme}{host}").to_ascii_lowercase(), secure: scheme == "https://" }
    }

    /// The browser's nonce, if it has one already, so that several pages can be open at a time; else one of `random`.
    #[must_use]
    pub fn nonce(&self, headers: &HeaderMap, random: [u8; 32]) -> Nonce {
        self.cookie(headers).unwrap_or_else(|| Nonce(URL_SAFE_NO_PAD.encode(random)))
    }

    /// The `Set-Cookie` that goes with a page whose form has this nonce.
    #[must_use]
    pub fn set_cookie(&self, nonce: &Nonce) -> Option<HeaderValue> {
        NONCE.set(&nonce.0, None, self.secure)
    }

    /// Whether the form with this hidden field may be believed.
    pub fn check(&self, headers: &HeaderMap, field: &str) -> Result<(), Forged> {
        let all = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
        if !all(ORIGIN.as_str()).all(|origin| origin == self.origin.as_bytes() || origin == b"null") {
            return Err(Forged::Origin);
        }
        if !all("sec-fetch-site").all(|site| site == b"same-origin") {
            return Err(Forged::FetchSite);
        }
        // INVARIANT: always required, whatever the browser did or did not say.
        match (self.cookie(headers), Nonce::read(field)) {
            (Some(cookie), Some(field)) if cookie.is(&field) => Ok(()),
            _ => Err(Forged::Nonce),
        }
    }

    /// The one well-formed nonce among the cookies; two of them are none.
    fn cookie(&self, headers: &HeaderMap) -> Option<Nonce> {
        Nonce::read(NONCE.of(headers, self.secure)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> FormGuard {
        FormGuard::new("https://stint.example.org")
    }

    fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
        let parsed =
            pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        let mut headers = HeaderMap::new();
        parsed.for_each(|(name, value): (_, HeaderValue)| {
            headers.append(name, value);
        });
        headers
    }

    fn nonce() -> Nonce {
        guard().nonce(&HeaderMap::new(), [7; 32])
    }

    fn cookie(nonce: &Nonce) -> (&'static str, String) {
        ("cookie", format!("other=1; __Host-stint={}", nonce.reveal()))
    }

    #[test]
    fn a_form_of_our_page_is_believed_with_whatever_a_browser_adds() {
        let all = [
            vec![],
            vec![
                ("origin", "https://stint.example.org".to_owned()),
                ("sec-fetch-site", "same-origin".to_owned()),
            ],
            vec![("origin", "null".to_owned()), ("sec-fetch-site", "same-origin".to_owned())],
        ];
        for added in all {
            let sent = headers(&[vec![cookie(&nonce())], added].concat());
            assert_eq!(guard().check(&sent, nonce().reveal()), Ok(()));
        }
    }

    #[test]
    fn a_form_of_another_page_is_not_even_with_the_nonce() {
        for origin in
            ["https://evil.example", "http://stint.example.org", "https://stint.example.org.evil.example", ""]
        {
            let sent = headers(&[cookie(&nonce()), ("origin", origin.to_owned())]);
            assert_eq!(guard().check(&sent, nonce().reveal()), Err(Forged::Origin), "{origin}");
        }
        for site in ["cross-site", "same-site", "none"] {
            let sent = headers(&[
                cookie(&nonce()),
                ("origin", "null".to_owned()),
                ("sec-fetch-site", site.to_owned()),
            ]);
            assert_eq!(guard().check(&sent, nonce().reveal()), Err(Forged::FetchSite), "{site}");
        }
    }

    #[test]
    fn cookie_and_field_must_both_be_there_and_be_the_same_nonce() {
        let other = guard().nonce(&HeaderMap::new(), [8; 32]);
        let same_origin = ("origin", "https://stint.example.org".to_owned());
        let without = headers(std::slice::from_ref(&same_origin));
        let with = headers(&[same_origin, cookie(&nonce())]);
        let twice = headers(&[cookie(&nonce()), cookie(&nonce())]);
        let empty = headers(&[("cookie", "__Host-stint=".to_owned())]);
        assert_eq!(guard().check(&with, nonce().reveal()), Ok(()));
        assert_eq!(guard().check(&without, nonce().reveal()), Err(Forged::Nonce));
        assert_eq!(guard().check(&with, other.reveal()), Err(Forged::Nonce));
        assert_eq!(guard().check(&with, ""), Err(Forged::Nonce));
        assert_eq!(guard().check(&empty, ""), Err(Forged::Nonce));
        assert_eq!(guard().check(&twice, nonce().reveal()), Err(Forged::Nonce));
    }

    #[test]
    fn a_browser_keeps_its_nonce_and_a_made_up_one_is_replaced() {
        assert!(guard().nonce(&headers(&[cookie(&nonce())]), [9; 32]) == nonce());
        let fresh = guard().nonce(&headers(&[("cookie", "__Host-stint=<script>".to_owned())]), [9; 32]);
        assert_eq!(fresh.reveal().len(), LENGTH);
    }

    #[test]
    fn the_cookie_is_bound_to_the_host_where_https_allows_it() {
        let text = |guard: &FormGuard| guard.set_cookie(&nonce()).unwrap().to_str().unwrap().to_owned();
        let secure = text(&guard());
        assert!(
            secure.starts_with("__Host-stint=")
                && secure.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure")
        );
        let local = FormGuard::new("http://127.0.0.1:4566/some/stage");
        assert_eq!(local.origin, "http://127.0.0.1:4566");
        assert!(text(&local).starts_with("stint=") && !text(&local).contains("Secure"));
    }
}
