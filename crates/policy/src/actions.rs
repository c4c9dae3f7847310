//! The names of the actions that policies speak of, as `policies/stint.cedarschema` has them. The build script includes
//! this file, so it must know nothing of the crate.

pub(crate) const REQUEST: &str = "request";
pub(crate) const AUTO_APPROVE: &str = "auto-approve";
pub(crate) const BREAK_GLASS: &str = "break-glass";
pub(crate) const APPROVE: &str = "approve";
pub(crate) const REVIEW: &str = "review";
pub(crate) const REVOKE: &str = "revoke";
pub(crate) const FORCE_CLOSE: &str = "force-close";
pub(crate) const READ_AUDIT: &str = "read-audit";
pub(crate) const EXPORT_AUDIT: &str = "export-audit";

/// Actions that are asked about together. Their policies are read together, too: reading has a price of its own.
pub(crate) const GROUPS: [&[&str]; 6] = [
    &[REQUEST, AUTO_APPROVE],
    &[BREAK_GLASS],
    &[APPROVE],
    &[REVIEW],
    &[REVOKE, FORCE_CLOSE],
    &[READ_AUDIT, EXPORT_AUDIT],
];

pub(crate) const ALL: [&str; 9] =
    [REQUEST, AUTO_APPROVE, BREAK_GLASS, APPROVE, REVIEW, REVOKE, FORCE_CLOSE, READ_AUDIT, EXPORT_AUDIT];
