//! The workflow's task tokens, kept beside their request.
//!
//! Guards: no token displaces another, since which of them the workflow waits for is known to the workflow alone.

use super::DynamoStore;
use super::item::{corrupt, insert, s, text, update};
use super::keys::Key;
use super::transact::{execute, pause};
use stint_app::ports::{StoreError, TaskToken, TaskTokens, Wait};
use stint_domain::ids::RequestId;

const TOKENS: &str = "tokens";

/// How many are kept of a wait that is tried for ever; what comes late is never that late.
const MOST: usize = 50;

/// How often a lost race for the item is run again.
const ATTEMPTS: u32 = 5;

impl TaskTokens for DynamoStore {
    /// PartiQL has no upsert: a first token is inserted, a later one is added to the list that was read.
    async fn keep(&self, id: RequestId, wait: Wait, token: &TaskToken) -> Result<(), StoreError> {
        let (key, grants) = (Key::task_token(id, wait), &self.tables.grants);
        for attempt in 1..=ATTEMPTS {
            let listed = self.listed(&key).await?;
            let mut tokens = listed.as_ref().map(|list| parsed(&key, list)).transpose()?.unwrap_or_default();
            if tokens.iter().any(|kept| kept == token.reveal()) {
                return Ok(());
            }
            tokens.push(token.reveal().to_owned());
            tokens.drain(..tokens.len().saturating_sub(MOST));
            let list = s(serde_json::to_string(&tokens).map_err(|cause| corrupt(&key, cause))?);
            let write = match listed {
                None => insert(grants, &key).value(TOKENS, list).build(),
                Some(read) => update(grants, &key).set(TOKENS, list).when(TOKENS, s(read)).build(),
            };
            if execute(&self.client, &write).await? {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }

    async fn kept(&self, id: RequestId, wait: Wait) -> Result<Vec<TaskToken>, StoreError> {
        let key = Key::task_token(id, wait);
        let listed = self.listed(&key).await?;
        let tokens = listed.map(|list| parsed(&key, &list)).transpose()?.unwrap_or_default();
        Ok(tokens.into_iter().map(TaskToken::new).collect())
    }
}

impl DynamoStore {
    async fn listed(&self, key: &Key) -> Result<Option<String>, StoreError> {
        let item = self.get(key).await?;
        let list = |item| text(&item, TOKENS).map(str::to_owned).map_err(|cause| corrupt(key, cause));
        item.map(list).transpose()
    }
}

/// What is wrong with a list is not repeated: it holds tokens.
fn parsed(key: &Key, list: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(list).map_err(|_| corrupt(key, "the list of tokens is not one"))
}
