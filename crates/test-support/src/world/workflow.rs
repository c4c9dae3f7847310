//! A workflow service: executions that can be started once, waits that can be answered once.

use super::World;
use stint_app::ports::{
    ExecutionStatus, Expirer, Notifier, TaskToken, Workflow, WorkflowError, WorkflowInput,
};
use stint_domain::ids::RequestId;

/// An execution and how far its wait for a decision has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    pub input: WorkflowInput,
    pub running: bool,
    pub wait: ExecutionState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionState {
    NotWaiting,
    Waiting { token: String },
    Approved,
    Declined { error: &'static str },
}

impl World {
    fn answer(&self, token: &TaskToken, with: &ExecutionState) -> Result<(), WorkflowError> {
        let mut state = self.state();
        let waiting = ExecutionState::Waiting { token: token.reveal().to_owned() };
        let execution = state.executions.values_mut().find(|e| e.running && e.wait == waiting);
        execution.ok_or(WorkflowError::Closed)?.wait = with.clone();
        Ok(())
    }
}

impl Workflow for World {
    async fn start(&self, input: &WorkflowInput) -> Result<(), WorkflowError> {
        self.failpoints.around("start execution", WorkflowError::Unavailable, || {
            let mut state = self.state();
            match state.executions.get(&input.request_id) {
                Some(execution) if execution.running && execution.input == *input => Ok(()),
                Some(_) => Err(WorkflowError::Closed),
                None => {
                    let fresh =
                        Execution { input: input.clone(), running: true, wait: ExecutionState::NotWaiting };
                    state.executions.insert(input.request_id, fresh);
                    Ok(())
                }
            }
        })
    }

    async fn approved(&self, token: &TaskToken) -> Result<(), WorkflowError> {
        self.failpoints.around("answer token", WorkflowError::Unavailable, || {
            self.answer(token, &ExecutionState::Approved)
        })
    }

    async fn declined(&self, token: &TaskToken, error: &'static str) -> Result<(), WorkflowError> {
        let declined = ExecutionState::Declined { error };
        self.failpoints.around("answer token", WorkflowError::Unavailable, || self.answer(token, &declined))
    }

    async fn stop(&self, id: RequestId, _cause: &str) -> Result<(), WorkflowError> {
        self.failpoints.around("stop execution", WorkflowError::Unavailable, || {
            let mut state = self.state();
            let execution =
                state.executions.get_mut(&id).filter(|e| e.running).ok_or(WorkflowError::Closed)?;
            execution.running = false;
            Ok(())
        })
    }

    async fn status(&self, id: RequestId) -> Result<ExecutionStatus, WorkflowError> {
        Ok(match self.state().executions.get(&id) {
            None => ExecutionStatus::Unknown,
            Some(execution) if execution.running => ExecutionStatus::Running,
            Some(_) => ExecutionStatus::Closed,
        })
    }
}

impl Expirer for World {
    async fn expire_now(&self, id: RequestId) -> Result<(), WorkflowError> {
        self.failpoints.around("invoke expire", WorkflowError::Unavailable, || {
            self.state().expiries.push(id);
            Ok(())
        })
    }
}

impl Notifier for World {
    async fn notify_again(&self, id: RequestId) -> Result<(), WorkflowError> {
        self.failpoints.around("invoke notify", WorkflowError::Unavailable, || {
            self.state().notifications.push(id);
            Ok(())
        })
    }
}
