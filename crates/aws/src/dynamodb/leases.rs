//! Claims on jobs that must not run twice at the same time.
//!
//! Guards I6: a claim that no sweep can have made would stop all of them, and nobody would hear of it.

use super::DynamoStore;
use super::idempotency::expiry;
use super::item::{corrupt, insert, n, s, text, time, update};
use super::keys::Key;
use super::transact::execute;
use jiff::Timestamp;
use stint_app::ports::{Cause, Leases, StoreError, keeps_off};

impl Leases for DynamoStore {
    /// What is there is replaced only while it is exactly what was looked at, so that of two claims one wins.
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let (key, grants) = (Key::lease(name), &self.tables.grants);
        let (new_until, new_expiry) = (s(until.to_string()), n(expiry(until)));
        let Some(item) = self.get(&key).await? else {
            let first = insert(grants, &key).value("holder", s(holder)).value("until", new_until);
            return execute(&self.client, &first.value("expires_at", new_expiry).build()).await;
        };
        let read = || Ok::<_, Cause>((text(&item, "holder")?, time(&item, "until")?));
        let (old_holder, old_until) = read().map_err(|cause| corrupt(&key, cause))?;
        if old_holder != holder && keeps_off(old_until, now, until) {
            return Ok(false);
        }
        if old_until > until && old_holder != holder {
            tracing::warn!(lease = name, until = %old_until, "a claim was too long to be one");
        }
        let next = update(grants, &key)
            .set("holder", s(holder))
            .set("until", new_until)
            .set("expires_at", new_expiry);
        let next = next.when("holder", s(old_holder)).when("until", s(old_until.to_string())).build();
        execute(&self.client, &next).await
    }
}
