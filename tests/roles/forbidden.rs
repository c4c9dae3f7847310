//! What each function may not do to people's access and in their name; beside it, what it may.

use crate::deployed::IAM;
use crate::forbidden_elsewhere::{directory, workflow};
use crate::session::Role;
use serde_json::json;
use stint_local::deploy::MAIL_FROM;
use stint_local::http::Answer;
use stint_local::stage::Stage;

const NOTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:ListQueues","Resource":"*"}]}"#;

/// A user without Stint's boundary, with another one if there is any.
pub(crate) fn stranger(stage: &Stage, name: &str, boundary: Option<&str>) -> String {
    let mut values = vec![("UserName", name)];
    values.extend(boundary.map(|arn| ("PermissionsBoundary", arn)));
    stage.admin.form("iam", "CreateUser", IAM, &values).unwrap();
    name.to_owned()
}

fn put(role: &Role<'_>, user: &str) -> Answer {
    role.iam(
        "PutUserPolicy",
        &[("UserName", user), ("PolicyName", "stint-roles"), ("PolicyDocument", NOTHING)],
    )
}

fn named(user: &str) -> [(&str, &str); 2] {
    [("UserName", user), ("PolicyName", "stint-roles")]
}

/// Ways to more access, or to access that stays, that no function has.
pub(crate) fn other_ways(role: &Role<'_>, user: &str, boundary: &str) {
    let user = ("UserName", user);
    let admin = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
    let document = ("PolicyDocument", NOTHING);
    let policy = ("PolicyName", "x");
    let ways: [(&str, &[(&str, &str)]); 10] = [
        ("CreateAccessKey", &[user]),
        ("CreateLoginProfile", &[user, ("Password", "Only-on-this-machine-1")]),
        ("AttachUserPolicy", &[user, admin]),
        ("DeleteUserPermissionsBoundary", &[user]),
        ("PutUserPermissionsBoundary", &[user, ("PermissionsBoundary", boundary)]),
        ("AddUserToGroup", &[user, ("GroupName", "admins")]),
        ("CreateUser", &[("UserName", "another")]),
        ("DeleteUser", &[user]),
        ("PutRolePolicy", &[("RoleName", "stint-access"), policy, document]),
        ("CreatePolicyVersion", &[("PolicyArn", boundary), document]),
    ];
    for (action, values) in ways {
        role.refused(action, &role.iam(action, values));
    }
}

#[test]
fn grant_gives_to_users_with_the_boundary_and_nothing_else() {
    let stage = Stage::shared().unwrap();
    let boundary = stage.outputs.get("BoundaryArn").unwrap();
    let role = Role::of(stage, "stint-grant");
    let enrolled = stage.another("ana").unwrap();
    role.allowed("PutUserPolicy on an enrolled user", &put(&role, &enrolled));
    role.refused("GetUserPolicy", &role.iam("GetUserPolicy", &named(&enrolled)));
    role.refused("PutUserPolicy without a boundary", &put(&role, &stranger(stage, "stranger", None)));
    let other = stranger(stage, "other", Some("arn:aws:iam::aws:policy/PowerUserAccess"));
    role.refused("PutUserPolicy with another boundary", &put(&role, &other));
    role.refused("DeleteUserPolicy", &role.iam("DeleteUserPolicy", &named(&enrolled)));
    assert_eq!(stage.policies_of(&enrolled).unwrap(), ["stint-roles"]);
    other_ways(&role, &enrolled, boundary);
    workflow(&role, stage, &[]);
}

#[test]
fn expire_and_reconcile_take_away_and_never_give() {
    let stage = Stage::shared().unwrap();
    for function in ["stint-expire", "stint-reconcile"] {
        let (role, enrolled) = (Role::of(stage, function), stage.another("ana").unwrap());
        role.refused("PutUserPolicy", &put(&role, &enrolled));
        assert!(stage.policies_of(&enrolled).unwrap().is_empty());
        let mut values = named(&enrolled).to_vec();
        values.push(("PolicyDocument", NOTHING));
        stage.admin.form("iam", "PutUserPolicy", IAM, &values).unwrap();
        role.allowed("GetUserPolicy", &role.iam("GetUserPolicy", &named(&enrolled)));
        role.allowed("DeleteUserPolicy", &role.iam("DeleteUserPolicy", &named(&enrolled)));
        assert!(stage.policies_of(&enrolled).unwrap().is_empty());
        role.passed("GetUserPolicy", &role.iam("GetUserPolicy", &named(&enrolled)), "NoSuchEntity");
        other_ways(&role, &enrolled, stage.outputs.get("BoundaryArn").unwrap());
        workflow(
            &role,
            stage,
            if function == "stint-expire" { &[] } else { &["Describe", "Answer", "Start"] },
        );
    }
}

#[test]
fn those_who_talk_with_people_change_nothing_in_iam() {
    let stage = Stage::shared().unwrap();
    for function in ["stint-request", "stint-approve", "stint-notify"] {
        let (role, enrolled) = (Role::of(stage, function), stage.another("ana").unwrap());
        let read = role.iam("GetUserPolicy", &named(&enrolled));
        match function {
            // It looks whether there is room before anybody is asked.
            "stint-request" => role.passed("GetUserPolicy", &read, "NoSuchEntity"),
            _ => role.refused("GetUserPolicy", &read),
        }
        role.refused("DeleteUserPolicy", &role.iam("DeleteUserPolicy", &named(&enrolled)));
        role.refused("PutUserPolicy", &put(&role, &enrolled));
        other_ways(&role, &enrolled, stage.outputs.get("BoundaryArn").unwrap());
        directory(&role, stage);
    }
    workflow(&Role::of(stage, "stint-request"), stage, &["Describe", "Answer", "Start", "Stop"]);
    workflow(&Role::of(stage, "stint-approve"), stage, &["Answer"]);
    workflow(&Role::of(stage, "stint-notify"), stage, &["Answer"]);
}

#[test]
fn notify_sends_as_stint_and_as_nobody_else_and_the_others_do_not_send() {
    let stage = Stage::shared().unwrap();
    let other = "somebody@example.org";
    stage.admin.rest("ses", "POST", "/v2/email/identities", &json!({"EmailIdentity": other})).unwrap();
    let send = |role: &Role<'_>, from: &str| {
        let text = json!({"Simple": {"Subject": {"Data": "a"}, "Body": {"Text": {"Data": "b"}}}});
        let mail = json!({"FromEmailAddress": from, "Destination": {"ToAddresses": ["x@example.com"]}, "Content": text});
        role.post("ses", "/v2/email/outbound-emails", &mail)
    };
    let role = Role::of(stage, "stint-notify");
    role.allowed("to send as Stint", &send(&role, MAIL_FROM));
    role.refused("to send as somebody", &send(&role, other));
    for function in crate::FUNCTIONS.into_iter().filter(|name| *name != "stint-notify") {
        let role = Role::of(stage, function);
        role.refused("to send mail", &send(&role, MAIL_FROM));
    }
}
