//! The kinds of login that are rotated, told apart by what the secret says of itself.

use stint_app::ports::{ProviderError, RotatedLogin, Secret};
use stint_aws::client::SdkConfig;
use stint_aws::vault::{IamUserKeys, SecretsVault};
use stint_domain::custody::SetAttempt;
use stint_postgres::{Administrators, VaultedLogins};

pub(crate) struct Logins {
    keys: IamUserKeys,
    postgres: VaultedLogins<InTheVault>,
}

impl Logins {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        let administrators = InTheVault(SecretsVault::new(config));
        Self { keys: IamUserKeys::new(config), postgres: VaultedLogins::new(administrators) }
    }
}

struct InTheVault(SecretsVault);

impl Administrators for InTheVault {
    async fn secret(&self, name: &str) -> Result<Secret, ProviderError> {
        self.0.administrator(name).await
    }
}

impl RotatedLogin for Logins {
    async fn renew(&self, current: &Secret, random: [u8; 32]) -> Result<Secret, ProviderError> {
        if IamUserKeys::is_one(current) {
            self.keys.renew(current, random).await
        } else {
            self.postgres.renew(current, random).await
        }
    }

    async fn replace(
        &self,
        next: &Secret,
        older: &[Secret],
        attempt: &SetAttempt,
    ) -> Result<(), ProviderError> {
        if IamUserKeys::is_one(next) {
            self.keys.replace(next, older, attempt).await
        } else {
            self.postgres.replace(next, older, attempt).await
        }
    }

    async fn works(&self, login: &Secret) -> Result<bool, ProviderError> {
        if IamUserKeys::is_one(login) {
            self.keys.works(login).await
        } else {
            self.postgres.works(login).await
        }
    }
}
