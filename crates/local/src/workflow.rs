//! The executions of the workflow.

use crate::admin::Admin;
use crate::deploy::Outputs;
use crate::json::{at, items, text};
use crate::{Result, wait};
use serde_json::{Value, json};
use std::time::Duration;

/// The executions of the workflow so far, by name.
pub fn names(admin: &Admin, outputs: &Outputs) -> Result<Vec<String>> {
    let (machine, mut next, mut names) = (outputs.get("StateMachineArn")?, Value::Null, Vec::new());
    loop {
        let ask = match &next {
            Value::Null => json!({"stateMachineArn": machine, "maxResults": 1000}),
            next => json!({"stateMachineArn": machine, "maxResults": 1000, "nextToken": next}),
        };
        let page = admin.json("states", "AWSStepFunctions.ListExecutions", &ask)?;
        names.extend(items(&page, "/executions").map(|one| text(one, "/name").to_owned()));
        next = at(&page, "/nextToken").clone();
        if next.is_null() {
            return Ok(names);
        }
    }
}

/// One execution, which may not have started.
#[derive(Debug, Clone)]
pub struct Execution {
    admin: Admin,
    arn: String,
}

impl Execution {
    /// The execution of this name: the request's id, or `<id>-<n>` for a restart.
    pub fn named(admin: &Admin, outputs: &Outputs, name: &str) -> Result<Self> {
        let machine = outputs.get("StateMachineArn")?.replacen(":stateMachine:", ":execution:", 1);
        Ok(Self { admin: admin.clone(), arn: format!("{machine}:{name}") })
    }

    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`; an error if there is none.
    pub fn status(&self) -> Result<String> {
        Ok(text(&self.call("DescribeExecution", &json!({"executionArn": self.arn}))?, "/status").to_owned())
    }

    /// Everything that happened, oldest first.
    pub fn history(&self) -> Result<Vec<Value>> {
        let page =
            self.call("GetExecutionHistory", &json!({"executionArn": self.arn, "maxResults": 1000}))?;
        Ok(items(&page, "/events").cloned().collect())
    }

    /// The names of the states entered, in order; a retry enters none.
    pub fn states(&self) -> Result<Vec<String>> {
        let name = |event: &Value| text(event, "/stateEnteredEventDetails/name").to_owned();
        let entered = |event: &&Value| text(event, "/type").ends_with("StateEntered");
        Ok(self.history()?.iter().filter(entered).map(name).collect())
    }

    /// Waits for its end and returns how it ended.
    pub fn ended(&self, at_most: Duration) -> Result<String> {
        let what = format!("the end of {}", self.arn);
        wait::until(&what, at_most, || Ok(Some(self.status()?).filter(|status| status != "RUNNING")))
    }

    /// Stops it from outside.
    pub fn stop(&self) -> Result<()> {
        self.call("StopExecution", &json!({"executionArn": self.arn})).map(drop)
    }

    fn call(&self, operation: &str, body: &Value) -> Result<Value> {
        self.admin.json("states", &format!("AWSStepFunctions.{operation}"), body)
    }
}
