//! Who may make users, issue credentials and cut sessions, and of what: beside each refusal what is allowed.

use crate::FUNCTIONS;
use crate::deployed::IAM;
use crate::forbidden::{other_ways, stranger};
use crate::forbidden_elsewhere::workflow;
use crate::session::{Role, session as handed_out};
use serde_json::json;
use stint_local::http::Answer;
use stint_local::probe::Access;
use stint_local::seed::ROLE;
use stint_local::stage::Stage;

const TARGET: &str = "arn:aws:iam::000000000000:role/stint-target/incident-reader";
const PATH: (&str, &str) = ("Path", "/stint/");
const DENY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sqs:ListQueues","Resource":"*"}]}"#;

/// A user as `grant` makes them.
fn made(stage: &Stage, name: &str) {
    let boundary = stage.outputs.get("BoundaryArn").unwrap();
    let values = [("UserName", name), PATH, ("PermissionsBoundary", boundary)];
    stage.admin.form("iam", "CreateUser", IAM, &values).unwrap();
}

fn create(role: &Role<'_>, name: &str, path: &str, boundary: Option<&str>) -> Answer {
    let mut values = vec![("UserName", name), ("Path", path)];
    values.extend([("Tags.member.1.Key", "stint-grant"), ("Tags.member.1.Value", "grant-x")]);
    values.extend(boundary.map(|arn| ("PermissionsBoundary", arn)));
    role.iam("CreateUser", &values)
}

#[test]
fn grant_makes_users_with_the_boundary_under_its_path_and_no_others() {
    let stage = Stage::shared().unwrap();
    let boundary = stage.outputs.get("BoundaryArn").unwrap();
    let role = Role::of(stage, "stint-grant");
    role.allowed("a user as it should be", &create(&role, "made-1", "/stint/", Some(boundary)));
    role.allowed("to look at them", &role.iam("GetUser", &[("UserName", "made-1")]));
    role.refused("without a boundary", &create(&role, "made-2", "/stint/", None));
    let other = Some("arn:aws:iam::aws:policy/PowerUserAccess");
    role.refused("with another boundary", &create(&role, "made-3", "/stint/", other));
    for path in ["/", "/elsewhere/", "/stint-target/"] {
        role.refused(path, &create(&role, "made-4", path, Some(boundary)));
    }
    for gone in ["DeleteUser", "CreateAccessKey", "ListAccessKeys"] {
        role.refused(gone, &role.iam(gone, &[("UserName", "made-1")]));
    }
    assert!(stage.has_user("made-1").unwrap());
    role.allowed("to look whether a role is enrolled", &role.iam("GetRole", &[("RoleName", ROLE)]));
    role.refused("PutRolePolicy", &deny(&role, ROLE));
    role.refused("a session", &session(&role, TARGET, TAGGED));
}

#[test]
fn reveal_issues_keys_of_stints_own_users_and_of_nobody_else() {
    let stage = Stage::shared().unwrap();
    let role = Role::of(stage, "stint-reveal");
    made(stage, "revealed-1");
    let own = [("UserName", "revealed-1")];
    role.allowed("CreateAccessKey", &role.iam("CreateAccessKey", &own));
    let listed = role.iam("ListAccessKeys", &own);
    role.allowed("ListAccessKeys", &listed);
    let key = stint_local::admin::element(&listed.body, "AccessKeyId").unwrap();
    role.allowed("DeleteAccessKey", &role.iam("DeleteAccessKey", &[own[0], ("AccessKeyId", key)]));

    let enrolled = stage.another("ana").unwrap();
    for user in [enrolled.as_str(), &stranger(stage, "stint-elsewhere", None)] {
        for action in ["CreateAccessKey", "ListAccessKeys", "CreateLoginProfile"] {
            role.refused(
                action,
                &role.iam(action, &[("UserName", user), ("Password", "Only-on-this-machine-1")]),
            );
        }
    }
    for action in ["CreateLoginProfile", "DeleteUser", "GetUser"] {
        role.refused(action, &role.iam(action, &[own[0], ("Password", "Only-on-this-machine-1")]));
    }
    let boundary = stage.outputs.get("BoundaryArn").unwrap();
    role.refused("CreateUser", &create(&role, "revealed-2", "/stint/", Some(boundary)));
    other_ways(&role, &enrolled, boundary);
    workflow(&role, stage, &[]);
}

const TAGGED: &[(&str, &str)] =
    &[("Tags.member.1.Key", "stint-grant"), ("Tags.member.1.Value", "grant-x"), ("SourceIdentity", "ana")];

fn session(role: &Role<'_>, of: &str, more: &[(&str, &str)]) -> Answer {
    role.sts("AssumeRole", &[&[("RoleArn", of), ("RoleSessionName", "roles")], more].concat())
}

#[test]
fn reveal_takes_sessions_of_targets_that_name_their_grant_and_their_holder() {
    let stage = Stage::shared().unwrap();
    let role = Role::of(stage, "stint-reveal");
    let taken = session(&role, TARGET, TAGGED);
    role.allowed("a session", &taken);
    // Whatever a grant leaves out, the role could do: what it leaves out in tests/journeys is left out by the grant.
    let probe = stage.probe_with(&handed_out(&taken.body)).unwrap();
    assert_eq!(probe.read("fire-drill").unwrap(), Access::Allowed);

    role.refused("one that could not be cut", &session(&role, TARGET, &TAGGED[2..]));
    role.refused("one that is nobody's", &session(&role, TARGET, &TAGGED[..2]));
    let another = [TAGGED[0], ("Tags.member.1.Value", "x"), TAGGED[2]];
    role.refused("one of no grant", &session(&role, TARGET, &another));
    for (name, path) in [("elsewhere", "/"), ("stint-target", "/"), ("near", "/stint/")] {
        let everybody = everybody_may_take(stage, name, path);
        role.refused(&everybody, &session(&role, &everybody, TAGGED));
    }
    let enrolled = everybody_may_take(stage, "another-target", "/stint-target/");
    role.allowed("a session of another target", &session(&role, &enrolled, TAGGED));
}

/// A role that trusts the whole account; its ARN.
fn everybody_may_take(stage: &Stage, name: &str, path: &str) -> String {
    let root = json!({"AWS": "arn:aws:iam::000000000000:root"});
    let actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    let trust = json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": root, "Action": actions}]});
    let values = [("RoleName", name), ("Path", path), ("AssumeRolePolicyDocument", &trust.to_string())];
    stage.admin.form("iam", "CreateRole", IAM, &values).unwrap();
    format!("arn:aws:iam::000000000000:role{path}{name}")
}

fn deny(role: &Role<'_>, of: &str) -> Answer {
    role.iam("PutRolePolicy", &[("RoleName", of), ("PolicyName", "stint-roles"), ("PolicyDocument", DENY)])
}

#[test]
fn expire_and_reconcile_cut_sessions_of_roles_with_the_boundary_and_of_no_others() {
    let stage = Stage::shared().unwrap();
    let bare = "without-boundary";
    everybody_may_take(stage, bare, "/stint-target/");
    for function in ["stint-expire", "stint-reconcile"] {
        let role = Role::of(stage, function);
        role.allowed("PutRolePolicy", &deny(&role, ROLE));
        let named = [("RoleName", ROLE), ("PolicyName", "stint-roles")];
        role.allowed("GetRolePolicy", &role.iam("GetRolePolicy", &named));
        role.allowed("DeleteRolePolicy", &role.iam("DeleteRolePolicy", &named));
        role.refused("PutRolePolicy without the boundary", &deny(&role, bare));
        for own in ["stint-access", "stint-reveal"] {
            role.refused(own, &deny(&role, own));
            role.refused(own, &role.iam("DeleteRolePolicy", &[("RoleName", own), ("PolicyName", own)]));
        }
        role.refused("AttachRolePolicy", &role.iam("AttachRolePolicy", &[("RoleName", ROLE), ADMINISTRATOR]));
        role.refused(
            "UpdateAssumeRolePolicy",
            &role.iam("UpdateAssumeRolePolicy", &[named[0], ("PolicyDocument", DENY)]),
        );
    }
}

const ADMINISTRATOR: (&str, &str) = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");

#[test]
fn expire_and_reconcile_delete_stints_own_users_with_their_keys_and_no_others() {
    let stage = Stage::shared().unwrap();
    for function in ["stint-expire", "stint-reconcile"] {
        let (role, name) = (Role::of(stage, function), format!("deleted-by-{function}"));
        made(stage, &name);
        let own = [("UserName", name.as_str())];
        let key = stint_local::seed::access_key(&stage.admin, &name).unwrap();
        role.allowed("ListAccessKeys", &role.iam("ListAccessKeys", &own));
        role.allowed("DeleteAccessKey", &role.iam("DeleteAccessKey", &[own[0], ("AccessKeyId", &key.id)]));
        role.refused("CreateAccessKey", &role.iam("CreateAccessKey", &own));
        role.allowed("DeleteUser", &role.iam("DeleteUser", &own));
        assert!(!stage.has_user(&name).unwrap());
        let enrolled = stage.another("ana").unwrap();
        let key = stage.key_of(&enrolled).unwrap();
        let theirs = [("UserName", enrolled.as_str()), ("AccessKeyId", &key.id)];
        role.refused("DeleteAccessKey of a person", &role.iam("DeleteAccessKey", &theirs));
        role.refused("DeleteUser of a person", &role.iam("DeleteUser", &theirs[..1]));
    }
}

#[test]
fn nobody_but_reveal_issues_anything() {
    let stage = Stage::shared().unwrap();
    made(stage, "only-revealed");
    for function in FUNCTIONS.into_iter().filter(|name| *name != "stint-reveal") {
        let role = Role::of(stage, function);
        role.refused("CreateAccessKey", &role.iam("CreateAccessKey", &[("UserName", "only-revealed")]));
        role.refused("a session", &session(&role, TARGET, TAGGED));
    }
    let reveal = Role::of(stage, "stint-reveal");
    reveal.allowed("CreateAccessKey", &reveal.iam("CreateAccessKey", &[("UserName", "only-revealed")]));
}
