//! The store on DynamoDB: records, links, tokens, keys and leases in one table, the audit in another.
//!
//! Guards I3, I4 and I8: state and audit commit in one transaction, and a repeated commit is recognised by reading
//! back. Writes are PartiQL INSERT and UPDATE only, since no role may do anything else; nothing is ever deleted.
//! Start with `keys` (where everything is) and `commit` (how a change is written).

mod audit_trail;
mod bookmarks;
mod commit;
mod cursor;
mod custodies;
mod idempotency;
mod item;
mod keys;
mod leases;
mod ledger;
mod links;
mod register;
mod task_tokens;
#[cfg(test)]
pub(crate) mod tests;
mod transact;

use crate::partiql::{InvalidTableName, TableName};
use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;
use item::Item;
use keys::{Key, PK, SK};
use std::sync::{Arc, OnceLock};
use stint_app::ports::StoreError;

/// The tables' names.
#[derive(Debug, Clone)]
pub struct Tables {
    pub grants: TableName,
    pub audit: TableName,
}

impl Tables {
    pub fn named(grants: &str, audit: &str) -> Result<Self, InvalidTableName> {
        Ok(Self { grants: grants.parse()?, audit: audit.parse()? })
    }
}

/// Every port that is kept in DynamoDB. A function that uses one of them needs permission for that one only.
#[derive(Clone)]
pub struct DynamoStore {
    client: Client,
    tables: Tables,
    /// The stream that this process has seen open last: there is one for each version of the policies, and a process has one.
    open: Arc<OnceLock<String>>,
}

impl DynamoStore {
    #[must_use]
    pub fn new(config: &SdkConfig, tables: Tables) -> Self {
        Self { client: Client::new(config), tables, open: Arc::default() }
    }

    /// The item as it is now, by a strongly consistent read.
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let read = self.client.get_item().table_name(self.tables.grants.as_str()).consistent_read(true);
        let read = read.key(PK, item::s(&key.pk)).key(SK, item::s(&key.sk)).send().await;
        Ok(read.map_err(unavailable)?.item)
    }
}

fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(cause))
}
