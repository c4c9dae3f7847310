//! A PostgreSQL server to throw away: over TLS with a root of its own, with passwords, with an administrator who is
//! no superuser, as on RDS, and with the sample's databases.
//!
//! Guards: nothing is left running or lying about. It hangs on this process's pipe as the local cloud does.

mod binaries;
mod certificate;
mod files;
mod front;

use crate::process::tail;
use crate::{LocalError, Result, wait};
use binaries::Binaries;
use certificate::Certificate;
use files::Files;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

/// May make roles and databases, and is not above the rules.
pub const ADMIN: &str = "stint_admin";
/// An ordinary login, such as a service has.
pub const LOGIN: &str = "orders_app";
/// The sample's database; [`ADMIN`] owns it.
pub const DATABASE: &str = "orders";
/// May read the table `orders` there; and one that may make tables of its own as well.
pub const READER: &str = "orders_reader";
pub const WRITER: &str = "orders_writer";

const TO_START: Duration = Duration::from_secs(30);
const TO_STOP: Duration = Duration::from_secs(12);

/// In the database `postgres`. One line, one statement.
const ROLES: &str = "\
CREATE ROLE stint_admin LOGIN CREATEROLE CREATEDB PASSWORD 'the administrator of the sample';
CREATE ROLE orders_app LOGIN PASSWORD 'the application of the sample';
CREATE ROLE orders_reader;
CREATE ROLE orders_writer;
GRANT orders_reader, orders_writer, orders_app TO stint_admin WITH ADMIN OPTION;
CREATE DATABASE orders OWNER stint_admin;
";
const TABLES: &str = "\
CREATE TABLE orders (id int PRIMARY KEY, item text NOT NULL);
INSERT INTO orders VALUES (1, 'tea'), (2, 'biscuits');
ALTER TABLE orders OWNER TO stint_admin;
GRANT SELECT ON orders TO orders_reader, orders_writer;
GRANT INSERT, UPDATE, DELETE ON orders TO orders_writer, orders_app;
ALTER SCHEMA public OWNER TO stint_admin;
GRANT CREATE ON SCHEMA public TO orders_writer;
";

/// Ends when dropped, or when this process does.
pub struct Postgres {
    port: u16,
    root_pem: String,
    child: Child,
    hold: Option<ChildStdin>,
}

impl Postgres {
    /// Starts one in `folder`, or in a new one among the temporary files, and waits until it answers.
    pub fn start(folder: Option<&Path>) -> Result<Self> {
        let binaries = Binaries::find()?;
        let files = Files::new(folder)?;
        Self::start_in(&files, &binaries).inspect_err(|_| files.remove())
    }

    fn start_in(files: &Files, binaries: &Binaries) -> Result<Self> {
        let certificate = Certificate::new()?;
        let data = initialize(binaries, files, &certificate)?;
        let port = free()?;
        let mut child = launch(binaries, files, &data, port)?;
        let hold = child.stdin.take();
        let mut server = Self { port, root_pem: certificate.root_pem.clone(), child, hold };
        server.ready(files, &data)?;
        if !has_tls(binaries, files) {
            server.port = front::start(&certificate, port)?;
        }
        Ok(server)
    }

    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The name in its certificate, and where it is.
    #[must_use]
    pub const fn host(&self) -> &'static str {
        "localhost"
    }

    /// The root that vouches for it.
    #[must_use]
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// The sample's password of [`ADMIN`] or [`LOGIN`].
    #[must_use]
    pub fn password(&self, user: &str) -> &'static str {
        if user == ADMIN { "the administrator of the sample" } else { "the application of the sample" }
    }

    /// A login as Secrets Manager keeps it.
    #[must_use]
    pub fn secret(&self, user: &str) -> serde_json::Value {
        serde_json::json!({
            "engine": "postgres", "host": self.host(), "port": self.port, "dbname": DATABASE, "username": user,
            "password": self.password(user), "root_certificate": self.root_pem,
        })
    }

    /// Ends it and waits for that.
    pub fn stop(&mut self) -> Result<()> {
        drop(self.hold.take());
        wait::until("the end of PostgreSQL", TO_STOP, || {
            Ok(self.child.try_wait().map_err(LocalError::io("PostgreSQL"))?.map(drop))
        })
    }

    /// It says so itself, in the file that carries its process id.
    fn ready(&mut self, files: &Files, data: &Path) -> Result<()> {
        let status = data.join("postmaster.pid");
        let ready = wait::until("the start of PostgreSQL", TO_START, || {
            let said = std::fs::read_to_string(&status).unwrap_or_default();
            Ok(said.lines().nth(7).is_some_and(|line| line.trim() == "ready").then_some(()))
        });
        ready.map_err(|late| {
            let output = format!("{late}\n{}", tail(&files.said()));
            LocalError::Failed { what: "starting PostgreSQL".to_owned(), output }
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nobody is left to be told; the pipe ends it in any case.
        let _ = self.stop();
    }
}

fn launch(binaries: &Binaries, files: &Files, data: &Path, port: u16) -> Result<Child> {
    let mut command = files.command(Path::new("sh"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres.sh"));
    command.arg(files.folder()).arg(binaries.program("postgres")).arg("-D").arg(data);
    command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
    command.args(["-c", "unix_socket_directories=", "-c", "max_connections=200"]);
    if has_tls(binaries, files) {
        command.args(["-c", "ssl=on"]);
    }
    let log = files.log()?;
    let twin = log.try_clone().map_err(LocalError::io("the log of PostgreSQL"))?;
    command.stdin(Stdio::piped()).stdout(twin).stderr(log).process_group(0);
    command.spawn().map_err(LocalError::io("PostgreSQL cannot be started"))
}

/// A server may be built without. Asked for a setting, it reads them all first, and refuses what it cannot do.
fn has_tls(binaries: &Binaries, files: &Files) -> bool {
    let mut ask = files.command(&binaries.program("postgres"));
    ask.arg("-D").arg(files.folder().join("data")).args(["-c", "ssl=on", "-C", "ssl"]);
    files.feed("asking PostgreSQL for TLS", ask, "").is_ok()
}

/// The server's files, with all that the sample has in them; nobody can log in as the superuser.
fn initialize(binaries: &Binaries, files: &Files, certificate: &Certificate) -> Result<PathBuf> {
    let data = files.folder().join("data");
    let mut initdb = files.command(&binaries.program("initdb"));
    initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"]);
    initdb.args(["--no-sync", "-D"]).arg(&data);
    files.feed("making PostgreSQL's files", initdb, "")?;
    files.write("data/server.crt", &certificate.chain_pem)?;
    files.write("data/server.key", &certificate.key_pem)?;
    // Whatever `initdb` trusts, the server does not.
    let kind = if has_tls(binaries, files) { "hostssl" } else { "host" };
    files.write("data/pg_hba.conf", &format!("{kind} all all 127.0.0.1/32 scram-sha-256\n"))?;
    for (database, statements) in [("postgres", ROLES), (DATABASE, TABLES)] {
        let mut single = files.command(&binaries.program("postgres"));
        single
            .args(["--single", "-j", "-c", "exit_on_error=on", "-c", "fsync=off", "-D"])
            .arg(&data)
            .arg(database);
        files.feed("filling PostgreSQL", single, &statements.replace(";\n", ";\n\n"))?;
    }
    Ok(data)
}

fn free() -> Result<u16> {
    let probe = TcpListener::bind(("127.0.0.1", 0)).map_err(LocalError::io("there is no free port"))?;
    Ok(probe.local_addr().map_err(LocalError::io("a free port"))?.port())
}
