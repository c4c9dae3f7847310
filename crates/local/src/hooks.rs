//! What only a local cloud lets one do: see every invocation, kill a function at a call, switch a function off.

use crate::admin::{Admin, encoded};
use crate::http::Http;
use crate::json::{at, items, text};
use crate::{LocalError, Result};
use serde::Deserialize;
use serde_json::{Value, json};

const MOST_LINES: usize = 10_000;

/// One invocation of a function, by its full name such as `stint-grant`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Invocation {
    pub function: String,
    /// Lambda's id.
    pub request_id: String,
    /// The `request_id` in the payload, if there is one.
    pub event_request_id: Option<String>,
    /// The `Step` in the payload, if it is called for one of a rotation; else it is empty.
    pub step: String,
    /// Such as `POST /approvals/{token}`.
    pub route: Option<String>,
    pub started: String,
    pub ended: Option<String>,
    pub error: Option<String>,
    /// The AWS operations it called, in order.
    pub calls: Vec<String>,
}

/// On which side of its n-th AWS call a function dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

impl Side {
    const fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// Everything since the start or [`forget_invocations`].
pub fn invocations(http: &Http) -> Result<Vec<Invocation>> {
    let all = http.get("/_stint/invocations")?.ok("the invocations")?.json();
    serde_json::from_value(all).map_err(|cause| LocalError::unexpected(format!("the invocations: {cause}")))
}

pub fn forget_invocations(http: &Http) -> Result<()> {
    http.send("DELETE", "/_stint/invocations", &[], "")?.ok("the invocations").map(drop)
}

/// Kills `function`'s process at its `call`-th AWS call (from 1) of an invocation, `times` times in all.
pub fn kill_at(http: &Http, function: &str, call: u32, side: Side, times: u32) -> Result<()> {
    let fault = json!({"function": function, "call": call, "when": side.name(), "times": times});
    http.send("POST", "/_stint/faults", &[], &fault.to_string())?.ok("arming a fault").map(drop)
}

/// Kills `function`'s process once, at the first call of `operation` of an invocation, such as `GetItem`.
pub fn kill_at_operation(http: &Http, function: &str, operation: &str, side: Side) -> Result<()> {
    let fault = json!({
        "function": function, "operation": operation, "call": 1, "when": side.name(), "times": 1
    });
    http.send("POST", "/_stint/faults", &[], &fault.to_string())?.ok("arming a fault").map(drop)
}

/// Kills `function`'s process at its `call`-th AWS call of an invocation for this step of a rotation (empty: for none), `times`
/// times in all.
pub fn kill_at_step(
    http: &Http,
    function: &str,
    step: &str,
    call: u32,
    side: Side,
    times: u32,
) -> Result<()> {
    let fault =
        json!({"function": function, "step": step, "call": call, "when": side.name(), "times": times});
    http.send("POST", "/_stint/faults", &[], &fault.to_string())?.ok("arming a fault").map(drop)
}

/// How often `function` has been killed since its fault was armed.
pub fn kills(http: &Http, function: &str) -> Result<u64> {
    let report = http.get("/_stint/faults")?.ok("the faults")?.json();
    Ok(at(&report, &format!("/functions/{function}/kills")).as_u64().unwrap_or(0))
}

pub fn no_more_kills(http: &Http) -> Result<()> {
    http.send("DELETE", "/_stint/faults", &[], "")?.ok("disarming").map(drop)
}

/// Switches a function off: whoever calls it is throttled.
pub fn switch_off(admin: &Admin, function: &str) -> Result<()> {
    let path = format!("/2017-10-31/functions/{}/concurrency", encoded(function));
    admin.rest("lambda", "PUT", &path, &json!({"ReservedConcurrentExecutions": 0})).map(drop)
}

/// Switches it on again.
pub fn switch_on(admin: &Admin, function: &str) -> Result<()> {
    let path = format!("/2017-10-31/functions/{}/concurrency", encoded(function));
    admin.rest("lambda", "DELETE", &path, &Value::Null).map(drop)
}

/// What a function answers to an event: its value, or the type and message of its error.
pub fn invoke(admin: &Admin, function: &str, event: &Value) -> Result<Result<Value, Value>> {
    let path = format!("/2015-03-31/functions/{}/invocations", encoded(function));
    let answer = admin.rest("lambda", "POST", &path, event)?;
    let failed = answer.header("x-amz-function-error").is_some();
    Ok(if failed { Err(answer.json()) } else { Ok(answer.json()) })
}

/// Takes up to ten messages from a queue, such as the output `DeadLettersUrl`; returns their bodies.
pub fn messages(admin: &Admin, queue: &str) -> Result<Vec<Value>> {
    let ask = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0});
    let page = admin.json("sqs", "AmazonSQS.ReceiveMessage", &ask)?;
    let body = |message: &Value| serde_json::from_str(text(message, "/Body")).ok();
    Ok(items(&page, "/Messages").filter_map(body).collect())
}

/// The lines that a function has logged, all of them.
pub fn logs(admin: &Admin, function: &str) -> Result<Vec<String>> {
    let ask = json!({"logGroupName": format!("/aws/lambda/{function}"), "limit": MOST_LINES});
    let page = admin.json("logs", "Logs_20140328.FilterLogEvents", &ask)?;
    let line = |event: &Value| text(event, "/message").trim_end().to_owned();
    let lines: Vec<_> = items(&page, "/events").map(line).collect();
    // The local cloud has no pages of them.
    let all = lines.len() < MOST_LINES;
    all.then_some(lines).ok_or_else(|| LocalError::unexpected(format!("{function} has logged too much")))
}
