//! Calls another function of Stint's, and does not wait for it.

use crate::client::OnFirstUse;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_types::SdkConfig;
use stint_app::ports::{Expirer, Notifier, WorkflowError};
use stint_domain::ids::RequestId;

/// The function that ends access.
pub struct ExpireFunction(Function);

/// The function that mails.
pub struct NotifyFunction(Function);

struct Function {
    client: OnFirstUse<Client>,
    name: String,
}

impl ExpireFunction {
    /// `function` is a name or an ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, function: String) -> Self {
        Self(Function::new(config, function))
    }
}

impl NotifyFunction {
    /// `function` is a name or an ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, function: String) -> Self {
        Self(Function::new(config, function))
    }
}

impl Expirer for ExpireFunction {
    async fn expire_now(&self, id: RequestId) -> Result<(), WorkflowError> {
        self.0.call(&serde_json::json!({ "request_id": id, "trigger": "returned" })).await
    }
}

impl Notifier for NotifyFunction {
    async fn notify_again(&self, id: RequestId) -> Result<(), WorkflowError> {
        self.0.call(&serde_json::json!({ "request_id": id })).await
    }
}

impl Function {
    fn new(config: &SdkConfig, name: String) -> Self {
        Self { client: OnFirstUse::new(config, Client::new), name }
    }

    async fn call(&self, event: &serde_json::Value) -> Result<(), WorkflowError> {
        let call =
            self.client.get().invoke().function_name(&self.name).invocation_type(InvocationType::Event);
        let sent = call.payload(Blob::new(event.to_string())).send().await;
        sent.map(drop).map_err(|cause| WorkflowError::Unavailable(Box::new(cause)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answers, config};

    fn id() -> RequestId {
        "req-01980000000070008000000000000001".parse().unwrap()
    }

    #[tokio::test]
    async fn the_function_that_ends_access_is_told_of_which_request_and_what_triggered_it() {
        let answers = Answers::always(202, "");
        let expirer = ExpireFunction::new(&config(&answers), "stint-expire".to_owned());
        expirer.expire_now(id()).await.unwrap();
        assert_eq!(answers.sent(), [format!(r#"{{"request_id":"{}","trigger":"returned"}}"#, id())]);
        assert_eq!(answers.header("x-amz-invocation-type").as_deref(), Some("Event"));
    }

    #[tokio::test]
    async fn the_function_that_mails_is_told_of_which_request_and_has_no_token() {
        let answers = Answers::always(202, "");
        let notifier = NotifyFunction::new(&config(&answers), "stint-notify".to_owned());
        notifier.notify_again(id()).await.unwrap();
        assert_eq!(answers.sent(), [format!(r#"{{"request_id":"{}"}}"#, id())]);
        assert_eq!(answers.header("x-amz-invocation-type").as_deref(), Some("Event"));
    }

    #[tokio::test]
    async fn a_function_that_cannot_be_called_is_unavailable() {
        let answers = Answers::always(404, r#"{"Type":"User"}"#);
        let expirer = ExpireFunction::new(&config(&answers), "stint-expire".to_owned());
        assert!(matches!(expirer.expire_now(id()).await, Err(WorkflowError::Unavailable(_))));
    }
}
