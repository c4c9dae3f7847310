//! Numbers that the template and the code share.

use crate::file;
use stint_domain::custody::sets::{SET_SECONDS, SET_SETTLE_SECONDS};
use stint_domain::grant::SETTLE_SECONDS;

/// The timeout of a function, in seconds.
fn timeout(function: &str) -> i64 {
    let template = file("infra/template.yaml");
    let (_, after) = template.split_once(&format!("FunctionName: {function}\n")).expect("the function");
    let line = after.lines().find_map(|line| line.trim().strip_prefix("Timeout: ")).expect("a timeout");
    line.parse().unwrap()
}

#[test]
fn no_attempt_to_activate_outlives_the_time_after_which_a_removal_is_closed() {
    assert!(timeout("stint-grant") < SETTLE_SECONDS);
}

#[test]
fn no_set_of_a_credential_outlives_the_time_that_the_next_rotation_waits_for_it() {
    assert!(timeout("stint-rotate-credential") <= SET_SECONDS);
    const { assert!(SET_SECONDS < SET_SETTLE_SECONDS) };
}

#[test]
fn a_mail_is_reserved_for_at_least_as_long_as_the_function_that_sends_it_may_run() {
    assert!(timeout("stint-notify") <= 30, "stint-app reserves a mail for 30 seconds");
}

#[test]
fn a_route_of_workloads_has_their_authorizer_and_no_other_route_has_it() {
    let template = file("infra/template.yaml");
    let routes = template.split("RouteKey: ").skip(1);
    let routes = routes.filter_map(|route| {
        let key = route.lines().next()?;
        let properties = route.lines().take_while(|line| !line.ends_with("::Route"));
        let authorizer =
            properties.filter_map(|line| line.trim().strip_prefix("AuthorizerId: !Ref ")).next()?;
        Some((key.contains("/v1/workloads/"), authorizer))
    });
    let routes: Vec<_> = routes.collect();
    let both = [(false, "ApiAuthorizer"), (true, "WorkloadAuthorizer")];
    assert!(routes.iter().all(|route| both.contains(route)), "{routes:?}");
    assert!(both.iter().all(|one| routes.contains(one)), "{routes:?}");
}

#[test]
fn nobody_writes_what_stint_reads_of_them_in_the_user_pool() {
    let template = file("infra/template.yaml");
    let written: Vec<_> =
        template.lines().filter_map(|line| line.trim().strip_prefix("WriteAttributes: ")).collect();
    // One for each client. Left out or empty, everything that is standard could be written.
    assert_eq!(template.matches("AWS::Cognito::UserPoolClient\n").count(), written.len());
    assert!(written.iter().all(|attributes| *attributes == "[locale]"), "{written:?}");
    let directory = file("crates/aws/src/directory.rs");
    assert!(directory.contains("attribute(\"name\")") && !directory.contains("\"locale\""));
}

#[test]
fn a_sweep_ends_before_the_next_one_begins() {
    assert!(timeout("stint-reconcile") < 60);
}

/// What the template says about each thing it makes, by name.
fn resources() -> Vec<(String, String)> {
    let template = file("infra/template.yaml");
    let (_, resources) = template.split_once("\nResources:\n").expect("resources");
    let (resources, _) = resources.split_once("\nOutputs:\n").expect("outputs");
    let mut all: Vec<(String, String)> = Vec::new();
    for line in resources.lines() {
        match line.strip_prefix("  ").filter(|rest| rest.starts_with(char::is_alphabetic)) {
            Some(name) => all.push((name.trim_end_matches(':').to_owned(), String::new())),
            None => all.iter_mut().last().into_iter().for_each(|(_, text)| *text += &format!("{line}\n")),
        }
    }
    all
}

fn property<'a>(resource: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = resource.split_once(&format!("{name}: "))?;
    let value = after.lines().next()?.split(", ").next()?;
    Some(value.trim_end_matches('}').trim_matches('\''))
}

/// As IAM compares ARNs: a star stands for anything, slashes included.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|left| {
            left.char_indices().map(|(at, _)| at).chain([left.len()]).any(|at| matches(rest, &left[at..]))
        }),
    }
}

/// `POST /v1/requests/{id}/approve` of the only stage, as the API says it when it calls.
fn asked_by(route: &str) -> String {
    let (method, path) = route.split_once(' ').expect("method and path");
    let method = if method == "ANY" { "DELETE" } else { method };
    let path: Vec<_> = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
    format!("$default/{method}{}", path.join("/"))
}

#[test]
fn the_function_of_every_route_may_be_called_by_it() {
    let resources = resources();
    let of_kind = |kind: &str| {
        let kind = format!("Type: AWS::{kind}\n");
        resources.iter().filter(move |(_, text)| text.contains(&kind))
    };
    let (mut routes, mut mute) = (0, Vec::new());
    for (name, route) in of_kind("ApiGatewayV2::Route") {
        let key = property(route, "RouteKey").expect("a key");
        let (_, integration) = route.split_once("integrations/${").expect("a target");
        let integration = integration.split('}').next().unwrap();
        let (_, integration) = resources.iter().find(|(name, _)| name == integration).expect("it");
        let function = property(integration, "IntegrationUri").and_then(|at| at.strip_prefix("!GetAtt "));
        let function = function.and_then(|at| at.strip_suffix(".Arn")).map(|name| format!("!Ref {name}"));
        let allowed = of_kind("Lambda::Permission").any(|(_, permission)| {
            let condition = property(permission, "Condition");
            let source = property(permission, "SourceArn").unwrap_or_default();
            function.is_some()
                && property(permission, "FunctionName") == function.as_deref()
                && (condition.is_none() || condition == property(route, "Condition"))
                && source.split_once("${Api}/").is_some_and(|(_, pattern)| matches(pattern, &asked_by(key)))
        });
        routes += 1;
        if !allowed {
            mute.push(format!("{name}: {key}"));
        }
    }
    assert_eq!((routes > 10, mute), (true, Vec::new()));
}

#[test]
fn a_star_of_an_arn_stands_for_anything_and_what_is_beside_it_for_itself() {
    assert!(matches("*/POST/v1/requests/*/*", "$default/POST/v1/requests/x/approve"));
    assert!(!matches("*/POST/v1/requests/*/*", "$default/GET/v1/requests/x/approve"));
    assert!(!matches("*/*/approvals/*", "$default/POST/v1/requests/x/approve"));
}

/// What has a name of its own, by its kind: the property with the name, and how its ARN begins.
const NAMED: [(&str, &str, &str); 7] = [
    ("Serverless::Function", "FunctionName", "lambda:${AWS::Region}:${AWS::AccountId}:function:"),
    ("Serverless::StateMachine", "Name", "states:${AWS::Region}:${AWS::AccountId}:stateMachine:"),
    ("Events::Rule", "Name", "events:${AWS::Region}:${AWS::AccountId}:rule/"),
    ("SQS::Queue", "QueueName", "sqs:${AWS::Region}:${AWS::AccountId}:"),
    ("SNS::Topic", "TopicName", "sns:${AWS::Region}:${AWS::AccountId}:"),
    ("CloudWatch::Alarm", "AlarmName", "cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"),
    ("Logs::LogGroup", "LogGroupName", "logs:${AWS::Region}:${AWS::AccountId}:log-group:"),
];

/// What the boundary says of each of these by itself.
const BY_ITSELF: [(&str, &str); 4] = [
    ("DynamoDB::Table", "table/${GrantsTableName}"),
    ("KMS::Key", "- !GetAtt ApprovalKey.Arn\n              - !GetAtt LinkKey.Arn\n"),
    ("Cognito::UserPool", "!GetAtt UserPool.Arn"),
    ("ApiGatewayV2::Api", "/apis/${Api}*"),
];

/// Part of one of these, or out of reach with all of IAM.
const PARTS: [&str; 12] = [
    "IAM::Role",
    "IAM::ManagedPolicy",
    "Lambda::Permission",
    "ApiGatewayV2::Authorizer",
    "ApiGatewayV2::Integration",
    "ApiGatewayV2::Route",
    "ApiGatewayV2::Stage",
    "Cognito::UserPoolClient",
    "Cognito::UserPoolDomain",
    "Cognito::ManagedLoginBranding",
    "SQS::QueuePolicy",
    "SNS::Subscription",
];

#[test]
fn the_boundary_denies_everything_that_is_stints_own() {
    let resources = resources();
    let (_, boundary) = resources.iter().find(|(name, _)| name == "Boundary").expect("the boundary");
    let (_, denied) = boundary.split_once("Sid: NotStintItself\n").expect("what it denies");
    assert!(denied.contains("Effect: Deny\n") && denied.contains("Action: '*'\n"));
    let start = "- !Sub arn:${AWS::Partition}:";
    let denied: Vec<_> =
        denied.lines().filter_map(|line| line.trim().strip_prefix(start)).chain([denied]).collect();
    let of_itself = |kind: &str| {
        let found = BY_ITSELF.iter().find(|(one, _)| *one == kind);
        found.is_some_and(|(_, text)| denied.iter().any(|one| one.contains(text)))
    };
    let mut open = Vec::new();
    for (name, resource) in &resources {
        let (_, kind) = resource.split_once("Type: AWS::").expect("a kind");
        let kind = kind.lines().next().unwrap();
        let closed = match NAMED.iter().find(|(one, ..)| *one == kind) {
            Some((_, property_name, arn)) => {
                let arn = format!("{arn}{}", property(resource, property_name).expect("a name"));
                denied.iter().any(|pattern| matches(pattern, &arn))
            }
            None => PARTS.contains(&kind) || of_itself(kind),
        };
        if !closed {
            open.push(format!("{name}: {kind}"));
        }
    }
    assert_eq!((resources.len() > 50, open), (true, Vec::new()));
}
