//! What the use cases need of the world, as small traits: each use case asks for just the ones it uses.
//!
//! Every adapter keeps these promises, and `stint-test-support` has the contract suites that check them on the fakes
//! and on the local cloud. Errors are by what the caller can do.

mod approvals;
mod credentials;
mod ledger;
mod people;
mod register;
mod target;
mod vault;
mod workflow;

pub use approvals::{ApprovalLinks, Reservation, SealError, Sealer, Seals};
pub use credentials::{Credential, CredentialIssuer, Secret};
pub use ledger::{Beside, IdempotencyKeys, IdempotencyRecord, Ledger, StoreError};
pub use people::{
    Code, CodeExchange, Directory, DirectoryError, ExchangeError, KeySource, MailError, Mailer,
};
pub use register::{
    AuditTrail, Bookmarks, DUE_SHARDS, Leases, ListError, Page, PageQuery, Register, StoredEvent, keeps_off,
};
pub use target::{Artefact, Enrolment, Inventory, Look, Marked, Provider, ProviderError, Sighting, Unfit};
pub use vault::{RotatedLogin, Vault, VersionId, Versions};
pub use workflow::{
    ExecutionStatus, Expirer, Notifier, TaskToken, TaskTokens, Wait, Workflow, WorkflowError, WorkflowInput,
};

use jiff::Timestamp;

/// The cause beneath an error, for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Time and chance, as values to the rules.
pub trait Surroundings: Send + Sync {
    fn now(&self) -> Timestamp;
    fn random(&self) -> [u8; 32];
}
