//! A session as one login in one database, with a limit on everything it waits for.

use crate::{Error, Login, Result, Server, tls};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSqlOwned, ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

/// From here on `GRANT` has options for inheriting and for `SET ROLE`, and whoever makes a role gets neither.
const OPTIONS_SINCE: i32 = 160_000;
/// On top of what the server itself was told to hold to.
const GRACE: Duration = Duration::from_secs(2);

pub(crate) struct Session {
    client: Client,
    driver: JoinHandle<()>,
    limit: Duration,
}

/// Why a login did not get in.
pub(crate) enum NotIn {
    WrongPassword,
    /// The server knows who it is and does not let them in, with this SQLSTATE.
    Turned(SqlState),
    Failed(Error),
}

impl From<NotIn> for Error {
    fn from(why: NotIn) -> Self {
        match why {
            NotIn::WrongPassword => Self::refused("it does not admit the administrator"),
            NotIn::Turned(code) if code == SqlState::INVALID_CATALOG_NAME => {
                Self::refused("there is no such database")
            }
            NotIn::Turned(code) => Self::unavailable(format!("it lets nobody in (SQLSTATE {})", code.code())),
            NotIn::Failed(error) => error,
        }
    }
}

impl Session {
    pub(crate) async fn open(server: &Server, login: &Login) -> Result<Self, NotIn> {
        Self::open_in(server, login, &server.database).await
    }

    pub(crate) async fn open_in(server: &Server, login: &Login, database: &str) -> Result<Self, NotIn> {
        let slow = || NotIn::Failed(Error::unavailable("the host takes too long to answer"));
        timeout(server.limits.connect, log_in(server, login, database)).await.map_err(|_| slow())?
    }

    /// Statements without parameters, one transaction unless they say otherwise.
    pub(crate) async fn run(&self, statements: &str) -> Result<()> {
        self.within(self.client.batch_execute(statements)).await
    }

    /// The same, for what makes messages of its own. Rows are dropped.
    pub(crate) async fn rows(&self, statements: &str) -> Result<usize> {
        let messages = self.within(self.client.simple_query(statements)).await?;
        Ok(messages.iter().filter(|message| matches!(message, SimpleQueryMessage::Row(_))).count())
    }

    /// A query about one name, in one round trip.
    pub(crate) async fn ask(&self, query: &str, name: &str) -> Result<Vec<tokio_postgres::Row>> {
        let name: &(dyn ToSql + Sync) = &name;
        self.within(self.client.query_typed(query, &[(name, Type::TEXT)])).await
    }

    /// How a role is given to the administrator, so that what is the role's can be taken over.
    pub(crate) async fn to_myself(&self) -> Result<&'static str> {
        let query = "SELECT current_setting('server_version_num')::int4 WHERE $1 = ''";
        let version: i32 = column(self.ask(query, "").await?.first(), 0)?;
        let since = version >= OPTIONS_SINCE;
        Ok(if since { "TO CURRENT_USER WITH INHERIT TRUE, SET TRUE" } else { "TO CURRENT_USER" })
    }

    /// Says good-bye. Without it the server keeps the connection until this process runs again.
    pub(crate) async fn close(self) {
        drop(self.client);
        let _ = timeout(GRACE, self.driver).await;
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T> {
        let slow = |_| Error::unavailable("the server takes too long to answer");
        Ok(timeout(self.limit, work).await.map_err(slow)??)
    }
}

/// A column of a row, of the type that the query gives it.
pub(crate) fn column<T: FromSqlOwned>(row: Option<&tokio_postgres::Row>, at: usize) -> Result<T> {
    let value = row.and_then(|row| row.try_get(at).ok());
    value.ok_or_else(|| Error::unavailable("the server's answer cannot be read"))
}

async fn log_in(server: &Server, login: &Login, database: &str) -> Result<Session, NotIn> {
    let stream = tls::connect(server).await.map_err(NotIn::Failed)?;
    // Encrypted already: the driver is to ask for nothing.
    let mut config = Config::new();
    config.user(login.user.as_str()).password(login.password.reveal()).dbname(database);
    config.ssl_mode(SslMode::Disable).application_name("stint").options(options(server));
    let (client, connection) = config.connect_raw(stream, NoTls).await.map_err(|error| turned(&error))?;
    let driver = tokio::spawn(async {
        // Whoever waits for an answer is told of it.
        let _ = connection.await;
    });
    Ok(Session { client, driver, limit: server.limits.statement + server.limits.terminate + GRACE })
}

/// The server holds to them even if nobody is there any more to give up.
fn options(server: &Server) -> String {
    let [statement, lock] =
        [server.limits.statement + server.limits.terminate, server.limits.lock].map(|it| it.as_millis());
    format!("-c statement_timeout={statement} -c lock_timeout={lock} -c client_min_messages=error")
}

fn turned(error: &tokio_postgres::Error) -> NotIn {
    match error.code() {
        Some(&SqlState::INVALID_PASSWORD) => NotIn::WrongPassword,
        Some(code) => NotIn::Turned(code.clone()),
        None => NotIn::Failed(Error::unavailable("the connection broke off")),
    }
}
