//! AWS calls under a function's own role.
//!
//! Only Lambda may take such a role, so a test opens the door to the account's administrator first and then comes in;
//! what is behind the door stays as deployed.

use crate::deployed::{IAM, role_of, trust};
use crate::sigv4::{Credentials, headers};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use stint_local::admin::{element, encoded};
use stint_local::http::Answer;
use stint_local::stage::Stage;

pub(crate) struct Role<'s> {
    stage: &'s Stage,
    pub(crate) function: &'static str,
    credentials: Credentials,
}

impl<'s> Role<'s> {
    pub(crate) fn of(stage: &'s Stage, function: &'static str) -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let role = role_of(stage, function);
        let as_deployed = trust(stage, &role).to_string();
        assert!(take(stage, &role).is_err(), "only Lambda may take the role of {function}");
        let open = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]});
        let set = |document: &str| {
            let values = [("RoleName", role.as_str()), ("PolicyDocument", document)];
            stage.admin.form("iam", "UpdateAssumeRolePolicy", IAM, &values).unwrap();
        };
        set(&open.to_string());
        let taken = take(stage, &role);
        set(&as_deployed);
        Self { stage, function, credentials: taken.unwrap() }
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
        let named = [("Action", action), ("Version", IAM)];
        let pairs: Vec<_> =
            named.iter().chain(values).map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        self.send("iam", "/", &[("content-type", "application/x-www-form-urlencoded")], &pairs.join("&"))
    }

    /// A path that is posted to.
    pub(crate) fn post(&self, service: &str, path: &str, body: &Value) -> Answer {
        self.send(service, path, &[("content-type", "application/json")], &body.to_string())
    }

    fn send(&self, service: &str, path: &str, extra: &[(&str, &str)], body: &str) -> Answer {
        let host = self.stage.url().trim_start_matches("http://");
        let signed = headers(&self.credentials, service, "POST", host, path, body);
        let mut all: Vec<_> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        all.extend(extra);
        self.stage.http.send("POST", path, &all, body).unwrap()
    }

    /// It was done.
    pub(crate) fn allowed(&self, what: &str, answer: &Answer) {
        assert!(answer.status < 400, "{} should be allowed {what}: {} {}", self.function, answer.status, answer.body);
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

fn take(stage: &Stage, role: &str) -> stint_local::Result<Credentials> {
    let found = stage.admin.form("iam", "GetRole", IAM, &[("RoleName", role)])?;
    let values = [("RoleArn", element(&found, "Arn").unwrap()), ("RoleSessionName", "roles")];
    let xml = stage.admin.form("sts", "AssumeRole", "2011-06-15", &values)?;
    let part = |name| element(&xml, name).unwrap().to_owned();
    Ok(Credentials { id: part("AccessKeyId"), secret: part("SecretAccessKey"), token: part("SessionToken") })
}
