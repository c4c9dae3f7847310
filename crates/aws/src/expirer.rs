//! Calls the function that ends access, and does not wait for it.

use crate::client::OnFirstUse;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_types::SdkConfig;
use stint_app::ports::{Expirer, WorkflowError};
use stint_domain::ids::RequestId;

pub struct ExpireFunction {
    client: OnFirstUse<Client>,
    function: String,
}

impl ExpireFunction {
    /// `function` is a name or an ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, function: String) -> Self {
        Self { client: OnFirstUse::new(config, Client::new), function }
    }
}

impl Expirer for ExpireFunction {
    async fn expire_now(&self, id: RequestId) -> Result<(), WorkflowError> {
        let event = serde_json::json!({ "request_id": id, "trigger": "returned" }).to_string();
        let call =
            self.client.get().invoke().function_name(&self.function).invocation_type(InvocationType::Event);
        let sent = call.payload(Blob::new(event)).send().await;
        sent.map(drop).map_err(|cause| WorkflowError::Unavailable(Box::new(cause)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answers, config};

    #[tokio::test]
    async fn the_function_is_called_with_the_request_and_what_triggered_it() {
        let answers = Answers::always(202, "");
        let id = "req-01980000000070008000000000000001".parse().unwrap();
        let expirer = ExpireFunction::new(&config(&answers), "stint-expire".to_owned());
        expirer.expire_now(id).await.unwrap();
        assert_eq!(answers.sent(), [format!(r#"{{"request_id":"{id}","trigger":"returned"}}"#)]);
        assert_eq!(answers.header("x-amz-invocation-type").as_deref(), Some("Event"));
    }

    #[tokio::test]
    async fn a_function_that_cannot_be_called_is_unavailable() {
        let answers = Answers::always(404, r#"{"Type":"User"}"#);
        let id = "req-01980000000070008000000000000001".parse().unwrap();
        let expirer = ExpireFunction::new(&config(&answers), "stint-expire".to_owned());
        assert!(matches!(expirer.expire_now(id).await, Err(WorkflowError::Unavailable(_))));
    }
}
