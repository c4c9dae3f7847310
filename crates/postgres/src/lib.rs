//! What Stint does inside a PostgreSQL server of version 15 or newer.
//!
//! Two things: the password of a login is changed and everybody using the old one is put out ([`rotation`]); and a
//! role is made for one grant, and taken away with all that hangs on it ([`one_time`]). Both as an administrator with
//! `CREATEROLE` and without `SUPERUSER`, as on RDS, over TLS that trusts one given root and nobody else.
//!
//! Guards: no password is ever in a statement, an error or a log; no name reaches a statement unchecked; everything
//! is safe to repeat from wherever it broke off. [`provider`] puts the second behind the contract of providers. It must
//! not know AWS, nor what a request or an approval is.

mod error;
mod login_secret;
mod names;
pub mod one_time;
mod password;
pub mod provider;
pub mod rotation;
pub mod scram;
mod secret;
mod server;
mod session;
mod tls;
mod vaulted;

pub use error::{Error, Result};
pub use login_secret::{BadSecret, LoginSecret};
pub use names::{BadName, Identifier, MemberRole, RoleName};
pub use password::{NewPassword, Random};
pub use secret::Secret;
pub use server::{Limits, Login, Server};
pub use vaulted::{Administrators, VaultedLogins};
