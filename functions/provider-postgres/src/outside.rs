//! The administrator's login, from Secrets Manager, and chance, from the machine.
//!
//! Guards: no secret and no part of one is in an error.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;
use aws_types::SdkConfig;
use ring::rand::{SecureRandom as _, SystemRandom};
use stint_postgres::provider::Outside;
use stint_postgres::{Random, Secret};
use stint_provider::Failure;

pub(crate) struct OnAws(Client);

impl OnAws {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}

impl Outside for OnAws {
    /// Each time anew: it may have been rotated.
    async fn secret(&self, name: &str) -> Result<Secret, Failure> {
        let answer = self.0.get_secret_value().secret_id(name).send().await;
        let value = answer.map_err(|error| failed(error.code().unwrap_or("no answer")))?;
        let text = value.secret_string.ok_or_else(|| Failure::refused("the secret has no text"))?;
        Ok(Secret::new(text))
    }

    fn random(&self) -> Result<Random, Failure> {
        let (mut password, mut salt) = ([0; 32], [0; 16]);
        let chance = SystemRandom::new();
        let filled = chance.fill(&mut password).and_then(|()| chance.fill(&mut salt));
        filled.map_err(|_| Failure::unavailable("the machine has no chance to give"))?;
        Ok(Random { password, salt })
    }
}

/// By the code alone.
fn failed(code: &str) -> Failure {
    match code {
        "ResourceNotFoundException" => Failure::refused("there is no such secret"),
        "InvalidRequestException" => Failure::refused("the secret is scheduled for deletion"),
        "AccessDeniedException" | "DecryptionFailure" => Failure::refused("the secret may not be read"),
        other => Failure::unavailable(format!("Secrets Manager: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_not_there_is_refused_and_a_service_that_is_down_is_asked_again() {
        for lasting in ["ResourceNotFoundException", "InvalidRequestException", "AccessDeniedException"] {
            assert!(matches!(failed(lasting), Failure::Refused { .. }), "{lasting}");
        }
        for passing in ["ThrottlingException", "InternalServiceError", "no answer"] {
            assert!(matches!(failed(passing), Failure::Unavailable(_)), "{passing}");
        }
    }
}
