//! What a role may and may not do to the workflow and the directory.

use crate::session::Role;
use serde_json::{Value, json};
use stint_local::http::Answer;
use stint_local::stage::Stage;

/// Reads of the user pool, and no writes.
pub(crate) fn directory(role: &Role<'_>, stage: &Stage) {
    let pool = stage.outputs.get("UserPoolId").unwrap();
    let cognito = |operation: &str, body: &Value| {
        role.json("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), body)
    };
    role.allowed("ListUsers", &cognito("ListUsers", &json!({"UserPoolId": pool})));
    let join = json!({"UserPoolId": pool, "Username": "dora", "GroupName": "platform-leads"});
    role.refused("AdminAddUserToGroup", &cognito("AdminAddUserToGroup", &join));
    let rename = json!({"UserPoolId": pool, "Username": "dora",
                        "UserAttributes": [{"Name": "custom:iam_user", "Value": "ana"}]});
    role.refused("AdminUpdateUserAttributes", &cognito("AdminUpdateUserAttributes", &rename));
}

/// What of the workflow a role may do; everything else is refused. IAM decides before the service looks, so what leads
/// nowhere or is over shows as much as what is under way, and harms nothing.
pub(crate) fn workflow(role: &Role<'_>, stage: &Stage, may: &[&str]) {
    let machine = stage.outputs.get("StateMachineArn").unwrap();
    let execution = format!("{}:roles-nobody", machine.replacen(":stateMachine:", ":execution:", 1));
    let none = json!({"executionArn": execution});
    let check = |what: &str, code: &str, answer: Answer| match may.contains(&what) {
        true => role.passed(what, &answer, code),
        false => role.refused(what, &answer),
    };
    check("Describe", "ExecutionDoesNotExist", role.states("DescribeExecution", &none));
    check("Stop", "ExecutionDoesNotExist", role.states("StopExecution", &none));
    let (ended, token) = ended(stage);
    let start = json!({"stateMachineArn": machine, "name": ended, "input": "{}"});
    check("Start", "ExecutionAlreadyExists", role.states("StartExecution", &start));
    check(
        "Answer",
        "TaskTimedOut",
        role.states("SendTaskSuccess", &json!({"taskToken": token, "output": "{}"})),
    );
    role.refused(
        "UpdateStateMachine",
        &role.states("UpdateStateMachine", &json!({"stateMachineArn": machine})),
    );
    let invoke =
        |name: &str| role.post("lambda", &format!("/2015-03-31/functions/{name}/invocations"), &json!({}));
    role.refused("to call grant", &invoke("stint-grant"));
    match role.function {
        "stint-request" => role.allowed("to call expire", &invoke("stint-expire")),
        _ => role.refused("to call expire", &invoke("stint-expire")),
    }
    match role.function {
        "stint-reconcile" => role.allowed("to call notify", &invoke("stint-notify")),
        _ => role.refused("to call notify", &invoke("stint-notify")),
    }
    match role.function {
        "stint-grant" | "stint-reveal" | "stint-expire" | "stint-reconcile" => {
            role.allowed("to call a provider", &invoke("stint-provider-example"));
        }
        _ => role.refused("to call a provider", &invoke("stint-provider-example")),
    }
}

/// An execution that is over, and the token that it waited with.
fn ended(stage: &Stage) -> (String, String) {
    let session = stage.sign_in(&stage.another("ana").unwrap()).unwrap();
    let asked = session.request("build-logs-read", "1s", "the build is red").unwrap();
    let id = stint_local::api::id(&asked).unwrap();
    stage.execution(id).unwrap().ended(stint_local::stage::SOON * 4).unwrap();
    let key = json!({"pk": {"S": format!("REQ#{id}")}, "sk": {"S": "TOKEN"}});
    let item = json!({"TableName": stage.outputs.get("GrantsTable").unwrap(), "Key": key});
    let item = stage.admin.json("dynamodb", "DynamoDB_20120810.GetItem", &item).unwrap();
    let tokens: Vec<String> = serde_json::from_str(item["Item"]["tokens"]["S"].as_str().unwrap()).unwrap();
    (id.to_owned(), tokens.last().unwrap().clone())
}
