//! What calls of AWS are signed with.

use crate::json::at;
use crate::{LocalError, Result};
use serde_json::Value;

/// An IAM user's access key, or a session's with its token. It has no `Debug`.
#[derive(Clone)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl AccessKey {
    /// From what `credential_process` and Stint's API answer.
    pub fn handed_out(answer: &Value) -> Result<Self> {
        let part = |name| at(answer, name).as_str().map(str::to_owned);
        let key = part("/AccessKeyId").zip(part("/SecretAccessKey"));
        // The answer itself is not shown: it may have a secret in it.
        let (id, secret) = key.ok_or_else(|| LocalError::unexpected("the answer has no access key"))?;
        Ok(Self { id, secret, token: part("/SessionToken") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_has_a_token_if_it_is_a_sessions() {
        let key = json!({"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": null});
        assert!(AccessKey::handed_out(&key).is_ok_and(|key| key.token.is_none() && key.secret == "s"));
        let session = json!({"AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t"});
        assert!(AccessKey::handed_out(&session).is_ok_and(|key| key.token.as_deref() == Some("t")));
        assert!(AccessKey::handed_out(&json!({"AccessKeyId": "A"})).is_err());
    }
}
