//! The workflow of a request: what it waits for, how it is started and answered, and who ends access at once.

use super::Cause;
use super::StoreError;
use jiff::Timestamp;
use std::future::Future;
use stint_domain::ids::RequestId;
use thiserror::Error;

/// What a workflow waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wait {
    Decision,
    Rotation,
}

/// The tokens by which the workflow waits. They leave the ledger for nothing but the workflow.
pub trait TaskTokens: Send + Sync {
    /// Beside those from before, once each: a retried wait has a new token, and a message that comes late an old one.
    fn keep(
        &self,
        id: RequestId,
        wait: Wait,
        token: &TaskToken,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// All of them, the oldest first.
    fn kept(
        &self,
        id: RequestId,
        wait: Wait,
    ) -> impl Future<Output = Result<Vec<TaskToken>, StoreError>> + Send;
}

/// A Step Functions task token: whoever has it can answer for an approver, so it has no `Debug` and no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskToken(String);

impl TaskToken {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// For the workflow and the ledger's item, and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Error)]
pub enum WorkflowError {
    /// The wait, or the execution, is over already; for whoever wanted it over, that is success.
    #[error("the workflow no longer waits for this")]
    Closed,
    #[error("the workflow service did not answer")]
    Unavailable(#[source] Cause),
}

/// What became of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    Running,
    Closed,
    Unknown,
}

/// Starts, answers and stops executions; the execution's name is the request's id.
pub trait Workflow: Send + Sync {
    /// Starting what runs already succeeds. [`WorkflowError::Closed`] if it ran before and is over.
    fn start(&self, input: &WorkflowInput) -> impl Future<Output = Result<(), WorkflowError>> + Send;
    fn approved(&self, token: &TaskToken) -> impl Future<Output = Result<(), WorkflowError>> + Send;
    /// Ends the wait with one of the workflow's own errors, such as `Stint.Denied`.
    fn declined(
        &self,
        token: &TaskToken,
        error: &'static str,
    ) -> impl Future<Output = Result<(), WorkflowError>> + Send;
    fn stop(&self, id: RequestId, cause: &str) -> impl Future<Output = Result<(), WorkflowError>> + Send;
    fn status(&self, id: RequestId) -> impl Future<Output = Result<ExecutionStatus, WorkflowError>> + Send;
}

/// The input of an execution: hints for its timers, never authority. The same request always gives the same input.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WorkflowInput {
    pub request_id: RequestId,
    pub wait_seconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
}

/// Asks the function that mails to look at a request again, without waiting for it.
pub trait Notifier: Send + Sync {
    fn notify_again(&self, id: RequestId) -> impl Future<Output = Result<(), WorkflowError>> + Send;
}

/// Asks the function that ends access to do so now, without waiting for it.
pub trait Expirer: Send + Sync {
    fn expire_now(&self, id: RequestId) -> impl Future<Output = Result<(), WorkflowError>> + Send;
}
