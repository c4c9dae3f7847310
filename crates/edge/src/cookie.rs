//! Cookies of ours: set so that scripts and other hosts cannot read or plant them, and read only if there is no doubt.
//!
//! Guards: two cookies of one name are none, whichever was there first. Browsers bind a `__Host-` cookie to the host that
//! set it, and take it over `https` only.

use http::header::{COOKIE, HeaderMap, HeaderValue};

/// A cookie by its name, with `https` and without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub(crate) bound: &'static str,
    pub(crate) plain: &'static str,
}

impl Cookie {
    pub(crate) const fn name(self, secure: bool) -> &'static str {
        if secure { self.bound } else { self.plain }
    }

    /// The one among the cookies; two of them are none.
    pub(crate) fn of(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(name, _)| *name == self.name(secure)).map(|(_, value)| value);
        match (ours.next(), ours.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }

    /// `SameSite=Lax`, since people come from a mail and from the issuer. `seconds`: left out, until the browser is closed.
    pub(crate) fn set(self, value: &str, seconds: Option<i64>, secure: bool) -> Option<HeaderValue> {
        let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let end = if secure { "; Secure" } else { "" };
        let cookie = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{age}{end}", self.name(secure));
        HeaderValue::from_str(&cookie).ok()
    }
}
