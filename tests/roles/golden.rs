//! All that any role of Stint's may do, line by line: `golden/*.txt`. A permission that is added, widened or dropped
//! shows as a changed line there, for whoever reviews it. `STINT_BLESS=1` writes them anew.

use crate::deployed::{attached, many, role_of, statements, texts, trust};
use crate::{FUNCTIONS, on_the_tables};
use serde_json::Value;
use std::path::Path;
use stint_local::Stage;
use stint_local::cloud::REGION;
use stint_local::seed::ROLE;

#[test]
fn every_role_may_do_what_is_written_and_nothing_else() {
    let stage = Stage::shared().unwrap();
    let mut roles: Vec<_> = FUNCTIONS.iter().map(|name| (*name, role_of(stage, name))).collect();
    roles.push(("stint-access", "stint-access".to_owned()));
    roles.push(("an-enrolled-role", ROLE.to_owned()));
    for (name, role) in roles {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("roles/golden").join(format!("{name}.txt"));
        let found = table(stage, &role);
        if std::env::var_os("STINT_BLESS").is_some() {
            std::fs::write(&file, &found).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap();
        assert_eq!(found, written, "the role of {name} against {}", file.display());
    }
}

/// The role as lines that sort.
fn table(stage: &Stage, role: &str) -> String {
    let mut lines: Vec<_> = many(&trust(stage, role)["Statement"]).iter().map(trusted).collect();
    lines.extend(attached(stage, role).iter().map(|arn| format!("has  {arn}")));
    let mut may: Vec<_> = statements(stage, role).iter().flat_map(allowed).collect();
    may.sort();
    lines.extend(may);
    let text = lines.join("\n") + "\n";
    let pool = stage.outputs.get("UserPoolId").unwrap();
    let account = stage.outputs.get("StateMachineArn").unwrap().split(':').nth(4).unwrap().to_owned();
    let key = stage.outputs.get("ApprovalKeyArn").unwrap();
    let links = stage.outputs.get("LinkKeyArn").unwrap();
    text.replace(key, "<approval-key>")
        .replace(links, "<link-key>")
        .replace(pool, "<pool>")
        .replace(&account, "<account>")
        .replace(REGION, "<region>")
}

fn trusted(statement: &Value) -> String {
    let condition = condition(statement);
    format!("for  {} {}{condition}", statement["Principal"], statement["Action"])
}

/// A statement by action and resource.
fn allowed(statement: &Value) -> Vec<String> {
    assert_eq!(statement["Effect"], "Allow", "{statement}");
    assert!(statement["NotAction"].is_null() && statement["NotResource"].is_null(), "{statement}");
    let mut lines = Vec::new();
    for action in texts(&statement["Action"]) {
        assert!(!action.contains('*'), "an action with a wildcard: {action}");
        for resource in texts(&statement["Resource"]) {
            lines.push(format!("may  {action:32} {resource}{}", condition(statement)));
        }
    }
    lines
}

fn condition(statement: &Value) -> String {
    let condition = &statement["Condition"];
    if condition.is_null() { String::new() } else { format!("  if {condition}") }
}

/// Where a wildcard stands in a resource, and why nothing narrower would do.
const WILDCARDS: [(&str, &str); 17] = [
    (":secret:stint/postgres/*", "databases are yet to come"),
    (":function:stint-provider-*", "providers are yet to come; their names say what they are"),
    ("table/stint-grants/index/*", "all indexes of the table"),
    ("table/stint-audit/index/*", "all indexes of the table"),
    ("execution:stint-access:*", "executions are named by requests, which are yet to come"),
    (":secret:stint/vault/*", "whoever is vaulted is yet to come; Secrets Manager adds characters to a name"),
    (":secret:stint/administrators/*", "the same"),
    (":user/stint-vault/*", "users whose keys are vaulted are yet to come"),
    (":user/*", "whoever enrols is yet to come; the boundary says who may be elevated"),
    (":user/stint/*", "Stint's own users are yet to come"),
    (":user/stint-*", "the same where IAM does not know their path, because they are not there"),
    (":role/stint-target/*", "whoever enrols is yet to come; the boundary says who may be cut"),
    (":role/*", "a role that is not there has no path; only reads"),
    (":group/*", "anybody may have put a user of Stint's into a group"),
    (":mfa/*", "anybody may have given a user of Stint's a device"),
    (":log-group:/aws/lambda/stint-*:*", "the streams of one group are yet to come"),
    ("*", "the delivery of logs and the list of users know no resources, says AWS"),
];

/// What can change what somebody may do, so only of those that wear the boundary.
const GIVING: [&str; 3] = ["iam:PutUserPolicy", "iam:PutRolePolicy", "iam:CreateUser"];

#[test]
fn a_wildcard_stands_only_where_aws_has_nothing_narrower() {
    let stage = Stage::shared().unwrap();
    let mut used = std::collections::BTreeSet::new();
    let roles = FUNCTIONS.iter().map(|name| role_of(stage, name)).chain(["stint-access".to_owned()]);
    for role in roles {
        for statement in statements(stage, &role) {
            for resource in texts(&statement["Resource"]).iter().filter(|one| one.contains('*')) {
                let reason = WILDCARDS.iter().find(|(known, _)| fits(resource, known));
                let (known, _) = reason.unwrap_or_else(|| panic!("{role}: {resource} in {statement}"));
                used.insert(*known);
                let actions = texts(&statement["Action"]);
                if resource == "*" {
                    let logs = |action: &String| role == "stint-access" && action.starts_with("logs:");
                    let lists = |action: &String| role == "stint-reconcile" && action == "iam:ListUsers";
                    assert!(
                        actions.iter().all(|action| logs(action) || lists(action)),
                        "{role}: {statement}"
                    );
                }
                if actions.iter().any(|action| GIVING.contains(&action.as_str())) {
                    let boundary = &statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"];
                    assert_eq!(boundary, stage.outputs.get("BoundaryArn").unwrap(), "{role}: {statement}");
                }
            }
        }
    }
    assert!(used.contains(":user/*") && used.contains("*"), "the list is about what is there: {used:?}");
}

/// The whole resource if it is `*`, else its end; the function's name in a log group may be any.
fn fits(resource: &str, known: &str) -> bool {
    match known.split_once("stint-*") {
        Some((before, after)) => resource.contains(&format!("{before}stint-")) && resource.ends_with(after),
        None if known == "*" => resource == "*",
        None => resource.ends_with(known),
    }
}

#[test]
fn on_the_audit_nobody_does_anything_but_insert_and_only_the_api_reads() {
    let stage = Stage::shared().unwrap();
    for name in on_the_tables() {
        let mut actions = Vec::new();
        for statement in statements(stage, &role_of(stage, name)) {
            let on_audit = texts(&statement["Resource"]).iter().any(|one| one.contains("table/stint-audit"));
            if on_audit {
                actions.extend(texts(&statement["Action"]));
            }
        }
        let mut expected = vec!["dynamodb:PartiQLInsert"];
        expected.extend((name == "stint-request").then_some("dynamodb:Query"));
        assert_eq!(actions, expected, "{name}");
    }
}
