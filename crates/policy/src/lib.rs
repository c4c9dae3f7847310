//! Who may do what: Cedar policies over the directory's people and the catalog of entitlements.
//!
//! Guards: no use case without a decision. [`Authorized`] can be made only here, so whoever demands one as an
//! argument cannot be called without it. `forbid` wins, and a policy that errors denies.
//! Everything is pure and synchronous. It must not know AWS, HTTP, a runtime, a clock or the environment; the
//! folder `policies/` is built in, and its hash is the version that every decision carries.

mod actions;
mod approval;
mod break_glass;
mod bundle;
mod catalog;
mod decision;
mod directory;
#[cfg(feature = "sample")]
pub mod files;
mod question;
#[cfg(feature = "sample")]
pub mod sample;
mod split;
mod version;
mod weighed;
mod workloads;

pub use approval::BadRule;
pub use break_glass::BadBreakGlass;
pub use bundle::{BundleError, PolicyBundle};
pub use decision::{
    Approve, Ask, Authorized, AutoApprove, BreakGlass, Denied, ExportAudit, ForceClose, ReadAudit, Request,
    Requester, Review, Revoke,
};
pub use directory::{BadDirectory, DirectoryFile};
pub use weighed::{Answer, Permitted, Verdict, Way, Weighed};
pub use workloads::{BadWorkloads, Workloads};

/// Every action that policies decide.
pub const ACTIONS: [&str; 9] = actions::ALL;
