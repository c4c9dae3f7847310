//! In whose name IAM is called: the function's own in Stint's account, that of a role of the target's in every other.
//!
//! Guards: a session in another account is of one grant and one duty, says so to whoever decides there, and lasts as
//! briefly as STS allows; nothing of it is kept but in memory. It must not know what is done with it.

use super::errors::refused;
use super::policy::GRANT_TAG;
use crate::client::OnFirstUse;
use crate::surroundings::Machine;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_iam::Client;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::Client as Sts;
use aws_sdk_sts::types::Tag;
use aws_types::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use stint_app::ports::{ProviderError, Surroundings as _};
use stint_domain::account::TargetAccount;
use stint_domain::ids::GrantId;

/// The least that STS gives.
const SESSION_SECONDS: i32 = 900;
/// A session is not begun anything with when this little is left of it.
const MARGIN: SignedDuration = SignedDuration::from_secs(120);

/// The tag by which the role tells what a session is for; its trust policy says which function may say which.
const DUTY_TAG: &str = "stint-duty";
/// The session of whoever looks for what is nobody's.
const SWEEP: &str = "stint-sweep";

pub(super) const NOT_LET_IN: &str = "the other account does not let Stint in";
const NO_ROLE: &str = "STS cannot do anything with the role of the other account";

/// What a session in another account may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Duty {
    Give,
    Take,
    HandOut,
}

impl Duty {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Give => "give",
            Self::Take => "take",
            Self::HandOut => "hand-out",
        }
    }
}

pub(super) struct Accounts {
    config: SdkConfig,
    own: OnFirstUse<Client>,
    sts: OnFirstUse<Sts>,
    open: Mutex<HashMap<Errand, Session>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Errand {
    account: TargetAccount,
    duty: Duty,
    grant: Option<GrantId>,
}

struct Session {
    client: Client,
    until: Timestamp,
}

impl Accounts {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self {
            config: config.clone(),
            own: OnFirstUse::new(config, Client::new),
            sts: OnFirstUse::new(config, Sts::new),
            open: Mutex::default(),
        }
    }

    /// In Stint's own account.
    pub(super) fn own(&self) -> Client {
        self.own.get().clone()
    }

    /// IAM where the target is. `grant`: whose access it is about, if it is about one.
    pub(super) async fn iam(
        &self,
        account: Option<&TargetAccount>,
        duty: Duty,
        grant: Option<GrantId>,
    ) -> Result<Client, ProviderError> {
        let Some(account) = account else { return Ok(self.own()) };
        let errand = Errand { account: account.clone(), duty, grant };
        if let Some(client) = self.known(&errand) {
            return Ok(client);
        }
        let (credentials, until) = self.assume(&errand).await?;
        let config = self.config.to_builder();
        let config = config.credentials_provider(SharedCredentialsProvider::new(credentials)).build();
        let client = Client::new(&config);
        self.open().insert(errand, Session { client: client.clone(), until });
        Ok(client)
    }

    /// Whatever failed there is tried again with a new session: the old one may be what failed.
    pub(super) fn forget(&self, account: Option<&TargetAccount>) {
        if let Some(account) = account {
            self.open().retain(|errand, _| errand.account != *account);
        }
    }

    fn known(&self, errand: &Errand) -> Option<Client> {
        let enough = Machine.now().saturating_add(MARGIN).unwrap_or(Timestamp::MAX);
        let mut open = self.open();
        open.retain(|_, session| session.until > enough);
        open.get(errand).map(|session| session.client.clone())
    }

    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<Errand, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn assume(&self, errand: &Errand) -> Result<(Credentials, Timestamp), ProviderError> {
        let account = &errand.account;
        let name = errand.grant.map_or_else(|| SWEEP.to_owned(), GrantId::artefact_name);
        let mut assume = self.sts.get().assume_role().role_arn(account.role.as_str());
        assume = assume.external_id(account.external_id.as_str()).role_session_name(name);
        assume = assume.duration_seconds(SESSION_SECONDS).tags(tag(DUTY_TAG, errand.duty.as_str())?);
        if let Some(grant) = errand.grant {
            assume = assume.tags(tag(GRANT_TAG, &grant.to_string())?);
        }
        let made = assume.send().await.map_err(not_let_in)?.credentials;
        let made = made.ok_or_else(|| ProviderError::Unavailable(Box::new(EmptyAnswer)))?;
        let until = Timestamp::from_second(made.expiration.secs()).unwrap_or(Timestamp::MIN);
        let (id, secret, token) = (made.access_key_id, made.secret_access_key, Some(made.session_token));
        Ok((Credentials::new(id, secret, token, None, "another account"), until))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the answer has no credential in it")]
struct EmptyAnswer;

fn tag(key: &str, value: &str) -> Result<Tag, ProviderError> {
    let tag = Tag::builder().key(key).value(value).build();
    tag.map_err(|cause| refused("its tag cannot be written", cause))
}

/// STS says the same of a role that is not there, of one that does not trust, and of another external id.
fn not_let_in<E, R>(error: SdkError<E, R>) -> ProviderError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.code() {
        Some("AccessDenied" | "AccessDeniedException") => refused(NOT_LET_IN, error),
        Some("ValidationError" | "PackedPolicyTooLarge" | "RegionDisabledException") => {
            refused(NO_ROLE, error)
        }
        _ => ProviderError::Unavailable(Box::new(error)),
    }
}
