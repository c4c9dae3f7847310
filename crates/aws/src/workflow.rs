//! Executions of the access workflow, and the answers it waits for.

use crate::client::OnFirstUse;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::ExecutionStatus as Status;
use aws_types::SdkConfig;
use std::error::Error;
use std::str::FromStr;
use stint_app::ports::{ExecutionStatus, TaskToken, Workflow, WorkflowError, WorkflowInput};
use stint_domain::ids::RequestId;
use thiserror::Error;

/// The ARN of a state machine, from which those of its executions follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateMachineArn(String);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("this is not the ARN of a state machine")]
pub struct InvalidArn;

impl FromStr for StateMachineArn {
    type Err = InvalidArn;
    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        match text.split(':').collect::<Vec<_>>()[..] {
            ["arn", _, "states", _, _, "stateMachine", name] if !name.is_empty() => Ok(Self(text.to_owned())),
            _ => Err(InvalidArn),
        }
    }
}

impl StateMachineArn {
    fn execution(&self, id: RequestId) -> String {
        format!("{}:{id}", self.0.replacen(":stateMachine:", ":execution:", 1))
    }
}

pub struct StepFunctions {
    client: OnFirstUse<Client>,
    machine: Option<StateMachineArn>,
}

impl StepFunctions {
    #[must_use]
    pub fn new(config: &SdkConfig, machine: StateMachineArn) -> Self {
        Self { client: OnFirstUse::new(config, Client::new), machine: Some(machine) }
    }

    /// For functions that answer waits and never start or stop anything: a token needs no machine.
    #[must_use]
    pub fn answering(config: &SdkConfig) -> Self {
        Self { client: OnFirstUse::new(config, Client::new), machine: None }
    }

    fn machine(&self) -> Result<&StateMachineArn, WorkflowError> {
        self.machine
            .as_ref()
            .ok_or_else(|| WorkflowError::Unavailable("no state machine is configured".into()))
    }

    async fn describe(&self, id: RequestId) -> Result<ExecutionStatus, WorkflowError> {
        let arn = self.machine()?.execution(id);
        match self.client.get().describe_execution().execution_arn(arn).send().await {
            Ok(found) if matches!(found.status(), Status::Running | Status::PendingRedrive) => {
                Ok(ExecutionStatus::Running)
            }
            Ok(_) => Ok(ExecutionStatus::Closed),
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => Ok(ExecutionStatus::Unknown),
            Err(error) => Err(unavailable(error)),
        }
    }
}

impl Workflow for StepFunctions {
    /// Starting twice with the same input succeeds as long as it runs; a name that is taken otherwise is looked at.
    async fn start(&self, input: &WorkflowInput) -> Result<(), WorkflowError> {
        let json = serde_json::to_string(input).map_err(unavailable)?;
        let start = self.client.get().start_execution().state_machine_arn(&self.machine()?.0);
        match start.name(input.request_id.to_string()).input(json).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => {
                match self.describe(input.request_id).await? {
                    ExecutionStatus::Running => Ok(()),
                    ExecutionStatus::Closed | ExecutionStatus::Unknown => Err(WorkflowError::Closed),
                }
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn approved(&self, token: &TaskToken) -> Result<(), WorkflowError> {
        let sent = self.client.get().send_task_success().task_token(token.reveal()).output("{}").send().await;
        sent.map(drop).map_err(answered)
    }

    async fn declined(&self, token: &TaskToken, error: &'static str) -> Result<(), WorkflowError> {
        let sent = self.client.get().send_task_failure().task_token(token.reveal()).error(error).send().await;
        sent.map(drop).map_err(answered)
    }

    async fn stop(&self, id: RequestId, cause: &str) -> Result<(), WorkflowError> {
        let stop = self.client.get().stop_execution().execution_arn(self.machine()?.execution(id));
        match stop.cause(cause).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => Err(WorkflowError::Closed),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn status(&self, id: RequestId) -> Result<ExecutionStatus, WorkflowError> {
        self.describe(id).await
    }
}

/// Why an answer did not arrive: the wait is over, or the service did not take it.
fn answered(error: impl ProvideErrorMetadata + Error + Send + Sync + 'static) -> WorkflowError {
    match error.code() {
        Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken") => WorkflowError::Closed,
        _ => unavailable(error),
    }
}

fn unavailable(cause: impl Error + Send + Sync + 'static) -> WorkflowError {
    WorkflowError::Unavailable(Box::new(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answers, config};

    const MACHINE: &str = "arn:aws:states:eu-west-1:000000000000:stateMachine:stint-access";

    fn id() -> RequestId {
        "req-01980000000070008000000000000001".parse().unwrap()
    }

    fn input() -> WorkflowInput {
        WorkflowInput { request_id: id(), wait_seconds: 60, starts_at: None }
    }

    fn workflow(answers: &[(u16, &str)]) -> (StepFunctions, Answers) {
        let answers = Answers::in_order(answers);
        (StepFunctions::new(&config(&answers), MACHINE.parse().unwrap()), answers)
    }

    const EXISTS: (u16, &str) = (400, r#"{"__type":"ExecutionAlreadyExists"}"#);
    const STARTED: &str = r#"{"executionArn":"a","startDate":1}"#;

    fn described(status: &'static str) -> String {
        format!(r#"{{"executionArn":"a","stateMachineArn":"m","status":"{status}","startDate":1}}"#)
    }

    #[test]
    fn an_executions_arn_follows_from_its_machines() {
        let arn = MACHINE.parse::<StateMachineArn>().unwrap().execution(id());
        assert_eq!(
            arn,
            "arn:aws:states:eu-west-1:000000000000:execution:stint-access:req-01980000000070008000000000000001"
        );
        assert_eq!(arn.parse::<StateMachineArn>(), Err(InvalidArn));
    }

    #[tokio::test]
    async fn an_execution_is_named_by_its_request() {
        let (workflow, answers) = workflow(&[(200, STARTED)]);
        workflow.start(&input()).await.unwrap();
        let sent: serde_json::Value = serde_json::from_str(&answers.sent()[0]).unwrap();
        assert_eq!(sent["name"], id().to_string());
        assert_eq!(sent["input"], format!(r#"{{"request_id":"{}","wait_seconds":60}}"#, id()));
    }

    #[tokio::test]
    async fn starting_what_runs_succeeds_and_what_is_over_is_closed() {
        let (running, _) = workflow(&[EXISTS, (200, &described("RUNNING"))]);
        assert!(running.start(&input()).await.is_ok());
        for over in ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] {
            let (workflow, _) = workflow(&[EXISTS, (200, &described(over))]);
            assert!(matches!(workflow.start(&input()).await, Err(WorkflowError::Closed)), "{over}");
        }
    }

    #[tokio::test]
    async fn an_answer_to_a_wait_that_is_over_is_told_from_one_that_did_not_arrive() {
        let token = TaskToken::new("t".to_owned());
        for over in ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"] {
            let (one, _) = workflow(&[(400, &format!(r#"{{"__type":"{over}"}}"#))]);
            assert!(matches!(one.approved(&token).await, Err(WorkflowError::Closed)), "{over}");
        }
        let (denied, _) = workflow(&[(400, r#"{"__type":"AccessDeniedException"}"#)]);
        assert!(matches!(denied.declined(&token, "Stint.Denied").await, Err(WorkflowError::Unavailable(_))));
        let (waiting, answers) = workflow(&[(200, "{}")]);
        waiting.declined(&token, "Stint.Denied").await.unwrap();
        assert_eq!(answers.sent(), [r#"{"taskToken":"t","error":"Stint.Denied"}"#]);
    }

    #[tokio::test]
    async fn an_execution_that_never_was_is_unknown() {
        let (workflow, _) = workflow(&[(400, r#"{"__type":"ExecutionDoesNotExist"}"#)]);
        assert_eq!(workflow.status(id()).await.unwrap(), ExecutionStatus::Unknown);
    }
}
