//! The links in approvers' mails: one item by request and approver says who may mail and whether it has been done,
//! another by the link's hash says what the link is bound to. The secret itself is in neither.

use super::DynamoStore;
use super::item::{Item, corrupt, insert, s, text, time, update};
use super::keys::{BY_APPROVER, Key, sortable};
use super::transact::{Outcome, execute, transact};
use crate::partiql::Statement;
use jiff::Timestamp;
use stint_app::ports::{ApprovalLinks, Cause, Reservation, StoreError};
use stint_domain::link::{ApprovalLink, LinkHash};

impl ApprovalLinks for DynamoStore {
    async fn reserve(
        &self,
        link: &ApprovalLink,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Reservation, StoreError> {
        if self.both(link, self.first_invitation(link, now, until)).await? {
            return Ok(Reservation::Taken);
        }
        match self.invitation(link).await? {
            Some(found) if found.sent => Ok(Reservation::Sent),
            Some(found) if found.hash == link.hash.as_str() => Ok(Reservation::Taken),
            Some(found) if found.until <= now => {
                let again = self.later_invitation(link, &found.hash, until);
                let taken = self.both(link, again).await? || self.holds(link).await?;
                Ok(if taken { Reservation::Taken } else { Reservation::Held })
            }
            _ => Ok(Reservation::Held),
        }
    }

    /// Whoever holds the reservation by now: the mail has gone out.
    async fn sent(&self, link: &ApprovalLink, at: Timestamp) -> Result<(), StoreError> {
        let key = Key::invitation(link);
        let sent =
            update(&self.tables.grants, &key).set("state", s(SENT)).set("sent_at", s(at.to_string())).build();
        match execute(&self.client, &sent).await? {
            true => Ok(()),
            false => Err(corrupt(&key, "a mail went out that nobody had reserved")),
        }
    }

    async fn find(&self, hash: &LinkHash) -> Result<Option<ApprovalLink>, StoreError> {
        let key = Key::link(hash);
        let Some(item) = self.get(&key).await? else { return Ok(None) };
        let link = text(&item, "doc").and_then(|doc| Ok(serde_json::from_str::<ApprovalLink>(doc)?));
        match link {
            Ok(link) if link.hash == *hash => Ok(Some(link)),
            Ok(_) => Err(corrupt(&key, "it holds another link")),
            Err(cause) => Err(corrupt(&key, cause)),
        }
    }
}

const RESERVED: &str = "RESERVED";
const SENT: &str = "SENT";

struct Invitation {
    hash: String,
    sent: bool,
    until: Timestamp,
}

impl Invitation {
    fn of(item: &Item) -> Result<Self, Cause> {
        let (hash, sent) = (text(item, "link_hash")?.to_owned(), text(item, "state")? == SENT);
        Ok(Self { hash, sent, until: time(item, "reserved_until")? })
    }
}

impl DynamoStore {
    async fn invitation(&self, link: &ApprovalLink) -> Result<Option<Invitation>, StoreError> {
        let key = Key::invitation(link);
        let item = self.get(&key).await?;
        item.map(|item| Invitation::of(&item).map_err(|cause| corrupt(&key, cause))).transpose()
    }

    async fn holds(&self, link: &ApprovalLink) -> Result<bool, StoreError> {
        Ok(self.invitation(link).await?.is_some_and(|found| !found.sent && found.hash == link.hash.as_str()))
    }

    /// Writes the invitation and the link that goes with it; `false` if somebody was there before.
    async fn both(&self, link: &ApprovalLink, invitation: Statement) -> Result<bool, StoreError> {
        let key = Key::link(&link.hash);
        let doc = serde_json::to_string(link).map_err(|cause| corrupt(&key, cause))?;
        let bound = insert(&self.tables.grants, &key).value("doc", s(doc)).build();
        match transact(&self.client, &[invitation, bound]).await {
            Outcome::Committed => Ok(true),
            Outcome::Refused(_) => Ok(false),
            // A lost reply must not keep the mail back until the reservation has run out.
            Outcome::Unknown(_) if self.holds(link).await? => Ok(true),
            Outcome::Unknown(cause) => Err(StoreError::Unavailable(cause)),
        }
    }

    fn first_invitation(&self, link: &ApprovalLink, now: Timestamp, until: Timestamp) -> Statement {
        let invitation = insert(&self.tables.grants, &Key::invitation(link))
            .value("link_hash", s(link.hash.as_str()))
            .value("state", s(RESERVED))
            .value("reserved_until", s(until.to_string()));
        if link.reminder > 0 {
            // The first mail has put the request on the approver's list.
            return invitation.build();
        }
        invitation
            .value(BY_APPROVER.partition, s(link.approver.as_str()))
            .value(BY_APPROVER.sort, s(sortable(now)))
            .build()
    }

    /// After a reservation that ran out. Its link stays good, since its mail may have gone out unrecorded.
    fn later_invitation(&self, link: &ApprovalLink, stale_hash: &str, until: Timestamp) -> Statement {
        update(&self.tables.grants, &Key::invitation(link))
            .set("link_hash", s(link.hash.as_str()))
            .set("reserved_until", s(until.to_string()))
            .when("link_hash", s(stale_hash))
            .when("state", s(RESERVED))
            .build()
    }
}
