//! The password of a login: set, proved, and everybody out who came in with the one before.
//!
//! Guards: what stalls on its way sets nothing. The time until which it may be set is turned into the server's, and the
//! server looks at its own clock after the change and before the end of the transaction. By then the change has the
//! role's row, which nobody else can change before it ends: so a password that is set later than that time, by whomever,
//! is never followed by this one.

use crate::scram::Verifier;
use crate::session::{NotIn, Session, column};
use crate::{Error, Identifier, Login, Result, Server};
use jiff::Timestamp;
use std::time::SystemTime;
use tokio_postgres::error::SqlState;

/// From now on only this password logs in. Who is in stays in. Nothing is set after `until`.
pub async fn set_password(
    server: &Server,
    admin: &Login,
    user: &Identifier,
    new: &Verifier,
    until: Timestamp,
) -> Result<()> {
    let session = Session::open(server, admin).await?;
    let done = set_in_time(&session, user, new, until).await;
    session.close().await;
    done
}

pub(crate) async fn set(session: &Session, user: &Identifier, new: &Verifier) -> Result<()> {
    session.run(&alter(user, new)).await
}

fn alter(user: &Identifier, new: &Verifier) -> String {
    format!("ALTER ROLE {} PASSWORD '{}'", user.quoted(), new.as_str())
}

/// Two statements in one message are one transaction: a division by zero takes the change back.
async fn set_in_time(session: &Session, user: &Identifier, new: &Verifier, until: Timestamp) -> Result<()> {
    let last = on_its_clock(session, until).await?;
    let in_time = format!("SELECT 1 / (extract(epoch FROM clock_timestamp()) * 1000 <= {last})::int");
    session.run(&format!("{}; {in_time}", alter(user, new))).await
}

/// In milliseconds. Ours is read after the server's, so that what lies between the two makes it earlier and not later.
async fn on_its_clock(session: &Session, until: Timestamp) -> Result<i64> {
    let query = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8 WHERE $1 = ''";
    let theirs: i64 = column(session.ask(query, "").await?.first(), 0)?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let ours = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    Ok(theirs.saturating_add(until.as_millisecond().saturating_sub(ours)))
}

/// Puts everybody out who is in as this user, and waits until they are.
pub async fn terminate_sessions(server: &Server, admin: &Login, user: &Identifier) -> Result<()> {
    let session = Session::open(server, admin).await?;
    let done = terminate(&session, server, admin, user).await;
    session.close().await;
    done
}

/// Only a member of a role may end its sessions. The membership is rolled back with the statement: nothing stays.
pub(crate) async fn terminate(
    session: &Session,
    server: &Server,
    admin: &Login,
    user: &Identifier,
) -> Result<()> {
    if sessions(session, user).await? == 0 {
        return Ok(());
    }
    let patience = server.limits.terminate.as_millis();
    // The name has no quote in it: see `Identifier`.
    let end = format!(
        "SELECT pg_terminate_backend(pid, {patience}) FROM pg_stat_activity \
         WHERE usename = '{user}' AND pid <> pg_backend_pid()"
    );
    if user == &admin.user {
        session.rows(&end).await?;
    } else {
        let grant = format!("GRANT {} {}", user.quoted(), session.to_myself().await?);
        session.rows(&format!("BEGIN; {grant}; {end}; ROLLBACK")).await?;
    }
    match sessions(session, user).await? {
        0 => Ok(()),
        some => Err(Error::unavailable(format!("{some} of its sessions do not end"))),
    }
}

/// How many are in as this user, but for the one that asks.
pub(crate) async fn sessions(session: &Session, user: &Identifier) -> Result<i64> {
    let query = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1::name AND pid <> pg_backend_pid()";
    column(session.ask(query, user.as_str()).await?.first(), 0)
}

/// Whether this login gets in. A host that does not answer, has another certificate, or lets nobody in is an error and
/// never a no: a no is the proof that an old password is dead.
pub async fn can_log_in(server: &Server, login: &Login) -> Result<bool> {
    match Session::open(server, login).await {
        Ok(session) => {
            session.close().await;
            Ok(true)
        }
        Err(NotIn::WrongPassword) => Ok(false),
        Err(NotIn::Turned(code)) if code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            Err(Error::refused("the server lets this login in from nowhere, or not from here"))
        }
        Err(other) => Err(other.into()),
    }
}
