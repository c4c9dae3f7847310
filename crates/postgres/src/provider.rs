//! One-time roles behind the contract between Stint and a provider (`stint-provider`).
//!
//! The catalog names, as parameters: `secret`, the administrator's login under `stint/postgres/`; `member_of`, what
//! the role may do; and `connection_limit`. The target is for people: where the server is, the secret says. It must
//! not know where secrets are kept.

use crate::one_time::{self, Look as Seen, OneTimeRole};
use crate::{Error, LoginSecret, MemberRole, Random, RoleName, Secret};
use std::future::Future;
use stint_provider::{Call, Failure, Fields, Issued, Look, Target};
use uuid::Uuid;

/// Where the logins of administrators are, and nothing else.
const SECRETS: &str = "stint/postgres/";
/// For whoever has more than one window open.
const CONNECTIONS: u16 = 5;

/// What is not PostgreSQL.
pub trait Outside: Sync {
    fn secret(&self, name: &str) -> impl Future<Output = Result<Secret, Failure>> + Send;
    fn random(&self) -> Result<Random, Failure>;
}

pub struct OneTimeRoles<O>(O);

impl<O: Outside> OneTimeRoles<O> {
    #[must_use]
    pub const fn new(outside: O) -> Self {
        Self(outside)
    }

    async fn admin(&self, call: &Call) -> Result<LoginSecret, Failure> {
        let name = call.text("secret").ok_or_else(|| Failure::refused("the catalog names no `secret`"))?;
        if !name.starts_with(SECRETS) {
            return Err(Failure::refused(format!("the name of the `secret` must begin with {SECRETS}")));
        }
        let secret = self.0.secret(name).await?;
        LoginSecret::parse(secret.reveal()).map_err(|bad| Failure::refused(bad.to_string()))
    }
}

impl<O: Outside> Target for OneTimeRoles<O> {
    async fn activate(&self, call: &Call) -> Result<(), Failure> {
        let role = wanted(call)?;
        let admin = self.admin(call).await?;
        one_time::create(&admin.server, &admin.login, &role).await.map_err(failed)
    }

    async fn deactivate(&self, call: &Call) -> Result<(), Failure> {
        let name = name(call)?;
        let admin = self.admin(call).await?;
        one_time::remove(&admin.server, &admin.login, &name).await.map_err(failed)
    }

    async fn verify(&self, call: &Call) -> Result<Look, Failure> {
        let name = name(call)?;
        let admin = self.admin(call).await?;
        Ok(match one_time::look(&admin.server, &admin.login, &name).await.map_err(failed)? {
            Seen::Gone { looked_at, answered } => Look::Gone { looked_at, answered },
            Seen::StillThere { looked_at, .. } => Look::StillThere { looked_at },
        })
    }

    async fn issue(&self, call: &Call) -> Result<Issued, Failure> {
        let name = name(call)?;
        let LoginSecret { server, login } = self.admin(call).await?;
        let random = self.0.random()?;
        let password = one_time::issue(&server, &login, &name, &random).await.map_err(failed)?;
        let fields = [
            ("host", server.host),
            ("port", server.port.to_string()),
            ("dbname", server.database),
            ("password", password.reveal().to_owned()),
            ("root_certificate", server.root_pem),
        ];
        let fields = fields.map(|(name, text)| (name.to_owned(), stint_provider::Secret::new(text)));
        let username = name.name().to_string();
        Ok(Issued { username, fields: Fields::from(fields), expires_at: call.grant.ends_at })
    }
}

fn wanted(call: &Call) -> Result<OneTimeRole, Failure> {
    let groups = call.list("member_of").ok_or_else(|| Failure::refused("`member_of` is a list of roles"))?;
    let member_of: Result<Vec<_>, _> = groups.into_iter().map(MemberRole::new).collect();
    let limit = call.number("connection_limit").unwrap_or(CONNECTIONS.into());
    Ok(OneTimeRole {
        name: name(call)?,
        ends_at: call.grant.ends_at,
        member_of: member_of.map_err(|bad| Failure::refused(bad.to_string()))?,
        connection_limit: u16::try_from(limit)
            .map_err(|_| Failure::refused("`connection_limit` is too high"))?,
    })
}

/// From the grant's id, `grant-<32 hex digits>`.
fn name(call: &Call) -> Result<RoleName, Failure> {
    let uuid = call.grant.id.strip_prefix("grant-").and_then(|hex| Uuid::try_parse(hex).ok());
    uuid.map(RoleName::of).ok_or_else(|| Failure::refused("the grant's id is none of Stint's"))
}

fn failed(error: Error) -> Failure {
    match error {
        Error::Refused { reason } => Failure::refused(reason),
        Error::Unavailable { .. } => Failure::unavailable(error),
    }
}
