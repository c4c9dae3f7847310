//! The workflow's task tokens, kept beside their request.

use super::DynamoStore;
use super::item::{corrupt, insert, s, text, update};
use super::keys::Key;
use super::transact::execute;
use stint_app::ports::{StoreError, TaskToken, TaskTokens};
use stint_domain::ids::RequestId;

impl TaskTokens for DynamoStore {
    /// PartiQL has no upsert: a first token is inserted, a later one updates.
    async fn keep(&self, id: RequestId, token: &TaskToken) -> Result<(), StoreError> {
        let (key, grants) = (Key::task_token(id), &self.tables.grants);
        let first = insert(grants, &key).value("token", s(token.reveal())).build();
        let later = update(grants, &key).set("token", s(token.reveal())).build();
        match execute(&self.client, &first).await? || execute(&self.client, &later).await? {
            true => Ok(()),
            false => Err(StoreError::Conflict),
        }
    }

    async fn kept(&self, id: RequestId) -> Result<Option<TaskToken>, StoreError> {
        let key = Key::task_token(id);
        let Some(item) = self.get(&key).await? else { return Ok(None) };
        let token = text(&item, "token").map_err(|cause| corrupt(&key, cause))?;
        Ok(Some(TaskToken::new(token.to_owned())))
    }
}
