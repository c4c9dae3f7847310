//! The request ledger, and events that belong to no request.

use super::DynamoStore;
use super::commit::insert_event;
use super::item::{corrupt, insert, n, recorded, s, update};
use super::keys::Key;
use super::transact::{Outcome, execute, pause, random, transact};
use crate::partiql::Statement;
use stint_app::ports::{Beside, Ledger, StoreError};
use stint_domain::audit::{Head, SealedEvent, Stream};
use stint_domain::custody::{Custody, CustodyChange};
use stint_domain::ids::{RequestId, SecretName};
use stint_domain::record::{Change, Circumstances, Recorded, SystemEvent};

/// How many streams an event tries before it reports that all were busy.
const ATTEMPTS: u32 = 8;

/// As long a pause as after so many attempts: up to 160 ms.
const RACED: u32 = 3;

impl Ledger for DynamoStore {
    async fn load(&self, id: RequestId) -> Result<Option<Recorded>, StoreError> {
        let key = Key::request(id);
        let item = self.get(&key).await?;
        item.map(|item| recorded(&item).map_err(|cause| corrupt(&key, cause))).transpose()
    }

    async fn commit(&self, change: &Change, beside: Option<Beside<'_>>) -> Result<(), StoreError> {
        let committed = self.commit_change(change, beside).await;
        // Whoever lost a race runs it again, and everybody who lost this one at the same moment does, too.
        if matches!(committed, Err(StoreError::Conflict)) {
            pause(RACED).await;
        }
        committed
    }

    async fn commit_both(&self, changes: [&Change; 2]) -> Result<(), StoreError> {
        let committed = self.commit_changes(changes).await;
        if matches!(committed, Err(StoreError::Conflict)) {
            pause(RACED).await;
        }
        committed
    }

    async fn custody(&self, secret: &SecretName) -> Result<Custody, StoreError> {
        self.stored_custody(secret).await
    }

    async fn change_custody(&self, change: &CustodyChange) -> Result<(), StoreError> {
        self.change_custody_alone(change).await
    }

    /// On a random one of the day's streams, and on another one if somebody else was faster there. Should a reply be
    /// lost and others follow at once, the caller's repetition writes the event a second time rather than not at all.
    async fn append(&self, event: SystemEvent, circumstances: Circumstances) -> Result<(), StoreError> {
        for attempt in 1..=ATTEMPTS {
            let [shard, _] = random().to_le_bytes();
            let stream = Stream::system(circumstances.at, shard);
            let before = self.stored_head(&Key::head(&stream)).await?;
            let genesis = Head::genesis();
            let sealed =
                event.clone().seal(&stream, before.as_ref().unwrap_or(&genesis), circumstances.clone());
            if self.extend(&stream, before.as_ref(), &sealed).await? {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(StoreError::Unavailable("all streams for system events were busy".into()))
    }

    /// The key of the event is the condition, so nobody reads before.
    async fn open(&self, first: &SealedEvent) -> Result<(), StoreError> {
        let stream = &first.event.stream;
        if self.open.get() != Some(stream) {
            execute(&self.client, &insert_event(&self.tables.audit, first)).await?;
            let _ = self.open.set(stream.clone());
        }
        Ok(())
    }
}

impl DynamoStore {
    /// `false` if somebody else has extended the stream.
    async fn extend(
        &self,
        stream: &Stream,
        before: Option<&Head>,
        sealed: &SealedEvent,
    ) -> Result<bool, StoreError> {
        let key = Key::head(stream);
        let after = sealed.head();
        let statements = [self.move_head(&key, before, &after), insert_event(&self.tables.audit, sealed)];
        match transact(&self.client, &statements).await {
            Outcome::Committed => Ok(true),
            outcome if self.stored_head(&key).await?.as_ref() == Some(&after) => {
                drop(outcome);
                Ok(true)
            }
            Outcome::Refused(_) => Ok(false),
            Outcome::Unknown(cause) => Err(StoreError::Unavailable(cause)),
        }
    }

    fn move_head(&self, key: &Key, before: Option<&Head>, after: &Head) -> Statement {
        let (sequence, hash) = (n(after.sequence), s(after.hash.as_str()));
        match before {
            None => insert(&self.tables.grants, key).value("sequence", sequence).value("hash", hash).build(),
            Some(before) => update(&self.tables.grants, key)
                .set("sequence", sequence)
                .set("hash", hash)
                .when("sequence", n(before.sequence))
                .when("hash", s(before.hash.as_str()))
                .build(),
        }
    }
}
