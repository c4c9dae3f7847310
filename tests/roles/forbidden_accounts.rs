//! Who may enter another account, for what, and what they may do there: beside each refusal what is allowed.

use crate::FUNCTIONS;
use crate::deployed::IAM;
use crate::session::{Role, session};
use stint_local::elsewhere::{self, EXTERNAL_ID};
use stint_local::http::Answer;
use stint_local::stage::Stage;

const DUTIES: [&str; 3] = ["give", "take", "hand-out"];
const BOUNDARY: &str = "arn:aws:iam::210987654321:policy/stint-boundary";

/// What a function is for in another account.
fn duty_of(function: &str) -> Option<&'static str> {
    match function {
        "stint-grant" => Some("give"),
        "stint-expire" | "stint-reconcile" => Some("take"),
        "stint-reveal" => Some("hand-out"),
        _ => None,
    }
}

fn enter(role: &Role<'_>, external_id: Option<&str>, duty: Option<&str>) -> Answer {
    let mut values = vec![("RoleArn", elsewhere::ROLE), ("RoleSessionName", "roles")];
    values.extend(external_id.map(|id| ("ExternalId", id)));
    values.extend(duty.map(|_| ("Tags.member.1.Key", "stint-duty")));
    values.extend(duty.map(|duty| ("Tags.member.1.Value", duty)));
    role.sts("AssumeRole", &values)
}

#[test]
fn each_function_enters_another_account_for_its_own_duty_alone_and_most_do_not_at_all() {
    let stage = Stage::shared().unwrap();
    for function in FUNCTIONS {
        let role = Role::of(stage, function);
        for duty in DUTIES {
            let answer = enter(&role, Some(EXTERNAL_ID), Some(duty));
            match duty_of(function) == Some(duty) {
                true => role.allowed(duty, &answer),
                false => role.refused(duty, &answer),
            }
        }
        role.refused("without a duty", &enter(&role, Some(EXTERNAL_ID), None));
        role.refused("with another external id", &enter(&role, Some("another"), duty_of(function)));
        role.refused("without an external id", &enter(&role, None, duty_of(function)));
        let more = [
            ("RoleArn", elsewhere::ROLE),
            ("RoleSessionName", "roles"),
            ("ExternalId", EXTERNAL_ID),
            ("Tags.member.1.Key", "stint-duty"),
            ("Tags.member.1.Value", duty_of(function).unwrap_or("give")),
            ("Tags.member.2.Key", "stint-more"),
            ("Tags.member.2.Value", "x"),
        ];
        role.refused("with another tag", &role.sts("AssumeRole", &more));
    }
}

/// The function's session in the other account.
fn inside<'s>(stage: &'s Stage, function: &'static str) -> Role<'s> {
    let role = Role::of(stage, function);
    let entered = enter(&role, Some(EXTERNAL_ID), duty_of(function));
    role.allowed("in", &entered);
    Role::holding(stage, function, session(&entered.body))
}

fn create<'a>(name: &'a str, boundary: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let mut values = vec![("UserName", name), ("Path", "/stint/")];
    values.extend(boundary.map(|arn| ("PermissionsBoundary", arn)));
    values
}

#[test]
fn inside_another_account_each_function_does_what_it_does_at_home_and_no_more() {
    let stage = Stage::shared().unwrap();
    let (grant, reveal, expire) =
        (inside(stage, "stint-grant"), inside(stage, "stint-reveal"), inside(stage, "stint-expire"));
    let user = [("UserName", "stint-inside")];
    grant.refused("without the boundary", &grant.iam("CreateUser", &create("stint-inside", None)));
    for other in [&reveal, &expire] {
        other.refused("CreateUser", &other.iam("CreateUser", &create("stint-inside", Some(BOUNDARY))));
    }
    grant.allowed("CreateUser", &grant.iam("CreateUser", &create("stint-inside", Some(BOUNDARY))));
    assert!(!stage.has_user("stint-inside").unwrap(), "it is in the other account");

    for other in [&grant, &expire] {
        other.refused("CreateAccessKey", &other.iam("CreateAccessKey", &user));
    }
    reveal.allowed("CreateAccessKey", &reveal.iam("CreateAccessKey", &user));

    for other in [&grant, &reveal] {
        other.refused("DeleteUser", &other.iam("DeleteUser", &user));
    }
    let key = expire.iam("ListAccessKeys", &user);
    expire.allowed("ListAccessKeys", &key);
    let key = stint_local::admin::element(&key.body, "AccessKeyId").unwrap().to_owned();
    expire.allowed("DeleteAccessKey", &expire.iam("DeleteAccessKey", &[user[0], ("AccessKeyId", &key)]));
    expire.allowed("DeleteUser", &expire.iam("DeleteUser", &user));
}

#[test]
fn inside_another_account_nobody_touches_the_role_that_let_them_in_or_a_user_without_the_boundary() {
    let stage = Stage::shared().unwrap();
    let there = elsewhere::admin(stage.http.clone());
    there.form("iam", "CreateUser", IAM, &[("UserName", "unenrolled")]).unwrap();
    let values = [("UserName", "enrolled"), ("PermissionsBoundary", BOUNDARY)];
    there.form("iam", "CreateUser", IAM, &values).unwrap();
    const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:ListQueues","Resource":"*"}]}"#;
    let policy = [("PolicyName", "stint-roles"), ("PolicyDocument", ALLOW)];
    let put =
        |role: &Role<'_>, user| role.iam("PutUserPolicy", &[&[("UserName", user)][..], &policy].concat());
    let grant = inside(stage, "stint-grant");
    grant.allowed("an enrolled user", &put(&grant, "enrolled"));
    grant.refused("another one", &put(&grant, "unenrolled"));
    for function in FUNCTIONS.into_iter().filter(|name| duty_of(name).is_some()) {
        let role = inside(stage, function);
        let own = ("RoleName", "stint-account");
        role.refused("PutRolePolicy", &role.iam("PutRolePolicy", &[&[own][..], &policy].concat()));
        role.refused("DeleteRolePolicy", &role.iam("DeleteRolePolicy", &[own, ("PolicyName", "give")]));
        role.refused(
            "UpdateAssumeRolePolicy",
            &role.iam("UpdateAssumeRolePolicy", &[own, ("PolicyDocument", ALLOW)]),
        );
    }
    let expire = inside(stage, "stint-expire");
    let named = [("UserName", "enrolled"), ("PolicyName", "stint-roles")];
    expire.allowed("DeleteUserPolicy", &expire.iam("DeleteUserPolicy", &named));
    expire.refused("a person", &expire.iam("DeleteUser", &named[..1]));
}
