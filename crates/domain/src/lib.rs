//! The rules of just-in-time access.
//!
//! Everything here is pure and synchronous: time and ids come in as values, decisions go out as values.
//! It must not know AWS, HTTP, a runtime, a clock or the environment; `cargo xtask test` checks that none of
//! them is in its dependency tree.
//!
//! Start with [`request`] (an ask and what was decided), then [`grant`] (the time-bound authority that follows)
//! and [`record`] (how a change of either and its audit event become one inseparable commit).

pub mod access;
pub mod account;
pub mod approval;
pub mod audit;
pub mod bad_input;
pub mod custody;
pub mod due;
pub mod duration;
pub mod entitlement;
pub mod grant;
pub mod hours;
pub mod ids;
pub mod justification;
pub mod link;
pub mod narrowing;
pub mod principal;
pub mod provided;
pub mod record;
pub mod request;
pub mod review;
pub mod scope;
pub mod seal;
mod settled;
pub mod transition;
pub mod window;

pub use bad_input::BadInput;
