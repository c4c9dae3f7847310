//! Can somebody really read a table? Asked as they would: through the AWS SDK, signed with a key of their own.

use crate::key::AccessKey;
use crate::seed::ITEM;
use crate::{LocalError, Result, cloud};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::fmt;
use tokio::runtime::{Builder, Runtime};

/// What IAM said. Anything else is an error: a probe that cannot ask must not pass for a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Allowed,
    Denied,
    /// Nobody has this key, not any more: its user is gone, or it is.
    NoSuchKey,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "ALLOWED",
            Self::Denied => "DENIED",
            Self::NoSuchKey => "DENIED (there is no such key)",
        })
    }
}

/// Asks with one key, a person's or a grant's.
pub struct Probe {
    client: Client,
    runtime: Runtime,
}

impl Probe {
    pub fn new(url: &str, key: &AccessKey) -> Result<Self> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(LocalError::io("a runtime"))?;
        Ok(Self { client: Client::new(&config(url, key)), runtime })
    }

    /// `GetItem` of the item that every sample table has.
    pub fn read(&self, table: &str) -> Result<Access> {
        let item =
            self.client.get_item().table_name(table).key("id", AttributeValue::S(ITEM.to_owned())).send();
        match self.runtime.block_on(item) {
            Ok(found) if found.item().is_some() => Ok(Access::Allowed),
            Ok(_) => Err(LocalError::unexpected(format!("{table} has no item `{ITEM}`"))),
            Err(error) if error.code() == Some("AccessDeniedException") => Ok(Access::Denied),
            Err(error) if error.code() == Some("UnrecognizedClientException") => Ok(Access::NoSuchKey),
            Err(error) => {
                Err(LocalError::unexpected(format!("reading {table}: {}", DisplayErrorContext(error))))
            }
        }
    }
}

fn config(url: &str, key: &AccessKey) -> SdkConfig {
    let credentials = Credentials::new(&key.id, &key.secret, key.token.clone(), None, "a sample person");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(cloud::REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}
