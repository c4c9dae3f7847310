//! The end of a one-time role. From the first statement on nobody can log in; all that follows can be repeated.
//!
//! What the role owns goes to the administrator, database by database: work is not thrown away with an account. Which
//! databases, the server itself says (`pg_shdepend`, what `DROP ROLE` would complain about): no others are visited.

use super::can_log_in;
use crate::names::quote;
use crate::session::{NotIn, Session, column};
use crate::{Error, Login, Result, RoleName, Server, rotation};

/// Databases in which the role has something; NULL for what belongs to the server as a whole.
const TRACES: &str = "SELECT DISTINCT d.datname::text FROM pg_shdepend s \
     JOIN pg_roles r ON r.oid = s.refobjid LEFT JOIN pg_database d ON d.oid = s.dbid \
     WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname = $1::name";

/// Takes it away, with whoever is in. One that is not there is taken away.
pub async fn remove(server: &Server, admin: &Login, name: &RoleName) -> Result<()> {
    let session = Session::open(server, admin).await?;
    let removal = Removal { server, admin, name, session: &session };
    let done = removal.run().await;
    session.close().await;
    done
}

struct Removal<'a> {
    server: &'a Server,
    admin: &'a Login,
    name: &'a RoleName,
    session: &'a Session,
}

impl Removal<'_> {
    async fn run(&self) -> Result<()> {
        let role = self.name.name();
        match can_log_in(self.session, self.name).await? {
            None => return Ok(()),
            Some(true) => self.session.run(&format!("ALTER ROLE {} NOLOGIN", role.quoted())).await?,
            Some(false) => {}
        }
        rotation::terminate(self.session, self.server, self.admin, role).await?;
        self.hand_over().await?;
        // Somebody may have been on the way in when the door was shut.
        rotation::terminate(self.session, self.server, self.admin, role).await?;
        self.session.run(&format!("DROP ROLE IF EXISTS {}", role.quoted())).await
    }

    async fn hand_over(&self) -> Result<()> {
        let traces = self.session.ask(TRACES, self.name.name().as_str()).await?;
        if traces.is_empty() {
            return Ok(());
        }
        let statements = self.statements().await?;
        for trace in &traces {
            let database: Option<String> = column(Some(trace), 0)?;
            match database {
                Some(elsewhere) if elsewhere != self.server.database => {
                    self.hand_over_in(&elsewhere, &statements).await?;
                }
                _ => self.session.run(&statements).await?,
            }
        }
        Ok(())
    }

    /// Both need the role's own rights, hence the membership, which goes with the role. One transaction.
    async fn statements(&self) -> Result<String> {
        let role = self.name.name().quoted();
        let me = self.session.to_myself().await?;
        Ok(format!("GRANT {role} {me}; REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}"))
    }

    async fn hand_over_in(&self, database: &str, statements: &str) -> Result<()> {
        let refuses = |_: NotIn| {
            let database = quote(database);
            Error::unavailable(format!(
                "the role owns something in the database {database}, which lets nobody in"
            ))
        };
        let session = match Session::open_in(self.server, self.admin, database).await {
            Err(turned @ NotIn::Turned(_)) => return Err(refuses(turned)),
            other => other?,
        };
        let done = session.run(statements).await;
        session.close().await;
        done
    }
}
