//! What the use cases need of the world, as small traits: each use case asks for just the ones it uses.
//!
//! Every adapter keeps these promises, and `stint-test-support` has the contract suites that check them on the fakes
//! and on the local cloud. Errors are by what the caller can do.

use crate::letter::Letter;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;
use stint_domain::access::Access;
use stint_domain::audit::Stream;
use stint_domain::custody::{Custody, CustodyChange, SetAttempt};
use stint_domain::grant::Evidence;
use stint_domain::ids::{EntitlementId, GrantId, GroupName, PrincipalId, RequestId, SecretName};
use stint_domain::link::{ApprovalLink, LinkHash};
use stint_domain::principal::Person;
use stint_domain::record::{Change, Circumstances, Recorded, SystemEvent};
use stint_domain::request::AccessRequest;
use stint_domain::seal::{Seal, Statement};
use stint_domain::transition::Revealed;
use stint_domain::window::Window;
use thiserror::Error;

/// The cause beneath an error, for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What a store could not do.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Somebody else was faster: read again and decide again.
    #[error("the record has changed since it was read")]
    Conflict,
    /// Throttled, timed out or down: try again later.
    #[error("the store did not answer")]
    Unavailable(#[source] Cause),
    /// What is stored is not what Stint writes: a person has to look.
    #[error("the stored item `{item}` cannot be read")]
    Corrupt {
        item: String,
        #[source]
        cause: Cause,
    },
}

/// The request ledger: records and their audit, always together.
pub trait Ledger: Send + Sync {
    /// Strongly consistent.
    fn load(&self, id: RequestId) -> impl Future<Output = Result<Option<Recorded>, StoreError>> + Send;

    /// All of the change and of `beside`, or nothing. A repeated commit of the same change succeeds: whether the first
    /// reply was lost is found out by reading back.
    fn commit(
        &self,
        change: &Change,
        beside: Option<Beside<'_>>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Strongly consistent; of a credential that nobody has had yet as well.
    fn custody(&self, secret: &SecretName) -> impl Future<Output = Result<Custody, StoreError>> + Send;

    /// A change of a custody alone, such as of its queue. Safe to repeat.
    fn change_custody(&self, change: &CustodyChange) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Two changes of two requests, both or neither, and as safely repeated as one.
    fn commit_both(&self, changes: [&Change; 2]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Adds an event to a system stream of its own choice.
    fn append(
        &self,
        event: SystemEvent,
        circumstances: Circumstances,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What is committed together with a change of a request, or not at all.
#[derive(Debug, Clone, Copy)]
pub enum Beside<'a> {
    Key(&'a IdempotencyRecord),
    /// Of the credential that the request is about.
    Custody(&'a CustodyChange),
}

/// What an `Idempotency-Key` stands for: the caller's key, what was sent under it, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    pub caller: PrincipalId,
    pub key: String,
    /// SHA-256 of the body, lower-case hex.
    pub body_hash: String,
    pub request_id: RequestId,
    pub expires_at: Timestamp,
}

pub trait IdempotencyKeys: Send + Sync {
    /// The live record under this key; one past its `expires_at` counts as none.
    fn find(
        &self,
        caller: &PrincipalId,
        key: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<IdempotencyRecord>, StoreError>> + Send;
}

/// The links in approvers' mails.
pub trait ApprovalLinks: Send + Sync {
    /// Takes the right to mail `link.approver` about `link.request_id` until `until`. `false` if the mail has gone out
    /// or somebody else is at it. A reservation that ran out may be taken again, with a new link.
    fn reserve(
        &self,
        link: &ApprovalLink,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Records that the mail has gone out.
    fn sent(&self, link: &ApprovalLink, at: Timestamp)
    -> impl Future<Output = Result<(), StoreError>> + Send;

    fn find(&self, hash: &LinkHash) -> impl Future<Output = Result<Option<ApprovalLink>, StoreError>> + Send;
}

/// Makes the marks by which a person's approval is known for one. Only the function that approves can.
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
#[error("the key for approvals did not answer")]
pub struct SealError(#[source] pub Cause);

/// What a workflow waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wait {
    Decision,
    Rotation,
}

/// The tokens by which the workflow waits. They leave the ledger for nothing but the workflow.
pub trait TaskTokens: Send + Sync {
    /// Beside those from before, once each: a retried wait has a new token, and a message that comes late an old one.
    fn keep(
        &self,
        id: RequestId,
        wait: Wait,
        token: &TaskToken,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// All of them, the oldest first.
    fn kept(
        &self,
        id: RequestId,
        wait: Wait,
    ) -> impl Future<Output = Result<Vec<TaskToken>, StoreError>> + Send;
}

/// A Step Functions task token: whoever has it can answer for an approver, so it has no `Debug` and no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskToken(String);

impl TaskToken {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// For the workflow and the ledger's item, and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A page of a listing. The cursor is opaque to the caller and good for the same query only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// Why a listing failed.
#[derive(Debug, Error)]
pub enum ListError {
    #[error("the cursor does not belong to this listing")]
    BadCursor,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Listings, by indexes that lag behind the ledger by moments: for showing, never for deciding.
pub trait Register: Send + Sync {
    /// A requester's own requests, newest first.
    fn of_requester(
        &self,
        who: &PrincipalId,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<AccessRequest>, ListError>> + Send;

    /// Requests an approver was mailed about, newest first.
    fn of_approver(
        &self,
        who: &PrincipalId,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<AccessRequest>, ListError>> + Send;

    /// Everything that was ever asked of this, newest first.
    fn of_entitlement(
        &self,
        id: &EntitlementId,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<AccessRequest>, ListError>> + Send;

    /// Whatever is not over, of one shard, the next due first.
    fn live(
        &self,
        shard: u8,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<RequestId>, ListError>> + Send;

    /// What is due before `before`, oldest first, of one shard of [`DUE_SHARDS`].
    fn due(
        &self,
        shard: u8,
        before: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RequestId>, StoreError>> + Send;
}

/// Over how many keys the timetable of reconcile is spread.
pub const DUE_SHARDS: u8 = 8;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageQuery {
    pub cursor: Option<String>,
    /// At least 1; at most 100 for requests, 1,000 for events.
    pub limit: u32,
}

/// An event as stored: its canonical text and its hash, untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    pub canonical: String,
    pub hash: String,
}

/// Reading the audit. Whoever writes to it needs none of this.
pub trait AuditTrail: Send + Sync {
    /// All streams, in order of time, `from` included and `to` not.
    fn between(
        &self,
        from: Timestamp,
        to: Timestamp,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<StoredEvent>, ListError>> + Send;

    /// One stream from its start.
    fn stream(
        &self,
        stream: &Stream,
        page: &PageQuery,
    ) -> impl Future<Output = Result<Page<StoredEvent>, ListError>> + Send;
}

/// A claim on a job that must not run twice at the same time.
pub trait Leases: Send + Sync {
    /// `true` if `holder` has it now, until `until`; its own lease may be taken again.
    fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Where a job that goes round and round has got to.
pub trait Bookmarks: Send + Sync {
    fn bookmark(&self, job: &str) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
    /// `None`: at the start again.
    fn set_bookmark(
        &self,
        job: &str,
        place: Option<&str>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What a grant makes at a target: found again from the grant alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    pub grant_id: GrantId,
    pub access: Access,
    pub window: Window,
}

#[derive(Debug, Error)]
pub enum ProviderError {
    /// The target will not have it, today or tomorrow: `reason` is safe to show.
    #[error("the target refused: {reason}")]
    Refused {
        reason: String,
        #[source]
        cause: Cause,
    },
    /// Throttled, timed out or down: the effect may or may not have happened.
    #[error("the target did not answer")]
    Unavailable(#[source] Cause),
}

/// What a look at the target showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    Over(Evidence),
    StillThere {
        looked_at: String,
    },
    /// The target is at it, and will be done by itself.
    UnderWay {
        looked_at: String,
    },
}

/// Gives and takes access at a target. All of it is safe to repeat; taking what is not there succeeds.
pub trait Provider: Send + Sync {
    fn activate(&self, artefact: &Artefact) -> impl Future<Output = Result<(), ProviderError>> + Send;
    /// Within the window this also cuts what is in use; after it, the date in the grant has done so.
    fn deactivate(
        &self,
        artefact: &Artefact,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send;
    /// Reads the target back.
    fn verify_removed(
        &self,
        artefact: &Artefact,
        now: Timestamp,
    ) -> impl Future<Output = Result<Sighting, ProviderError>> + Send;
}

/// Something at a target that carries the mark of a grant, whatever has become of the grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    pub grant_id: GrantId,
    /// Where it is; what it allows is not looked at.
    pub access: Access,
}

/// Looks at the targets for what carries Stint's mark, a page at a time.
pub trait Inventory: Send + Sync {
    fn marked(
        &self,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<Page<Marked>, ProviderError>> + Send;

    /// Where to go on if the page of this cursor cannot be had; `None`: at the start again.
    fn beyond(&self, _cursor: Option<&str>) -> Option<String> {
        None
    }

    /// What about an artefact that should be there somebody else has changed, in words to be shown; `None` if it is
    /// as it was made.
    fn altered(
        &self,
        artefact: &Artefact,
    ) -> impl Future<Output = Result<Option<String>, ProviderError>> + Send;
}

/// Why a target cannot take what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// It does not wear the boundary, does not exist, or is one of Stint's own.
    #[error("the target is not enrolled")]
    NotEnrolled,
    /// Its policies leave no room for another, and for the one that may be needed to take it away.
    #[error("the target has no room for it")]
    NoRoom,
}

/// Looks at a target before anybody is asked about it, so that nothing is approved that cannot be given.
pub trait Enrolment: Send + Sync {
    fn check(&self, access: &Access)
    -> impl Future<Output = Result<Result<(), Unfit>, ProviderError>> + Send;
}

/// A secret on its way to its holder: it has no `Debug` and no `Serialize`.
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// For the answer to its holder, and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A version of a secret, as Secrets Manager names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionId(String);

impl VersionId {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The version that the rotation after this grant makes. Named by the grant, a rotation is asked for once however
    /// often it is asked for.
    #[must_use]
    pub fn after(grant: GrantId) -> Self {
        Self(grant.artefact_name())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which version of a secret is which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Versions {
    pub current: Option<VersionId>,
    pub pending: Option<VersionId>,
    pub previous: Option<VersionId>,
}

/// The versions of a vaulted secret. All of it is safe to repeat.
pub trait Vault: Send + Sync {
    fn versions(&self, secret: &SecretName) -> impl Future<Output = Result<Versions, ProviderError>> + Send;
    /// `None` for a version that is not there, or has no value yet.
    fn value(
        &self,
        secret: &SecretName,
        version: &VersionId,
    ) -> impl Future<Output = Result<Option<Secret>, ProviderError>> + Send;
    fn put_pending(
        &self,
        secret: &SecretName,
        version: &VersionId,
        value: &Secret,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send;
    /// A rotation that nobody will finish is forgotten.
    fn drop_pending(
        &self,
        secret: &SecretName,
        version: &VersionId,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send;
    /// The pending version becomes the current one, in the place of `current`.
    fn promote(
        &self,
        secret: &SecretName,
        version: &VersionId,
        current: Option<&VersionId>,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send;
}

/// What a vaulted secret opens. Secrets are in the form in which the vault keeps them.
pub trait RotatedLogin: Send + Sync {
    /// What comes after `current`, from `random`. What an earlier attempt may have made in vain is cleared away.
    fn renew(
        &self,
        current: &Secret,
        random: [u8; 32],
    ) -> impl Future<Output = Result<Secret, ProviderError>> + Send;
    /// From now on the target takes `next` and nothing older, and what is in use by anything older ends. `older`: what may
    /// open it now, the likeliest first, if `next` does not yet. Written is until the attempt's time is over, which the
    /// target sees to if it can, and else the end of the process.
    fn replace(
        &self,
        next: &Secret,
        older: &[Secret],
        attempt: &SetAttempt,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send;
    /// Whether it opens the target now. A target that does not answer has not refused.
    fn works(&self, login: &Secret) -> impl Future<Output = Result<bool, ProviderError>> + Send;
}

/// What a holder uses access with. It is stored nowhere that Stint writes to.
pub enum Credential {
    /// A key of AWS's.
    AccessKey {
        access_key_id: String,
        secret_access_key: Secret,
        /// A key that lasts as long as its user has none.
        session_token: Option<Secret>,
        /// When it stops working by itself; never after the window.
        expires_at: Timestamp,
    },
    /// A vaulted secret, field by field.
    Vaulted {
        version: VersionId,
        fields: BTreeMap<String, Secret>,
        /// When it is to be rotated.
        expires_at: Timestamp,
    },
    /// An account that a provider has made, field by field.
    Account {
        username: String,
        fields: BTreeMap<String, Secret>,
        /// When it stops working by itself; never after the window.
        expires_at: Timestamp,
    },
}

impl Credential {
    /// When it stops working by itself, or is taken out of use.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        match self {
            Self::AccessKey { expires_at, .. }
            | Self::Vaulted { expires_at, .. }
            | Self::Account { expires_at, .. } => *expires_at,
        }
    }

    /// What the audit says of it.
    #[must_use]
    pub fn revealed(&self) -> Revealed {
        match self {
            Self::AccessKey { access_key_id, expires_at, .. } => {
                Revealed::AccessKey { id: access_key_id.clone(), expires_at: *expires_at }
            }
            Self::Vaulted { version, .. } => Revealed::Secret { version: version.as_str().to_owned() },
            Self::Account { username, expires_at, .. } => {
                Revealed::Account { username: username.clone(), expires_at: *expires_at }
            }
        }
    }
}

/// Makes credentials of what was activated. Each call makes a new one; a user's earlier key stops working with it.
pub trait CredentialIssuer: Send + Sync {
    fn issue(
        &self,
        artefact: &Artefact,
        now: Timestamp,
    ) -> impl Future<Output = Result<Credential, ProviderError>> + Send;
}

#[derive(Debug, Error)]
pub enum WorkflowError {
    /// The wait, or the execution, is over already; for whoever wanted it over, that is success.
    #[error("the workflow no longer waits for this")]
    Closed,
    #[error("the workflow service did not answer")]
    Unavailable(#[source] Cause),
}

/// What became of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    Running,
    Closed,
    Unknown,
}

/// Starts, answers and stops executions; the execution's name is the request's id.
pub trait Workflow: Send + Sync {
    /// Starting what runs already succeeds. [`WorkflowError::Closed`] if it ran before and is over.
    fn start(&self, input: &WorkflowInput) -> impl Future<Output = Result<(), WorkflowError>> + Send;
    fn approved(&self, token: &TaskToken) -> impl Future<Output = Result<(), WorkflowError>> + Send;
    /// Ends the wait with one of the workflow's own errors, such as `Stint.Denied`.
    fn declined(
        &self,
        token: &TaskToken,
        error: &'static str,
    ) -> impl Future<Output = Result<(), WorkflowError>> + Send;
    fn stop(&self, id: RequestId, cause: &str) -> impl Future<Output = Result<(), WorkflowError>> + Send;
    fn status(&self, id: RequestId) -> impl Future<Output = Result<ExecutionStatus, WorkflowError>> + Send;
}

/// The input of an execution: hints for its timers, never authority. The same request always gives the same input.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WorkflowInput {
    pub request_id: RequestId,
    pub wait_seconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
}

/// Asks the function that ends access to do so now, without waiting for it.
pub trait Expirer: Send + Sync {
    fn expire_now(&self, id: RequestId) -> impl Future<Output = Result<(), WorkflowError>> + Send;
}

#[derive(Debug, Error)]
pub enum DirectoryError {
    #[error("the directory did not answer")]
    Unavailable(#[source] Cause),
    #[error("the directory's entry `{entry}` cannot be read")]
    Corrupt {
        entry: String,
        #[source]
        cause: Cause,
    },
}

/// Who people are now. It answers where no token is at hand.
pub trait Directory: Send + Sync {
    /// `None` for somebody unknown or disabled.
    fn person(&self, id: &PrincipalId)
    -> impl Future<Output = Result<Option<Person>, DirectoryError>> + Send;
    /// Everybody in a group who is enabled, with all of their groups.
    fn members(&self, group: &GroupName) -> impl Future<Output = Result<Vec<Person>, DirectoryError>> + Send;
}

#[derive(Debug, Error)]
pub enum MailError {
    /// This address will never get it.
    #[error("the mail was refused")]
    Refused(#[source] Cause),
    #[error("the mail service did not answer")]
    Unavailable(#[source] Cause),
}

pub trait Mailer: Send + Sync {
    fn send(&self, letter: &Letter) -> impl Future<Output = Result<(), MailError>> + Send;
}

/// Where the token issuer's key set (RFC 7517) comes from.
pub trait KeySource: Send + Sync {
    fn fetch(&self) -> impl Future<Output = Result<Vec<u8>, Cause>> + Send;
}

/// Time and chance, as values to the rules.
pub trait Surroundings: Send + Sync {
    fn now(&self) -> Timestamp;
    fn random(&self) -> [u8; 32];
}
