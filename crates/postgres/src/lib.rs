//! What Stint does inside a PostgreSQL server, 15 or newer: the password of a vaulted login is replaced, and what is in
//! use by the old one ends.
//!
//! Guards: a password is never part of a statement, so no log of the server's can show it; every connection is by TLS to
//! a server that the given root vouches for; what comes from a secret is a name or a value and never a piece of SQL. It
//! must not know AWS.

mod connection;
mod login;
mod secret;

pub use login::{Administrators, PostgresLogins};
pub use secret::{BadSecret, LoginSecret};
