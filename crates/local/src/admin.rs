//! The cloud's administrator: every AWS service, by hand.
//!
//! The local cloud knows its administrator by the name `test` alone and checks no signature of it, so none is made; on
//! AWS nothing of this would be let in. Anything that is to prove something signs as an SDK does: see [`crate::probe`].

use crate::http::{Answer, Http};
use crate::{Result, cloud};
use serde_json::Value;

#[derive(Debug, Clone)]
pub struct Admin {
    http: Http,
    name: String,
}

impl Admin {
    #[must_use]
    pub fn new(http: Http) -> Self {
        Self::named(http, "test")
    }

    /// Of another account, where the local cloud knows its administrator by the account's number.
    #[must_use]
    pub fn named(http: Http, account: &str) -> Self {
        Self { http, name: account.to_owned() }
    }

    /// An operation of a service with JSON and a target header, such as `AWSStepFunctions.StartExecution`.
    pub fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.0")];
        Ok(self.send(service, "POST", "/", &headers, &body.to_string())?.ok(target)?.json())
    }

    /// An operation of a service with forms and XML, such as IAM. Values may have any characters.
    pub fn form(
        &self,
        service: &str,
        action: &str,
        version: &str,
        values: &[(&str, &str)],
    ) -> Result<String> {
        let named = [("Action", action), ("Version", version)];
        let pairs: Vec<_> =
            named.iter().chain(values).map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        Ok(self.send(service, "POST", "/", &headers, &pairs.join("&"))?.ok(action)?.body)
    }

    /// An operation of a service with paths, such as Lambda.
    pub fn rest(&self, service: &str, method: &str, path: &str, body: &Value) -> Result<Answer> {
        let headers = [("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(service, method, path, &headers, &body)?.ok(path)
    }

    fn send(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer> {
        let who = format!(
            "AWS4-HMAC-SHA256 Credential={}/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.name,
            cloud::REGION
        );
        self.http.send(method, path, &[headers, &[("authorization", &who)]].concat(), body)
    }
}

/// For a form's value or a path's part.
#[must_use]
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The text of an XML answer's first element of this name.
#[must_use]
pub fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    elements(xml, name).next()
}

/// The texts of all elements of this name that have no attributes.
pub fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (text, next) = after.split_once(&close)?;
        rest = next;
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_in_order() {
        let xml = "<a><k>one</k><k>two</k></a>";
        assert_eq!(elements(xml, "k").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(element(xml, "none"), None);
    }

    #[test]
    fn what_has_a_meaning_in_forms_is_encoded() {
        assert_eq!(encoded("a b&c=d/é~"), "a%20b%26c%3Dd%2F%C3%A9~");
    }
}
