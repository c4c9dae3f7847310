//! The next version of everything that runs: other code and another environment of the functions, another workflow.

use crate::denying::{configuration, set_environment};
use serde_json::{Value, json};
use stint_local::paths;
use stint_local::stage::Stage;

/// Those that still have something to do for a request that is under way.
const FUNCTIONS: [&str; 4] = ["approve", "grant", "reveal", "expire"];

/// When this returns, nothing of the version before runs any more but the executions, which keep their definition.
pub(crate) fn deployed(stage: &Stage) {
    for function in FUNCTIONS {
        let before = configuration(stage, &format!("stint-{function}"));
        code(stage, function);
        environment(stage, function, &before);
        let after = configuration(stage, &format!("stint-{function}"));
        assert_ne!(before["CodeSha256"], after["CodeSha256"], "{function}");
        assert_eq!(after["Environment"]["Variables"]["STINT_VERSION"], "the next", "{function}");
    }
    workflow(stage);
}

/// The same program; what is behind the end of an archive changes its hash alone.
fn code(stage: &Stage, function: &str) {
    let mut archive = std::fs::read(paths::stage().join(format!("target/lambda/{function}.zip"))).unwrap();
    archive.resize((archive.len() + 1).next_multiple_of(3), 0);
    let path = format!("/2015-03-31/functions/stint-{function}/code");
    stage.admin.rest("lambda", "PUT", &path, &json!({"ZipFile": base64(&archive)})).unwrap();
}

fn environment(stage: &Stage, function: &str, before: &Value) {
    let mut variables = before["Environment"]["Variables"].clone();
    variables["STINT_VERSION"] = json!("the next");
    set_environment(stage, &format!("stint-{function}"), &variables).unwrap();
}

fn workflow(stage: &Stage) {
    let call = |operation: &str, body: &Value| {
        stage.admin.json("states", &format!("AWSStepFunctions.{operation}"), body).unwrap()
    };
    let machine = json!({"stateMachineArn": stage.outputs.get("StateMachineArn").unwrap()});
    let described = call("DescribeStateMachine", &machine);
    let mut definition: Value = serde_json::from_str(described["definition"].as_str().unwrap()).unwrap();
    definition["Comment"] = json!("The next version.");
    let update = json!({"stateMachineArn": machine["stateMachineArn"], "definition": definition.to_string()});
    call("UpdateStateMachine", &update);
    assert_ne!(call("DescribeStateMachine", &machine)["definition"], described["definition"]);
}

/// Of whole threes of bytes.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len() / 3 * 4);
    for three in bytes.chunks_exact(3) {
        let number = three.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
        text.extend([18, 12, 6, 0].map(|shift| char::from(DIGITS[number >> shift & 63])));
    }
    text
}
