//! Canned answers in place of a network, and a record of what was sent.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
    forever: Option<(u16, String)>,
    /// Each answer is the error of a Lambda function.
    failed: bool,
    sent: Arc<Mutex<Vec<(HttpRequest, String)>>>,
}

impl Answers {
    /// The same answer to every call.
    pub(crate) fn always(status: u16, body: &str) -> Self {
        Self { forever: Some((status, body.to_owned())), ..Self::default() }
    }

    /// What Lambda answers for a function that failed.
    pub(crate) fn failed(body: &str) -> Self {
        Self { failed: true, ..Self::always(200, body) }
    }

    /// One answer to a call; one call too many fails.
    pub(crate) fn in_order(answers: &[(u16, &str)]) -> Self {
        let answers = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        Self { answers: Arc::new(Mutex::new(answers)), ..Self::default() }
    }

    /// The bodies of all calls.
    pub(crate) fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    /// A header of the last call.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.sent.lock().unwrap().last()?.0.headers().get(name).map(str::to_owned)
    }
}

impl HttpConnector for Answers {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8(request.body().bytes().unwrap_or_default().to_vec()).unwrap();
        self.sent.lock().unwrap().push((request, body));
        let answer = self.answers.lock().unwrap().pop_front().or_else(|| self.forever.clone());
        let (status, body) = answer.expect("a call that was not expected");
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        if self.failed {
            response.headers_mut().insert("x-amz-function-error", "Unhandled");
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl HttpClient for Answers {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Without retries by the SDK, so that every call is one that the adapter meant to make.
pub(crate) fn config(answers: &Answers) -> SdkConfig {
    let credentials = Credentials::new("AKID", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .sleep_impl(TokioSleep::new())
        .http_client(answers.clone())
        .build()
}
