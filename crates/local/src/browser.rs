//! A browser, as far as the page behind a mail link needs one: it keeps cookies, fills in the form, says where the form
//! came from, and signs in at the local cloud's login page.

use crate::admin::encoded;
use crate::http::{Answer, Http};
use crate::{LocalError, Result};
use std::collections::BTreeMap;

/// One browser with its cookies. It has no `Debug`, because of the nonce.
#[derive(Clone)]
pub struct Browser {
    http: Http,
    /// By name.
    cookies: BTreeMap<String, String>,
}

impl Browser {
    #[must_use]
    pub const fn new(http: Http) -> Self {
        Self { http, cookies: BTreeMap::new() }
    }

    /// Opens a page; keeps the cookies it sets, and forgets those that it takes back.
    pub fn open(&mut self, path: &str) -> Result<Answer> {
        let cookies = self.cookie_header();
        let headers: Vec<_> = cookies.iter().map(|cookies| ("cookie", cookies.as_str())).collect();
        let page = self.http.send("GET", path, &headers, "")?;
        for (_, line) in page.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let Some((name, value)) = line.split(';').next().and_then(|cookie| cookie.split_once('=')) else {
                continue;
            };
            match line.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        Ok(page)
    }

    /// Goes from the page at `path` to the issuer's login, signs in there, and comes back: what the callback answers.
    pub fn sign_in(&mut self, path: &str, username: &str, password: &str) -> Result<Answer> {
        let login = self.open(&format!("{path}/sign-in"))?;
        let login = self.open(&self.location(&login)?)?;
        let fields = ["client_id", "redirect_uri", "scope", "state", "response_type", "code_challenge"];
        let fields = fields.into_iter().chain(["code_challenge_method", "nonce"]);
        let asked =
            fields.filter_map(|name| Some(format!("{name}={}", encoded(&plain(hidden(&login.body, name)?)))));
        let form: Vec<_> = asked
            .chain([format!("username={}", encoded(username)), format!("password={}", encoded(password))])
            .collect();
        let back = self.submit("/login", &form.join("&"))?;
        self.open(&self.location(&back)?)
    }

    /// Where an answer sends the browser, on the same host.
    fn location(&self, answer: &Answer) -> Result<String> {
        let to = answer.header("location").and_then(|to| to.strip_prefix(self.http.base()));
        let lost = || LocalError::unexpected(format!("{} and no way on:\n{}", answer.status, answer.body));
        to.map(str::to_owned).ok_or_else(lost)
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
        let cookies = self.cookie_header();
        headers.extend(cookies.iter().map(|cookies| ("cookie", cookies.as_str())));
        self.http.send("POST", path, &headers, form)
    }

    fn cookie_header(&self) -> Option<String> {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// The form of the page, filled in.
#[must_use]
pub fn form(nonce: &str, decision: &str, comment: &str) -> String {
    format!("nonce={}&comment={}&decision={}", encoded(nonce), encoded(comment), encoded(decision))
}

/// Text of an attribute, as it was before it was written into the page.
fn plain(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
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
