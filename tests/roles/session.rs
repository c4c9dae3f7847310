//! AWS calls under a function's own role.
//!
//! Only Lambda may take such a role, as `golden/` shows; the local cloud's administrator may take any.

use crate::deployed::{IAM, role_of};
use crate::sigv4::headers;
use serde_json::Value;
use stint_local::admin::{element, encoded};
use stint_local::http::Answer;
use stint_local::key::AccessKey;
use stint_local::stage::Stage;

const STS: &str = "2011-06-15";

pub(crate) struct Role<'s> {
    stage: &'s Stage,
    pub(crate) function: &'static str,
    pub(crate) key: AccessKey,
}

impl<'s> Role<'s> {
    pub(crate) fn of(stage: &'s Stage, function: &'static str) -> Self {
        Self { stage, function, key: take(stage, &role_of(stage, function)).unwrap() }
    }

    /// With what it has been handed out elsewhere.
    pub(crate) const fn holding(stage: &'s Stage, function: &'static str, key: AccessKey) -> Self {
        Self { stage, function, key }
    }

    /// An operation with JSON and a target, such as `DynamoDB_20120810.GetItem`.
    pub(crate) fn json(&self, service: &str, target: &str, body: &Value) -> Answer {
        let extra = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.0")];
        self.send(service, "/", &extra, &body.to_string())
    }

    pub(crate) fn dynamodb(&self, operation: &str, body: &Value) -> Answer {
        self.json("dynamodb", &format!("DynamoDB_20120810.{operation}"), body)
    }

    pub(crate) fn states(&self, operation: &str, body: &Value) -> Answer {
        self.json("states", &format!("AWSStepFunctions.{operation}"), body)
    }

    pub(crate) fn iam(&self, action: &str, values: &[(&str, &str)]) -> Answer {
        self.form("iam", action, IAM, values)
    }

    pub(crate) fn sts(&self, action: &str, values: &[(&str, &str)]) -> Answer {
        self.form("sts", action, STS, values)
    }

    fn form(&self, service: &str, action: &str, version: &str, values: &[(&str, &str)]) -> Answer {
        let named = [("Action", action), ("Version", version)];
        let pairs: Vec<_> =
            named.iter().chain(values).map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        self.send(service, "/", &[("content-type", "application/x-www-form-urlencoded")], &pairs.join("&"))
    }

    /// A path that is posted to.
    pub(crate) fn post(&self, service: &str, path: &str, body: &Value) -> Answer {
        self.send(service, path, &[("content-type", "application/json")], &body.to_string())
    }

    fn send(&self, service: &str, path: &str, extra: &[(&str, &str)], body: &str) -> Answer {
        let host = self.stage.url().trim_start_matches("http://");
        let signed = headers(&self.key, service, "POST", host, path, body);
        let mut all: Vec<_> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        all.extend(extra);
        self.stage.http.send("POST", path, &all, body).unwrap()
    }

    /// It was done.
    pub(crate) fn allowed(&self, what: &str, answer: &Answer) {
        assert!(
            answer.status < 400,
            "{} should be allowed {what}: {} {}",
            self.function,
            answer.status,
            answer.body
        );
    }

    /// IAM let it pass, and the service had its own reason not to do it.
    pub(crate) fn passed(&self, what: &str, answer: &Answer, code: &str) {
        assert!(answer.body.contains(code), "{} should be allowed {what}: {}", self.function, answer.body);
    }

    /// IAM did not let it pass.
    pub(crate) fn refused(&self, what: &str, answer: &Answer) {
        let denied = answer.status >= 400 && answer.body.contains("AccessDenied");
        assert!(denied, "{} should be refused {what}: {} {}", self.function, answer.status, answer.body);
    }
}

fn take(stage: &Stage, role: &str) -> stint_local::Result<AccessKey> {
    let found = stage.admin.form("iam", "GetRole", IAM, &[("RoleName", role)])?;
    let values = [("RoleArn", element(&found, "Arn").unwrap()), ("RoleSessionName", "roles")];
    Ok(session(&stage.admin.form("sts", "AssumeRole", STS, &values)?))
}

/// What an answer of STS hands out.
pub(crate) fn session(xml: &str) -> AccessKey {
    let part = |name| element(xml, name).unwrap().to_owned();
    let token = Some(part("SessionToken"));
    AccessKey { id: part("AccessKeyId"), secret: part("SecretAccessKey"), token }
}
