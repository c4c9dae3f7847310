//! The sample organisation on a local cloud: people, their IAM users, something to read, a sender of mail.
//!
//! Everything can be repeated: what is there stays. IAM users get the boundary that enrols them and no policy at all,
//! so that whatever they can do later came through Stint.

use crate::admin::{Admin, element, elements};
use crate::deploy::{self, MAIL_FROM, Outputs};
use crate::key::AccessKey;
use crate::{LocalError, Result, cloud};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use stint_policy::sample::{SamplePerson, organisation};

/// Everybody's password, on local clouds only.
pub const PASSWORD: &str = "Only-on-this-machine-1";
/// Tables to be allowed and denied. Each has one item, whose key `id` is [`ITEM`].
pub const TABLES: [&str; 3] = ["payments", "build-logs", "fire-drill"];
pub const ITEM: &str = "sample";
/// The role that the sample catalog gives sessions of. It could read every table; a session reads what it is for.
pub const ROLE: &str = "incident-reader";

pub fn seed(admin: &Admin, outputs: &Outputs) -> Result<()> {
    sender(admin)?;
    TABLES.iter().try_for_each(|table| target(admin, table))?;
    role(admin, outputs)?;
    in_order(organisation()).iter().try_for_each(|who| person(admin, outputs, who))
}

/// Whoever is named by others before those.
fn in_order(mut people: Vec<SamplePerson>) -> Vec<SamplePerson> {
    let named: BTreeSet<_> =
        people.iter().flat_map(|one| [&one.manager, &one.sponsor]).flatten().cloned().collect();
    people.sort_by_key(|one| !named.contains(&one.username));
    people
}

/// A role that sessions are given of, enrolled by the template that enrols any.
fn role(admin: &Admin, outputs: &Outputs) -> Result<()> {
    let rights = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": "*"},
    ]});
    let values = [("PolicyName", ROLE), ("PolicyDocument", &rights.to_string())];
    unless(iam(admin, "CreatePolicy", &values), "EntityAlreadyExists")?;
    let rights = format!("arn:aws:iam::{}:policy/{ROLE}", cloud::ACCOUNT);
    let parameters = [
        ("RoleName", ROLE),
        ("ManagedPolicies", &rights),
        ("BoundaryArn", outputs.get("BoundaryArn")?),
        ("StintAccount", cloud::ACCOUNT),
    ];
    deploy::stack(admin, deploy::ENROLMENT, &format!("stint-target-{ROLE}"), &parameters)?;
    // The local cloud's CloudFormation forgets the boundary of a role.
    let values = [("RoleName", ROLE), ("PermissionsBoundary", outputs.get("BoundaryArn")?)];
    iam(admin, "PutRolePermissionsBoundary", &values).map(drop)
}

/// Somebody in the directory and, if they have one, their IAM user.
pub fn person(admin: &Admin, outputs: &Outputs, who: &SamplePerson) -> Result<()> {
    let pool = outputs.get("UserPoolId")?;
    let mut attributes = vec![
        json!({"Name": "email", "Value": who.email}),
        json!({"Name": "email_verified", "Value": "true"}),
        json!({"Name": "name", "Value": who.display_name}),
        json!({"Name": "custom:kind", "Value": who.kind}),
    ];
    attributes.extend(who.iam_user.iter().map(|name| json!({"Name": "custom:iam_user", "Value": name})));
    let department = who.department.iter().map(|name| json!({"Name": "custom:department", "Value": name}));
    let hours = who.working_hours.iter().map(|hours| json!({"Name": "custom:working_hours", "Value": hours}));
    attributes.extend(department.chain(hours));
    if let Some(manager) = &who.manager {
        attributes.push(json!({"Name": "custom:manager", "Value": sub(admin, pool, manager)?}));
    }
    if let (Some(sponsor), Some(end)) = (&who.sponsor, who.contract_ends_at) {
        attributes.push(json!({"Name": "custom:sponsor", "Value": sub(admin, pool, sponsor)?}));
        attributes.push(json!({"Name": "custom:contract_ends_at", "Value": end}));
    }
    let user = json!({"UserPoolId": pool, "Username": who.username, "UserAttributes": attributes,
                      "MessageAction": "SUPPRESS"});
    unless(cognito(admin, "AdminCreateUser", &user), "UsernameExistsException")?;
    let password =
        json!({"UserPoolId": pool, "Username": who.username, "Password": PASSWORD, "Permanent": true});
    cognito(admin, "AdminSetUserPassword", &password)?;
    for group in &who.groups {
        let group = json!({"UserPoolId": pool, "GroupName": group, "Username": who.username});
        unless(cognito(admin, "CreateGroup", &group), "GroupExistsException")?;
        cognito(admin, "AdminAddUserToGroup", &group)?;
    }
    who.iam_user.iter().try_for_each(|name| iam_user(admin, outputs, name.as_str()))
}

/// What the directory calls somebody who is in it already.
fn sub(admin: &Admin, pool: &str, username: &str) -> Result<Value> {
    let user = cognito(admin, "AdminGetUser", &json!({"UserPoolId": pool, "Username": username}))?;
    let attributes = user.get("UserAttributes").and_then(Value::as_array).into_iter().flatten();
    let named = |one: &Value| one.get("Name").is_some_and(|name| name == "sub");
    let sub = attributes.filter(|one| named(one)).find_map(|one| one.get("Value"));
    sub.cloned().ok_or_else(|| LocalError::unexpected(format!("{username} has no sub")))
}

/// An enrolled user.
fn iam_user(admin: &Admin, outputs: &Outputs, name: &str) -> Result<()> {
    let values = [("UserName", name), ("PermissionsBoundary", outputs.get("BoundaryArn")?)];
    unless(iam(admin, "CreateUser", &values), "EntityAlreadyExists").map(drop)
}

/// A new key of the user; the oldest goes if there are two.
pub fn access_key(admin: &Admin, user: &str) -> Result<AccessKey> {
    let known = iam(admin, "ListAccessKeys", &[("UserName", user)])?;
    let known: Vec<_> = elements(&known, "AccessKeyId").collect();
    if let [oldest, _] = known.as_slice() {
        iam(admin, "DeleteAccessKey", &[("UserName", user), ("AccessKeyId", oldest)])?;
    }
    let made = iam(admin, "CreateAccessKey", &[("UserName", user)])?;
    let part = |name| element(&made, name).map(str::to_owned);
    let key = part("AccessKeyId").zip(part("SecretAccessKey"));
    let (id, secret) = key.ok_or_else(|| LocalError::unexpected("IAM made no access key"))?;
    Ok(AccessKey { id, secret, token: None })
}

fn sender(admin: &Admin) -> Result<()> {
    let identity = json!({"EmailIdentity": MAIL_FROM});
    unless(admin.rest("ses", "POST", "/v2/email/identities", &identity), "AlreadyExistsException").map(drop)
}

pub(crate) fn target(admin: &Admin, name: &str) -> Result<()> {
    let table = json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]});
    unless(admin.json("dynamodb", "DynamoDB_20120810.CreateTable", &table), "ResourceInUseException")?;
    let item =
        json!({"TableName": name, "Item": {"id": {"S": ITEM}, "note": {"S": format!("an item of {name}")}}});
    admin.json("dynamodb", "DynamoDB_20120810.PutItem", &item).map(drop)
}

fn cognito(admin: &Admin, operation: &str, body: &Value) -> Result<Value> {
    admin.json("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), body)
}

fn iam(admin: &Admin, action: &str, values: &[(&str, &str)]) -> Result<String> {
    admin.form("iam", action, "2010-05-08", values)
}

/// What is there already is fine.
fn unless<T>(result: Result<T>, there: &str) -> Result<Option<T>> {
    match result {
        Err(error) if error.is_refusal(there) => Ok(None),
        other => other.map(Some),
    }
}
