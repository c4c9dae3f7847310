//! The local cloud with Stint on it, as tests and `cargo xtask` use it.
//!
//! [`Stage`] is the whole: functions built once, a cloud of its own, `sam deploy`, the sample organisation. Below it,
//! from the ground up: [`tools`], [`functions`], [`cloud`], [`deploy`], [`seed`]; and what is done on it: [`api`],
//! [`mail`], [`browser`], [`workflow`], [`hooks`], [`probe`]. Beside it, a target: [`postgres`].
//!
//! Everything blocks, so that a test is a plain `#[test]`. It must not know how Stint works inside: it sees what
//! a caller, an approver, an administrator of the account would see.

pub mod admin;
pub mod api;
pub mod browser;
pub mod cloud;
pub mod deploy;
pub mod elsewhere;
mod error;
pub mod functions;
pub mod hooks;
pub mod http;
pub mod json;
pub mod key;
pub mod lock;
pub mod mail;
pub mod paths;
pub mod postgres;
pub mod probe;
pub mod process;
pub mod progress;
pub mod seed;
pub mod stage;
pub mod tools;
pub mod up;
pub mod vault;
pub mod wait;
pub mod workflow;

pub use error::{LocalError, Result};
pub use stage::Stage;
