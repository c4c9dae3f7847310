//! The sample organisation's other account: a table in it, and the role that lets Stint in.

use crate::admin::Admin;
use crate::http::Http;
use crate::{Result, cloud, deploy, seed};

pub const ACCOUNT: &str = "210987654321";
/// What the sample catalog names beside the role.
pub const EXTERNAL_ID: &str = "sample-organisation/warehouse";
pub const ROLE: &str = "arn:aws:iam::210987654321:role/stint/stint-account";
/// To be allowed and denied, like the tables of [`seed::TABLES`].
pub const TABLE: &str = "warehouse-stock";

/// The account's administrator.
#[must_use]
pub fn admin(http: Http) -> Admin {
    Admin::named(http, ACCOUNT)
}

pub(crate) fn seed(http: Http) -> Result<()> {
    let admin = admin(http);
    let_in(&admin, EXTERNAL_ID)?;
    seed::target(&admin, TABLE)
}

/// Lets Stint in if it says this.
pub fn let_in(admin: &Admin, external_id: &str) -> Result<()> {
    let parameters = [("StintAccount", cloud::ACCOUNT), ("ExternalId", external_id)];
    deploy::stack(admin, deploy::TARGET_ACCOUNT, "stint-account", &parameters)
}
