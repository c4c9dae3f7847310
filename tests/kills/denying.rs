//! Functions that cannot do what they are for, as long as a test says so: their role is denied it, or they do not start.

use serde_json::{Value, json};
use stint_local::stage::Stage;

const POLICY: &str = "denied-by-a-test";

/// Ends when dropped, whatever happens.
pub(crate) struct Denying {
    stage: &'static Stage,
    roles: Vec<String>,
}

impl Denying {
    /// From now on these functions may not do this, such as `iam:DeleteUserPolicy` or `*`.
    pub(crate) fn the(stage: &'static Stage, functions: &[&str], action: &str) -> Self {
        let roles = functions.iter().map(|function| role(stage, function)).collect();
        let denying = Self { stage, roles };
        let statement = json!({"Effect": "Deny", "Action": action, "Resource": "*"});
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        denying.each("PutRolePolicy", &[("PolicyDocument", &document)]).unwrap();
        denying
    }

    fn each(&self, operation: &str, more: &[(&str, &str)]) -> stint_local::Result<()> {
        self.roles.iter().try_for_each(|role| {
            let values = [&[("RoleName", role.as_str()), ("PolicyName", POLICY)], more].concat();
            self.stage.admin.form("iam", operation, "2010-05-08", &values).map(drop)
        })
    }
}

impl Drop for Denying {
    fn drop(&mut self) {
        let _ = self.each("DeleteRolePolicy", &[]);
    }
}

/// A function that ends before it is ready, since its environment is empty; until dropped.
pub(crate) struct Unstartable {
    stage: &'static Stage,
    function: &'static str,
    variables: Value,
}

impl Unstartable {
    pub(crate) fn made(stage: &'static Stage, function: &'static str) -> Self {
        let variables = configuration(stage, function)["Environment"]["Variables"].clone();
        let made = Self { stage, function, variables };
        set_environment(stage, function, &json!({})).unwrap();
        made
    }
}

impl Drop for Unstartable {
    fn drop(&mut self) {
        let _ = set_environment(self.stage, self.function, &self.variables);
    }
}

pub(crate) fn set_environment(stage: &Stage, function: &str, variables: &Value) -> stint_local::Result<()> {
    let path = format!("/2015-03-31/functions/{function}/configuration");
    stage.admin.rest("lambda", "PUT", &path, &json!({"Environment": {"Variables": variables}})).map(drop)
}

/// What is deployed for a function.
pub(crate) fn configuration(stage: &Stage, function: &str) -> Value {
    let path = format!("/2015-03-31/functions/{function}/configuration");
    stage.admin.rest("lambda", "GET", &path, &Value::Null).unwrap().json()
}

fn role(stage: &Stage, function: &str) -> String {
    let configuration = configuration(stage, function);
    configuration["Role"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}
