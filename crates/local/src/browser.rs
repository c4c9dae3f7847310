//! A browser, as far as the page behind a mail link needs one: it keeps the cookie, fills in the form, and says where the
//! form came from.

use crate::admin::encoded;
use crate::http::{Answer, Http};
use crate::{LocalError, Result};

/// One browser with its cookie. It has no `Debug`, because of the nonce.
#[derive(Clone)]
pub struct Browser {
    http: Http,
    cookie: Option<String>,
}

impl Browser {
    #[must_use]
    pub const fn new(http: Http) -> Self {
        Self { http, cookie: None }
    }

    /// Opens a page; keeps the cookie it sets.
    pub fn open(&mut self, path: &str) -> Result<Answer> {
        let page = self.http.send("GET", path, &self.cookie_header(), "")?;
        if let Some(cookie) = page.header("set-cookie").and_then(|line| line.split(';').next()) {
            self.cookie = Some(cookie.to_owned());
        }
        Ok(page)
    }

    /// Opens the page and presses a button, `approve` or `deny`.
    pub fn decide(&mut self, path: &str, decision: &str, comment: &str) -> Result<Answer> {
        let page = self.open(path)?;
        let nonce = hidden(&page.body, "nonce");
        let nonce =
            nonce.ok_or_else(|| LocalError::unexpected(format!("no form in the page:\n{}", page.body)))?;
        self.submit(path, &form(nonce, decision, comment))
    }

    /// Posts a form that may be anything.
    pub fn submit(&self, path: &str, form: &str) -> Result<Answer> {
        let origin = self.http.base();
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded"), ("origin", origin)];
        headers.push(("sec-fetch-site", "same-origin"));
        headers.extend(self.cookie_header());
        self.http.send("POST", path, &headers, form)
    }

    fn cookie_header(&self) -> Vec<(&str, &str)> {
        self.cookie.iter().map(|cookie| ("cookie", cookie.as_str())).collect()
    }
}

/// The form of the page, filled in.
#[must_use]
pub fn form(nonce: &str, decision: &str, comment: &str) -> String {
    format!("nonce={}&comment={}&decision={}", encoded(nonce), encoded(comment), encoded(decision))
}

/// The value of a hidden field.
#[must_use]
pub fn hidden<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = page.split_once(&format!(r#"type="hidden" name="{name}" value=""#))?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_field_is_found_by_its_name() {
        let page = r#"<form><input type="hidden" name="nonce" value="n-1"><input name="x" value="y"></form>"#;
        assert_eq!(hidden(page, "nonce"), Some("n-1"));
        assert_eq!(hidden(page, "x"), None);
    }

    #[test]
    fn a_form_says_what_was_typed() {
        assert_eq!(form("n", "deny", "no & no"), "nonce=n&comment=no%20%26%20no&decision=deny");
    }
}
