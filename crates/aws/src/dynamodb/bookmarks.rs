//! Where jobs that go round have got to.

use super::DynamoStore;
use super::item::{corrupt, insert, s, text, update};
use super::keys::Key;
use super::transact::execute;
use stint_app::ports::{Bookmarks, StoreError};

const PLACE: &str = "place";

impl Bookmarks for DynamoStore {
    async fn bookmark(&self, job: &str) -> Result<Option<String>, StoreError> {
        let key = Key::bookmark(job);
        let Some(item) = self.get(&key).await? else { return Ok(None) };
        let place = text(&item, PLACE).map_err(|cause| corrupt(&key, cause))?;
        Ok((!place.is_empty()).then(|| place.to_owned()))
    }

    /// The last one to write is right enough: a sweep has a lease, and a page that is looked at twice does no harm.
    async fn set_bookmark(&self, job: &str, place: Option<&str>) -> Result<(), StoreError> {
        let (key, grants, place) = (Key::bookmark(job), &self.tables.grants, s(place.unwrap_or_default()));
        let set = update(grants, &key).set(PLACE, place.clone()).build();
        if !execute(&self.client, &set).await? {
            execute(&self.client, &insert(grants, &key).value(PLACE, place).build()).await?;
        }
        Ok(())
    }
}
