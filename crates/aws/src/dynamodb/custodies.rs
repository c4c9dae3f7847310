//! Who has which vaulted credential.
//!
//! Guards I5 in the table: a custody changes on condition of the version that was read, alone or in the transaction of
//! the grant that takes or releases it.

use super::DynamoStore;
use super::item::{Item, corrupt, insert, n, s, text, update};
use super::keys::Key;
use super::transact::execute;
use crate::partiql::{Statement, TableName};
use stint_app::ports::{Cause, StoreError};
use stint_domain::custody::{Custody, CustodyChange};
use stint_domain::ids::SecretName;

impl DynamoStore {
    pub(super) async fn stored_custody(&self, secret: &SecretName) -> Result<Custody, StoreError> {
        let key = Key::custody(secret);
        let Some(item) = self.get(&key).await? else { return Ok(Custody::unknown(secret.clone())) };
        read(&item).map_err(|cause| corrupt(&key, cause))
    }

    /// One that reads back as it was to be written had been written by an earlier attempt.
    pub(super) async fn change_custody_alone(&self, change: &CustodyChange) -> Result<(), StoreError> {
        let statement = custody_statement(&self.tables.grants, change)?;
        if execute(&self.client, &statement).await? {
            return Ok(());
        }
        match &self.stored_custody(&change.after().secret).await? {
            found if found == change.after() => Ok(()),
            _ => Err(StoreError::Conflict),
        }
    }
}

fn read(item: &Item) -> Result<Custody, Cause> {
    Ok(serde_json::from_str(text(item, "doc")?)?)
}

pub(super) fn custody_statement(table: &TableName, change: &CustodyChange) -> Result<Statement, StoreError> {
    let key = Key::custody(&change.after().secret);
    let doc = serde_json::to_string(change.after()).map(s).map_err(|cause| corrupt(&key, cause))?;
    let version = n(change.after().version);
    Ok(match change.before_version() {
        None => insert(table, &key).value("doc", doc).value("version", version).build(),
        Some(before) => {
            update(table, &key).set("doc", doc).set("version", version).when("version", n(before)).build()
        }
    })
}
