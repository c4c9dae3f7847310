//! What the account says about a role.

use serde_json::Value;
use stint_local::Stage;
use stint_local::admin::{element, elements};

pub(crate) const IAM: &str = "2010-05-08";

/// The role of a function, by its name.
pub(crate) fn role_of(stage: &Stage, function: &str) -> String {
    let arn = configuration(stage, function)["Role"].as_str().unwrap().to_owned();
    arn.rsplit('/').next().unwrap().to_owned()
}

/// A function's configuration.
pub(crate) fn configuration(stage: &Stage, function: &str) -> Value {
    let path = format!("/2015-03-31/functions/{function}/configuration");
    stage.admin.rest("lambda", "GET", &path, &Value::Null).unwrap().json()
}

/// Who may take the role.
pub(crate) fn trust(stage: &Stage, role: &str) -> Value {
    let xml = stage.admin.form("iam", "GetRole", IAM, &[("RoleName", role)]).unwrap();
    document(element(&xml, "AssumeRolePolicyDocument").unwrap())
}

/// The names of the inline policies.
pub(crate) fn inline(stage: &Stage, role: &str) -> Vec<String> {
    let xml = stage.admin.form("iam", "ListRolePolicies", IAM, &[("RoleName", role)]).unwrap();
    elements(&xml, "member").map(str::to_owned).collect()
}

/// The ARNs of the managed policies.
pub(crate) fn attached(stage: &Stage, role: &str) -> Vec<String> {
    let xml = stage.admin.form("iam", "ListAttachedRolePolicies", IAM, &[("RoleName", role)]).unwrap();
    elements(&xml, "PolicyArn").map(str::to_owned).collect()
}

pub(crate) fn policy(stage: &Stage, role: &str, name: &str) -> Value {
    let values = [("RoleName", role), ("PolicyName", name)];
    let xml = stage.admin.form("iam", "GetRolePolicy", IAM, &values).unwrap();
    document(element(&xml, "PolicyDocument").unwrap())
}

/// The statements of all inline policies.
pub(crate) fn statements(stage: &Stage, role: &str) -> Vec<Value> {
    let names = inline(stage, role);
    let documents = names.iter().map(|name| policy(stage, role, name));
    documents.flat_map(|document| many(&document["Statement"])).collect()
}

/// One or many, as IAM's documents have it.
pub(crate) fn many(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

pub(crate) fn texts(value: &Value) -> Vec<String> {
    many(value).iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// A policy in an answer of IAM is encoded for URLs.
fn document(text: &str) -> Value {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' { hex(rest.next(), rest.next()) } else { byte });
    }
    let plain = String::from_utf8(bytes).unwrap().replace("&quot;", "\"").replace("&amp;", "&");
    serde_json::from_str(&plain).unwrap_or_else(|error| panic!("{error}: {plain}"))
}

fn hex(high: Option<u8>, low: Option<u8>) -> u8 {
    let digits = String::from_utf8(vec![high.unwrap(), low.unwrap()]).unwrap();
    u8::from_str_radix(&digits, 16).unwrap()
}
