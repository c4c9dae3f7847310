//! Where everything is: the keys and index attributes of both tables.
//!
//! ```text
//! grants   pk                 sk                 what
//!          REQ#<request>      REQUEST            a request, its decision, its grant; the head of its stream
//!          REQ#<request>      TOKEN              the workflow's task tokens: a decision
//!          REQ#<request>      ROTATION           and a rotation are waited for
//!          SECRET#<name>      CUSTODY            who has a vaulted credential, and who is next
//!          REQ#<request>      LINK#<approver>    the mail to one approver: reserved, then sent
//!          LINK#<link hash>   LINK               what a link in a mail is bound to
//!          HEAD#<stream>      HEAD               the head of a system stream
//!          IDEM#<caller>      KEY#<key hash>     an idempotency key
//!          LEASE#<name>       LEASE              a claim on a job
//! audit    stream             seq                an event; index by_day: day_shard, at_id
//! ```
//!
//! Guards: ids that may contain anything are last in a key or hashed, so that no two things share a key. Times in
//! keys have a fixed width, so that they sort.

use crate::partiql::Attribute;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use stint_app::ports::{DUE_SHARDS, Wait};
use stint_domain::audit::Stream;
use stint_domain::due::Timetable;
use stint_domain::ids::{PrincipalId, RequestId, SecretName};
use stint_domain::link::{ApprovalLink, LinkHash};

pub(super) const PK: Attribute = "pk";
pub(super) const SK: Attribute = "sk";

/// An index of the table of grants.
pub(super) struct Index {
    pub(super) name: &'static str,
    pub(super) partition: Attribute,
    pub(super) sort: Attribute,
}

pub(super) const BY_REQUESTER: Index =
    Index { name: "by_requester", partition: "gsi_requester", sort: "gsi_at" };
pub(super) const BY_APPROVER: Index =
    Index { name: "by_approver", partition: "gsi_approver", sort: "gsi_at" };
pub(super) const BY_ENTITLEMENT: Index =
    Index { name: "by_entitlement", partition: "gsi_entitlement", sort: "gsi_at" };
pub(super) const BY_DUE: Index = Index { name: "by_due", partition: "gsi_due_shard", sort: "gsi_due_at" };
/// The one index of the audit.
pub(super) const BY_DAY: Index = Index { name: "by_day", partition: "day_shard", sort: "at_id" };

/// Over how many keys a day of the audit is spread.
pub(super) const DAY_SHARDS: u8 = 16;

/// The whole key of an item of the table of grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    pub(super) fn request(id: RequestId) -> Self {
        Self::new(format!("REQ#{id}"), "REQUEST")
    }

    pub(super) fn task_token(id: RequestId, wait: Wait) -> Self {
        let sk = match wait {
            Wait::Decision => "TOKEN",
            Wait::Rotation => "ROTATION",
        };
        Self::new(format!("REQ#{id}"), sk)
    }

    pub(super) fn custody(secret: &SecretName) -> Self {
        Self::new(format!("SECRET#{secret}"), "CUSTODY")
    }

    /// Of one mail: a reminder is another one.
    pub(super) fn invitation(link: &ApprovalLink) -> Self {
        let ApprovalLink { request_id, approver, reminder, .. } = link;
        Self::new(
            format!("REQ#{request_id}"),
            match reminder {
                0 => format!("LINK#{approver}"),
                number => format!("LINK#{approver}#{number}"),
            },
        )
    }

    pub(super) fn link(hash: &LinkHash) -> Self {
        Self::new(format!("LINK#{}", hash.as_str()), "LINK")
    }

    pub(super) fn head(stream: &Stream) -> Self {
        Self::new(format!("HEAD#{stream}"), "HEAD")
    }

    pub(super) fn idempotency(caller: &PrincipalId, key: &str) -> Self {
        Self::new(format!("IDEM#{caller}"), format!("KEY#{}", hex(&Sha256::digest(key))))
    }

    pub(super) fn lease(name: &str) -> Self {
        Self::new(format!("LEASE#{name}"), "LEASE")
    }

    pub(super) fn bookmark(job: &str) -> Self {
        Self::new(format!("BOOKMARK#{job}"), "BOOKMARK")
    }
}

/// The request that an item of `REQ#<request>` belongs to.
pub(super) fn request_of(pk: &str) -> Option<RequestId> {
    pk.strip_prefix("REQ#")?.parse().ok()
}

/// RFC 3339 in UTC with three digits of fraction, cut off: 24 characters that sort as time does.
pub(super) fn sortable(at: Timestamp) -> String {
    format!("{at:.3}")
}

pub(super) fn due_shard(timetable: Timetable, id: RequestId) -> String {
    due_partition(timetable, first_byte(&id.to_string()) % DUE_SHARDS)
}

pub(super) fn due_partition(timetable: Timetable, shard: u8) -> String {
    match timetable {
        Timetable::Grants => format!("due#{shard}"),
        Timetable::Requests => format!("asked#{shard}"),
    }
}

/// Where the index of the audit has the events of a stream on the day of `at`.
pub(super) fn day_shard(stream: &str, at: Timestamp) -> String {
    day_partition(&day_of(at), first_byte(stream) % DAY_SHARDS)
}

pub(super) fn day_partition(day: &str, shard: u8) -> String {
    format!("{day}#{shard:02}")
}

/// The UTC day, as `2026-11-22`.
pub(super) fn day_of(at: Timestamp) -> String {
    sortable(at).chars().take(10).collect()
}

/// Sorts the audit by time, then stream, then sequence.
pub(super) fn at_id(stream: &str, sequence: u64, at: Timestamp) -> String {
    format!("{}#{stream}#{sequence:010}", sortable(at))
}

fn first_byte(text: &str) -> u8 {
    Sha256::digest(text).first().copied().unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_keys_sort_as_time_does() {
        let at = |text: &str| sortable(text.parse().unwrap());
        assert_eq!(at("2026-11-22T10:00:00Z"), "2026-11-22T10:00:00.000Z");
        assert_eq!(at("2026-11-22T10:00:00.1239Z"), "2026-11-22T10:00:00.123Z");
        assert!(at("2026-11-22T10:00:00Z") < at("2026-11-22T10:00:00.001Z"));
        assert!(at("2026-11-22T10:00:00.999Z") < at("2026-11-22T10:00:01Z"));
    }

    #[test]
    fn an_event_sorts_after_the_start_of_its_millisecond_and_before_the_next() {
        let at: Timestamp = "2026-11-22T10:00:00.005Z".parse().unwrap();
        let id = at_id("req-1", 2, at);
        assert_eq!(id, "2026-11-22T10:00:00.005Z#req-1#0000000002");
        assert!(sortable(at) < id && id.as_str() < "2026-11-22T10:00:00.006Z");
        assert!(id < at_id("req-1", 10, at));
    }

    #[test]
    fn different_things_have_different_keys() {
        let id: RequestId = "req-01980000000070008000000000000001".parse().unwrap();
        let ana: PrincipalId = "ana".parse().unwrap();
        let invitation = |reminder| ApprovalLink {
            hash: LinkHash::of_path_segment(&"0".repeat(64)).unwrap(),
            request_id: id,
            approver: ana.clone(),
            scope_hash: serde_json::from_value("0".into()).unwrap(),
            reminder,
            seal: None,
        };
        let keys = [
            Key::request(id),
            Key::task_token(id, Wait::Decision),
            Key::task_token(id, Wait::Rotation),
            Key::custody(&"stint/vault/a".parse().unwrap()),
            Key::invitation(&invitation(0)),
            Key::invitation(&invitation(1)),
            Key::idempotency(&ana, "k"),
            Key::idempotency(&ana, "l"),
            Key::lease("reconcile"),
        ];
        for (n, key) in keys.iter().enumerate() {
            assert_eq!(keys.iter().position(|other| other == key), Some(n));
        }
        assert_eq!(request_of(&Key::request(id).pk), Some(id));
        assert_eq!(request_of("LEASE#reconcile"), None);
    }

    #[test]
    fn a_key_of_any_length_fits_dynamodb() {
        let ana: PrincipalId = "ana".parse().unwrap();
        assert_eq!(Key::idempotency(&ana, &"x".repeat(9000)).sk.len(), 68);
    }
}
