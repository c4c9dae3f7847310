//! Plain HTTP with the local cloud.

use crate::{LocalError, Result};
use serde_json::Value;
use std::time::Duration;

/// Longer than any function may take.
const TIMEOUT: Duration = Duration::from_secs(40);

/// A client of one address.
#[derive(Debug, Clone)]
pub struct Http {
    agent: ureq::Agent,
    base: String,
}

/// What came back, whatever the status.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// The first header of this name, written in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// Itself, unless the status is an error's.
    pub fn ok(self, call: &str) -> Result<Self> {
        if self.status < 400 {
            return Ok(self);
        }
        Err(LocalError::Refused { call: call.to_owned(), status: self.status, body: self.body })
    }
}

impl Http {
    #[must_use]
    pub fn new(base: String) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None) // the cloud is on this machine
            .timeout_global(Some(TIMEOUT))
            .build();
        Self { agent: ureq::Agent::new_with_config(config), base }
    }

    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, &[], "")
    }

    /// One request. `path` begins with a slash.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
        let unreachable = |cause: ureq::Error| LocalError::Unreachable(self.base.clone(), Box::new(cause));
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned()).map_err(|cause| unreachable(cause.into()))?;
        let mut response = self.agent.run(request).map_err(unreachable)?;
        let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: response.body_mut().read_to_string().map_err(unreachable)?,
        })
    }
}
