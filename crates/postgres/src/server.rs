//! Where a server is, who logs in to it, and how long either may take.

use crate::{Identifier, Secret};
use std::time::Duration;

/// A server, and the one root that vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub port: u16,
    /// The database to start from.
    pub database: String,
    /// One certificate or more, PEM. On RDS that is the bundle of its region.
    pub root_pem: String,
    /// What the certificate says, if that is not the host: behind a tunnel or an alias.
    pub server_name: Option<String>,
    pub limits: Limits,
}

impl Server {
    /// For people: without anything secret.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Less than a function has, so that it still sees its call fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// To connect, TLS and login included.
    pub connect: Duration,
    /// Each statement.
    pub statement: Duration,
    /// Waiting for somebody else's lock, within a statement.
    pub lock: Duration,
    /// For sessions to end that were told to.
    pub terminate: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let [connect, statement, lock, terminate] = [4, 8, 3, 3].map(Duration::from_secs);
        Self { connect, statement, lock, terminate }
    }
}

/// It has no `Debug`.
#[derive(Clone)]
pub struct Login {
    pub user: Identifier,
    pub password: Secret,
}
