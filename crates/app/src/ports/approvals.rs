//! The links by which people approve, and the seals by which their approvals are known.

use super::Cause;
use super::StoreError;
use jiff::Timestamp;
use std::future::Future;
use stint_domain::link::ApprovalLink;
use stint_domain::link::LinkHash;
use stint_domain::seal::Seal;
use stint_domain::seal::Statement;
use thiserror::Error;

/// Whose it is to send one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// The caller's, now.
    Taken,
    /// Somebody else's, who is at it or has died there.
    Held,
    /// Nobody's any more: it has gone out.
    Sent,
}

/// The links in approvers' mails.
pub trait ApprovalLinks: Send + Sync {
    /// Takes the right to mail `link.approver` about `link.request_id` until `until`. A reservation that ran out may be
    /// taken again, with a new link.
    fn reserve(
        &self,
        link: &ApprovalLink,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Reservation, StoreError>> + Send;

    /// Records that the mail has gone out.
    fn sent(&self, link: &ApprovalLink, at: Timestamp)
    -> impl Future<Output = Result<(), StoreError>> + Send;

    fn find(&self, hash: &LinkHash) -> impl Future<Output = Result<Option<ApprovalLink>, StoreError>> + Send;
}

/// Makes the marks by which a person's approval is known for one, or a link: each by a key of its own, which only the function
/// that approves may use, or only the one that mails.
pub trait Sealer: Send + Sync {
    fn seal(&self, statement: &Statement) -> impl Future<Output = Result<Seal, SealError>> + Send;
}

/// Knows those marks.
pub trait Seals: Send + Sync {
    /// Whether `seal` was made for exactly this.
    fn is_of(
        &self,
        seal: &Seal,
        statement: &Statement,
    ) -> impl Future<Output = Result<bool, SealError>> + Send;
}

#[derive(Debug, Error)]
#[error("the key for seals did not answer")]
pub struct SealError(#[source] pub Cause);
