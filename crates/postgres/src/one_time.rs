//! A role for one grant: made, given a password, taken away, looked for.
//!
//! Two things end it. PostgreSQL itself, by `VALID UNTIL`, lets nobody log in after the window whatever becomes of
//! Stint; and removal, which also puts out who is in. What comes late for a role that is being taken away gives
//! nothing back.

mod remove;

use crate::session::{Session, column};
use crate::{Error, Login, MemberRole, NewPassword, Random, Result, RoleName, Secret, Server, rotation};
use jiff::Timestamp;

pub use remove::remove;

/// What a role is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeRole {
    pub name: RoleName,
    pub ends_at: Timestamp,
    /// What it may do: everything that these may, and nothing else.
    pub member_of: Vec<MemberRole>,
    pub connection_limit: u16,
}

/// What a look at the server showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// No role and no session of it.
    Gone {
        looked_at: String,
        answered: String,
    },
    StillThere {
        looked_at: String,
        can_log_in: bool,
        sessions: i64,
    },
}

/// Makes it, or gives one that is there its new end. It has no password yet, so nobody can use it.
pub async fn create(server: &Server, admin: &Login, role: &OneTimeRole) -> Result<()> {
    let session = Session::open(server, admin).await?;
    let mut done = make_or_change(&session, role).await;
    if matches!(done, Err(Error::Unavailable { .. })) {
        // Somebody else may have made it meanwhile.
        done = make_or_change(&session, role).await;
    }
    session.close().await;
    done
}

async fn make_or_change(session: &Session, role: &OneTimeRole) -> Result<()> {
    match can_log_in(session, &role.name).await? {
        None => session.run(&creation(role)).await,
        Some(true) => session.run(&change(role)).await,
        Some(false) => Err(taken_away()),
    }
}

/// One statement: there is no half of it.
fn creation(role: &OneTimeRole) -> String {
    let groups = groups(role).map(|groups| format!(" IN ROLE {groups}")).unwrap_or_default();
    format!("CREATE ROLE {} LOGIN {}{groups}", role.name.name().quoted(), terms(role))
}

fn change(role: &OneTimeRole) -> String {
    let name = role.name.name().quoted();
    let grant = groups(role).map(|groups| format!("; GRANT {groups} TO {name}")).unwrap_or_default();
    format!("ALTER ROLE {name} {}{grant}", terms(role))
}

fn terms(role: &OneTimeRole) -> String {
    format!("CONNECTION LIMIT {} VALID UNTIL '{}'", role.connection_limit, role.ends_at)
}

fn groups(role: &OneTimeRole) -> Option<String> {
    let names: Vec<_> = role.member_of.iter().map(|group| group.name().quoted()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Gives it a new password; the one before stops working.
pub async fn issue(server: &Server, admin: &Login, name: &RoleName, random: &Random) -> Result<Secret> {
    let new = NewPassword::of(random);
    let session = Session::open(server, admin).await?;
    let done = match can_log_in(&session, name).await {
        Ok(Some(true)) => rotation::set(&session, name.name(), &new.verifier).await,
        Ok(_) => Err(taken_away()),
        Err(error) => Err(error),
    };
    session.close().await;
    done.map(|()| new.password)
}

/// Reads the server back.
pub async fn look(server: &Server, admin: &Login, name: &RoleName) -> Result<Look> {
    let session = Session::open(server, admin).await?;
    let seen = see(&session, name).await;
    session.close().await;
    let looked_at = format!("pg_roles and pg_stat_activity of {}", server.place());
    Ok(match seen? {
        (None, 0) => {
            Look::Gone { looked_at, answered: format!("no role {0}, no session of {0}", name.name()) }
        }
        (role, sessions) => Look::StillThere { looked_at, can_log_in: role == Some(true), sessions },
    })
}

async fn see(session: &Session, name: &RoleName) -> Result<(Option<bool>, i64)> {
    Ok((can_log_in(session, name).await?, rotation::sessions(session, name.name()).await?))
}

/// `None` if there is no such role.
async fn can_log_in(session: &Session, name: &RoleName) -> Result<Option<bool>> {
    let query = "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1::name";
    let rows = session.ask(query, name.name().as_str()).await?;
    rows.first().map(|row| column(Some(row), 0)).transpose()
}

fn taken_away() -> Error {
    Error::refused("the role is not there any more, or is being taken away")
}
