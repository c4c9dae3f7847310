//! Where Stint meets Lambda and HTTP.
//!
//! What comes in is read strictly and its sender established; what goes out is a task's result, a problem or a page, and
//! never something of the inside. It must not decide anything: that is for `stint-app` and below.

pub mod api;
pub mod approvals;
pub mod body;
pub mod config;
mod cookie;
pub mod csrf;
pub mod directory;
pub mod emf;
pub mod export;
pub mod identity;
mod object;
pub mod page;
pub mod problem;
mod reviews;
pub mod sign_in;
pub mod task_error;
pub mod telemetry;
