//! The ledger, its audit and what lives beside them, with the conditions that DynamoDB would check.

use super::faults::Raced;
use super::{Late, LinkState, State, World, vault};
use jiff::Timestamp;
use stint_app::ports::{
    ApprovalLinks, Beside, Bookmarks, Cause, IdempotencyKeys, IdempotencyRecord, Leases, Ledger, Reservation,
    StoreError, Surroundings, TaskToken, TaskTokens, Wait, keeps_off,
};
use stint_domain::audit::{Head, SealedEvent, Stream};
use stint_domain::custody::{Custody, CustodyChange};
use stint_domain::ids::{PrincipalId, RequestId, SecretName};
use stint_domain::link::{ApprovalLink, LinkHash};
use stint_domain::record::{Change, Circumstances, Recorded, SystemEvent};

impl Ledger for World {
    async fn load(&self, id: RequestId) -> Result<Option<Recorded>, StoreError> {
        self.interrupted();
        self.tables()?;
        let mut state = self.state();
        if let Some(left) = &mut state.reads_left {
            *left = left.checked_sub(1).ok_or_else(|| StoreError::Unavailable("no more reads".into()))?;
        }
        Ok(state.records.get(&id).cloned())
    }

    async fn commit(&self, change: &Change, beside: Option<Beside<'_>>) -> Result<(), StoreError> {
        self.interrupted();
        let now = self.now();
        let made = || self.tables().and_then(|()| commit(&mut self.state(), change, beside, now));
        self.failpoints.around_late("commit", lost, made, || match beside {
            // What is committed beside it is bound to its moment.
            Some(_) => drop(commit(&mut self.state(), change, beside, now)),
            None => self.later(Late::Commit(Box::new(change.clone()))),
        })
    }

    async fn commit_both(&self, changes: [&Change; 2]) -> Result<(), StoreError> {
        let made = || self.tables().and_then(|()| commit_both(&mut self.state(), changes));
        self.failpoints.around_late("commit both", lost, made, || {
            self.later(Late::CommitBoth(Box::new(changes.map(Change::clone))));
        })
    }

    async fn custody(&self, secret: &SecretName) -> Result<Custody, StoreError> {
        self.tables()?;
        let found = self.state().custodies.get(secret).cloned();
        Ok(found.unwrap_or_else(|| Custody::unknown(secret.clone())))
    }

    async fn change_custody(&self, change: &CustodyChange) -> Result<(), StoreError> {
        self.failpoints.around("change custody", StoreError::Unavailable, || {
            self.tables()?;
            let mut state = self.state();
            match state.custodies.get(&change.after().secret) {
                Some(found) if found == change.after() => Ok(()),
                _ => change_custody(&mut state, change),
            }
        })
    }

    async fn append(&self, event: SystemEvent, circumstances: Circumstances) -> Result<(), StoreError> {
        self.failpoints.around("append", StoreError::Unavailable, || {
            self.tables()?;
            let stream = Stream::system(circumstances.at, 0);
            let mut state = self.state();
            let head = state.heads.get(&stream.to_string()).cloned().unwrap_or_else(Head::genesis);
            let sealed = event.clone().seal(&stream, &head, circumstances.clone());
            state.heads.insert(stream.to_string(), sealed.head());
            insert(&mut state, &sealed)
        })
    }

    /// Whoever knows that it is open does not call.
    async fn open(&self, first: &SealedEvent) -> Result<(), StoreError> {
        let place = (first.event.stream.clone(), first.event.sequence);
        if self.state().events.contains_key(&place) {
            return Ok(());
        }
        self.failpoints.around("open", StoreError::Unavailable, || {
            self.tables()?;
            self.state().events.entry(place.clone()).or_insert_with(|| first.clone());
            Ok(())
        })
    }
}

/// Of a commit.
fn lost(cause: Cause) -> StoreError {
    if cause.is::<Raced>() { StoreError::Conflict } else { StoreError::Unavailable(cause) }
}

impl World {
    pub(super) fn tables(&self) -> Result<(), StoreError> {
        if self.state().ledger_is_down { Err(StoreError::Unavailable("down".into())) } else { Ok(()) }
    }
}

pub(super) fn commit(
    state: &mut State,
    change: &Change,
    beside: Option<Beside<'_>>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = change.after().request.scope.request_id;
    let current = state.records.get(&id);
    if current == Some(change.after()) {
        return Ok(());
    }
    if current.map(|recorded| &recorded.head) != change.before() {
        return Err(StoreError::Conflict);
    }
    match beside {
        None => {}
        Some(Beside::Key(record)) => keep_key(state, record, now)?,
        Some(Beside::Custody(custody)) => change_custody(state, custody)?,
    }
    for sealed in change.events() {
        insert(state, sealed)?;
    }
    state.records.insert(id, change.after().clone());
    Ok(())
}

fn keep_key(state: &mut State, record: &IdempotencyRecord, now: Timestamp) -> Result<(), StoreError> {
    let place = (record.caller.clone(), record.key.clone());
    if state.keys.get(&place).is_some_and(|kept| kept.expires_at > now) {
        return Err(StoreError::Conflict);
    }
    state.keys.insert(place, record.clone());
    Ok(())
}

fn change_custody(state: &mut State, change: &CustodyChange) -> Result<(), StoreError> {
    let secret = &change.after().secret;
    if state.custodies.get(secret).map(|found| found.version) != change.before_version() {
        return Err(StoreError::Conflict);
    }
    state.custodies.insert(secret.clone(), change.after().clone());
    if change.after().holder().is_none() && vault::current_was_seen(state, secret) {
        state.unclean.push(secret.clone());
    }
    Ok(())
}

/// Both conditions first, so that neither change is made without the other.
pub(super) fn commit_both(state: &mut State, changes: [&Change; 2]) -> Result<(), StoreError> {
    let current = |change: &Change| state.records.get(&change.after().request.scope.request_id);
    if changes.iter().all(|change| current(change) == Some(change.after())) {
        return Ok(());
    }
    if changes.iter().any(|change| current(change).map(|recorded| &recorded.head) != change.before()) {
        return Err(StoreError::Conflict);
    }
    for change in changes {
        commit(state, change, None, Timestamp::UNIX_EPOCH)?;
    }
    Ok(())
}

/// An existing key refuses the insert.
fn insert(state: &mut State, sealed: &SealedEvent) -> Result<(), StoreError> {
    let key = (sealed.event.stream.clone(), sealed.event.sequence);
    if state.events.contains_key(&key) {
        return Err(StoreError::Conflict);
    }
    state.events.insert(key, sealed.clone());
    Ok(())
}

impl IdempotencyKeys for World {
    async fn find(
        &self,
        caller: &PrincipalId,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let found = self.state().keys.get(&(caller.clone(), key.to_owned())).cloned();
        Ok(found.filter(|record| record.expires_at > now))
    }
}

impl ApprovalLinks for World {
    async fn reserve(
        &self,
        link: &ApprovalLink,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Reservation, StoreError> {
        self.failpoints.around("reserve link", StoreError::Unavailable, || {
            let mut state = self.state();
            let place = (link.request_id, link.approver.clone(), link.reminder);
            match state.links.get(&place) {
                Some(kept) if kept.sent => return Ok(Reservation::Sent),
                Some(kept) if kept.reserved_until > now => return Ok(Reservation::Held),
                _ => {}
            }
            state.links.insert(place, LinkState { link: link.clone(), reserved_until: until, sent: false });
            state.links_by_hash.insert(link.hash.as_str().to_owned(), link.clone());
            Ok(Reservation::Taken)
        })
    }

    async fn sent(&self, link: &ApprovalLink, _at: Timestamp) -> Result<(), StoreError> {
        self.failpoints.around("mark link sent", StoreError::Unavailable, || {
            let place = (link.request_id, link.approver.clone(), link.reminder);
            if let Some(kept) = self.state().links.get_mut(&place) {
                kept.sent = true;
            }
            Ok(())
        })
    }

    async fn find(&self, hash: &LinkHash) -> Result<Option<ApprovalLink>, StoreError> {
        Ok(self.state().links_by_hash.get(hash.as_str()).cloned())
    }
}

impl TaskTokens for World {
    async fn keep(&self, id: RequestId, wait: Wait, token: &TaskToken) -> Result<(), StoreError> {
        self.failpoints.around("keep token", StoreError::Unavailable, || {
            let mut state = self.state();
            let tokens = state.tokens.entry((id, wait)).or_default();
            if !tokens.iter().any(|kept| kept == token.reveal()) {
                tokens.push(token.reveal().to_owned());
            }
            Ok(())
        })
    }

    async fn kept(&self, id: RequestId, wait: Wait) -> Result<Vec<TaskToken>, StoreError> {
        Ok(self.state().tokens.get(&(id, wait)).into_iter().flatten().cloned().map(TaskToken::new).collect())
    }
}

impl Bookmarks for World {
    async fn bookmark(&self, job: &str) -> Result<Option<String>, StoreError> {
        Ok(self.state().bookmarks.get(job).cloned())
    }

    async fn set_bookmark(&self, job: &str, place: Option<&str>) -> Result<(), StoreError> {
        self.failpoints.around("set bookmark", StoreError::Unavailable, || {
            let mut state = self.state();
            match place {
                Some(place) => drop(state.bookmarks.insert(job.to_owned(), place.to_owned())),
                None => drop(state.bookmarks.remove(job)),
            }
            Ok(())
        })
    }
}

impl Leases for World {
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.failpoints.around("lease", StoreError::Unavailable, || {
            self.tables()?;
            let mut state = self.state();
            let taken =
                state.leases.get(name).is_some_and(|(who, end)| who != holder && keeps_off(*end, now, until));
            if !taken {
                state.leases.insert(name.to_owned(), (holder.to_owned(), until));
            }
            Ok(!taken)
        })
    }
}
