//! A key for seals, in KMS: an HMAC key that never leaves it.
//!
//! Guards: a mark that does not fit is a plain no, and whatever else goes wrong is none. Who may make marks and who may
//! only check them is the business of IAM and of the key's own policy.

use crate::client::OnFirstUse;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::MacAlgorithmSpec;
use aws_types::SdkConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use stint_app::ports::{Cause, SealError, Sealer, Seals};
use stint_domain::seal::{Seal, Statement};

const ALGORITHM: MacAlgorithmSpec = MacAlgorithmSpec::HmacSha256;

pub struct SealKey {
    client: OnFirstUse<Client>,
    key: String,
}

impl SealKey {
    /// `key` is an ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, key: String) -> Self {
        Self { client: OnFirstUse::new(config, Client::new), key }
    }
}

impl Sealer for SealKey {
    async fn seal(&self, statement: &Statement) -> Result<Seal, SealError> {
        let call = self.client.get().generate_mac().key_id(&self.key).mac_algorithm(ALGORITHM);
        let made = call.message(message(statement)).send().await.map_err(failed)?;
        let mac = made.mac().ok_or_else(|| failed("the answer has no mark"))?;
        Ok(Seal::new(BASE64.encode(mac)))
    }
}

impl Seals for SealKey {
    async fn is_of(&self, seal: &Seal, statement: &Statement) -> Result<bool, SealError> {
        // What is not even a mark needs no look.
        let Ok(mac) = BASE64.decode(seal.as_str()) else { return Ok(false) };
        let call = self.client.get().verify_mac().key_id(&self.key).mac_algorithm(ALGORITHM);
        match call.message(message(statement)).mac(Blob::new(mac)).send().await {
            Ok(answer) => Ok(answer.mac_valid()),
            Err(error) if error.code() == Some("KMSInvalidMacException") => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }
}

fn message(statement: &Statement) -> Blob {
    Blob::new(statement.as_bytes().as_slice())
}

fn failed(cause: impl Into<Cause>) -> SealError {
    SealError(cause.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answers, config};
    use stint_domain::principal::Authentication;
    use stint_domain::request::{Approval, Decider};

    fn key(answers: &[(u16, &str)]) -> (SealKey, Answers) {
        let answers = Answers::in_order(answers);
        (SealKey::new(&config(&answers), "arn:key".to_owned()), answers)
    }

    fn statement() -> Statement {
        let request = crate::dynamodb::tests::request();
        let by = Decider::Person {
            id: "ben".parse().unwrap(),
            name: "Ben".to_owned(),
            authentication: Authentication::Token,
            origin: None,
        };
        let approval = Approval::of(by, request.scope.hash());
        request.statement(0, &approval).unwrap()
    }

    #[tokio::test]
    async fn a_mark_is_made_by_the_key_over_the_statement_and_nothing_else() {
        let (key, answers) = key(&[(200, r#"{"Mac":"AQID"}"#)]);
        assert_eq!(key.seal(&statement()).await.unwrap().as_str(), "AQID");
        let message = BASE64.encode(statement().as_bytes());
        let sent: serde_json::Value = serde_json::from_str(&answers.sent()[0]).unwrap();
        let expected = serde_json::json!({
            "Message": message, "KeyId": "arn:key", "MacAlgorithm": "HMAC_SHA_256",
        });
        assert_eq!(sent, expected);
    }

    #[tokio::test]
    async fn a_mark_that_does_not_fit_is_a_no_and_a_key_that_does_not_answer_is_neither() {
        let seal = |text: &str| Seal::new(text.to_owned());
        let (fits, _) = key(&[(200, r#"{"MacValid":true}"#)]);
        assert!(fits.is_of(&seal("AQID"), &statement()).await.unwrap());
        let (other, _) = key(&[(400, r#"{"__type":"KMSInvalidMacException"}"#)]);
        assert!(!other.is_of(&seal("AQID"), &statement()).await.unwrap());
        let (none, asked) = key(&[]);
        assert!(!none.is_of(&seal("not base64!"), &statement()).await.unwrap());
        assert!(asked.sent().is_empty());
        for silent in [r#"{"__type":"AccessDeniedException"}"#, r#"{"__type":"DisabledException"}"#] {
            let (key, _) = key(&[(400, silent)]);
            assert!(key.is_of(&seal("AQID"), &statement()).await.is_err(), "{silent}");
        }
        let (silent, _) = key(&[(200, "{}")]);
        assert!(silent.seal(&statement()).await.is_err());
    }
}
