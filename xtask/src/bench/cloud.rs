//! The in-memory cloud with what it lacks: calls that take time, IAM's rate, and a note of who proved what, and when.
//!
//! Guards the honesty of the numbers: what is denied, gone or left is read from the target.

use super::clock::{Chance, Clock, Micros, lock, millis};
use super::iam::{Client, Iam};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use stint_app::ports::{
    Artefact, Beside, Bookmarks, DUE_SHARDS, Directory, DirectoryError, ExecutionStatus, Inventory, Leases,
    Ledger, ListError, Look, Notifier, Page, PageQuery, Provider, ProviderError, Register, SealError, Seals,
    Sighting, StoreError, Surroundings, TaskToken, TaskTokens, Wait, Workflow, WorkflowError, WorkflowInput,
};
use stint_domain::access::Access;
use stint_domain::audit::SealedEvent;
use stint_domain::custody::{Custody, CustodyChange};
use stint_domain::due::Timetable;
use stint_domain::ids::{EntitlementId, GroupName, PrincipalId, RequestId, SecretName};
use stint_domain::principal::Person;
use stint_domain::record::{Change, Circumstances, Recorded, SystemEvent};
use stint_domain::request::AccessRequest;
use stint_domain::seal::{Seal, Statement};
use stint_test_support::world::World;

const READ: Micros = millis(5);
const WRITE: Micros = millis(15);
/// The directory's and Step Functions' answers.
const ELSEWHERE: Micros = millis(30);
/// The calls of the dearest page of the inventory: a listing, and one more for each of what it lists.
const CALLS_OF_A_PAGE: u32 = 21;

pub(super) struct Cloud {
    pub(super) world: World,
    pub(super) clock: Clock,
    pub(super) chance: Chance,
    pub(super) iam: Iam,
    /// As the index has them.
    shards: Vec<Vec<RequestId>>,
    pub(super) proven: Mutex<BTreeMap<RequestId, Proven>>,
    pub(super) commits: AtomicU64,
    /// Calls of IAM that removals needed and got.
    pub(super) calls: AtomicU64,
}

pub(super) struct Proven {
    pub(super) at: Micros,
    pub(super) by: &'static str,
}

impl Cloud {
    pub(super) fn new(world: World, now: Timestamp, seed: u64) -> Self {
        let mut shards = vec![Vec::new(); usize::from(DUE_SHARDS)];
        let mut all: Vec<_> = world.state().records.keys().copied().collect();
        all.sort();
        for (number, id) in all.into_iter().enumerate() {
            if let Some(shard) = shards.get_mut(number % usize::from(DUE_SHARDS)) {
                shard.push(id);
            }
        }
        Self {
            world,
            clock: Clock::starting_at(now),
            chance: Chance::seeded(seed),
            iam: Iam::new(),
            shards,
            proven: Mutex::default(),
            commits: AtomicU64::new(0),
            calls: AtomicU64::new(0),
        }
    }

    /// How many calls of IAM take this kind of access away, and look: `stint_aws::iam` has them one by one.
    pub(super) const fn calls_of(access: &Access) -> (u32, u32) {
        match access {
            Access::IamUserElevation { .. } | Access::RoleSession { .. } => (1, 1),
            // The policy, the list of keys, the key, the user.
            Access::EphemeralIamUser { .. } => (4, 1),
            // Nothing in IAM.
            Access::Checkout { .. } | Access::Provided { .. } => (0, 0),
        }
    }
}

/// A function's environment: what it calls takes time, and its IAM client remembers its retries.
pub(super) struct Function<'a> {
    pub(super) cloud: &'a Cloud,
    pub(super) client: &'a Client,
    pub(super) name: &'static str,
}

impl Function<'_> {
    async fn passes(&self, length: Micros) -> &World {
        self.cloud.clock.sleep(length).await;
        &self.cloud.world
    }

    async fn iam(&self, calls: u32) -> Result<(), ProviderError> {
        for _ in 0..calls {
            let made = self.cloud.iam.call(&self.cloud.clock, &self.cloud.chance, self.client).await;
            made.map_err(|error| ProviderError::Unavailable(Box::new(error)))?;
        }
        Ok(())
    }

    async fn removal(&self, calls: u32) -> Result<&World, ProviderError> {
        for _ in 0..calls {
            self.iam(1).await?;
            self.cloud.calls.fetch_add(1, Relaxed);
        }
        Ok(&self.cloud.world)
    }
}

impl Ledger for Function<'_> {
    async fn load(&self, id: RequestId) -> Result<Option<Recorded>, StoreError> {
        self.passes(READ).await.load(id).await
    }

    async fn commit(&self, change: &Change, beside: Option<Beside<'_>>) -> Result<(), StoreError> {
        let world = self.passes(WRITE).await;
        world.commit(change, beside).await?;
        // Nobody reads them here, and they would fill the memory.
        world.state().events.clear();
        self.cloud.commits.fetch_add(1, Relaxed);
        let request = &change.after().request;
        if request.is_final() {
            let proven = Proven { at: self.cloud.clock.now(), by: self.name };
            lock(&self.cloud.proven).entry(request.scope.request_id).or_insert(proven);
        }
        Ok(())
    }

    async fn custody(&self, secret: &SecretName) -> Result<Custody, StoreError> {
        self.passes(READ).await.custody(secret).await
    }

    async fn change_custody(&self, change: &CustodyChange) -> Result<(), StoreError> {
        self.passes(WRITE).await.change_custody(change).await
    }

    /// Nothing is extended here.
    async fn commit_both(&self, [first, second]: [&Change; 2]) -> Result<(), StoreError> {
        self.commit(first, None).await?;
        self.commit(second, None).await
    }

    async fn append(&self, event: SystemEvent, circumstances: Circumstances) -> Result<(), StoreError> {
        self.passes(WRITE).await.append(event, circumstances).await
    }

    async fn open(&self, first: &SealedEvent) -> Result<(), StoreError> {
        self.passes(WRITE).await.open(first).await
    }
}

impl Provider for Function<'_> {
    async fn activate(&self, artefact: &Artefact) -> Result<(), ProviderError> {
        self.cloud.world.activate(artefact).await
    }

    async fn deactivate(&self, artefact: &Artefact, now: Timestamp) -> Result<(), ProviderError> {
        let (take, _) = Cloud::calls_of(&artefact.access);
        self.removal(take).await?.deactivate(artefact, now).await
    }

    async fn verify_removed(&self, artefact: &Artefact, now: Timestamp) -> Result<Sighting, ProviderError> {
        let (_, look) = Cloud::calls_of(&artefact.access);
        self.removal(look).await?.verify_removed(artefact, now).await
    }
}

impl Inventory for Function<'_> {
    async fn marked(&self, cursor: Option<&str>) -> Result<Page<Look>, ProviderError> {
        self.iam(CALLS_OF_A_PAGE).await?;
        self.cloud.world.marked(cursor).await
    }

    async fn altered(&self, artefact: &Artefact) -> Result<Option<String>, ProviderError> {
        self.iam(1).await?;
        self.cloud.world.altered(artefact).await
    }
}

impl Register for Function<'_> {
    async fn of_requester(
        &self,
        who: &PrincipalId,
        page: &PageQuery,
    ) -> Result<Page<AccessRequest>, ListError> {
        self.passes(READ).await.of_requester(who, page).await
    }

    async fn of_approver(
        &self,
        who: &PrincipalId,
        page: &PageQuery,
    ) -> Result<Page<AccessRequest>, ListError> {
        self.passes(READ).await.of_approver(who, page).await
    }

    async fn of_entitlement(
        &self,
        id: &EntitlementId,
        page: &PageQuery,
    ) -> Result<Page<AccessRequest>, ListError> {
        self.passes(READ).await.of_entitlement(id, page).await
    }

    async fn live(&self, shard: u8, page: &PageQuery) -> Result<Page<RequestId>, ListError> {
        let live = self.due(Timetable::Grants, shard, Timestamp::MAX, u32::MAX).await?;
        let skip: usize =
            page.cursor.as_deref().map_or(Ok(0), str::parse).map_err(|_| ListError::BadCursor)?;
        let limit = usize::try_from(page.limit).unwrap_or(1);
        let next = (live.len() > skip + limit).then(|| (skip + limit).to_string());
        Ok(Page { items: live.into_iter().skip(skip).take(limit).collect(), next })
    }

    async fn due(
        &self,
        timetable: Timetable,
        shard: u8,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<RequestId>, StoreError> {
        let state = self.passes(READ).await.state();
        let ids = self.cloud.shards.get(usize::from(shard)).into_iter().flatten();
        let requests = ids.filter_map(|id| Some((&state.records.get(id)?.request, *id)));
        let requests = requests.filter(|(request, _)| request.timetable() == timetable);
        let due = requests.filter_map(|(request, id)| Some((request.due_at()?, id)));
        let mut due: Vec<_> = due.filter(|(at, _)| *at <= before).collect();
        due.sort();
        Ok(due.into_iter().map(|(_, id)| id).take(usize::try_from(limit).unwrap_or(1)).collect())
    }
}

impl TaskTokens for Function<'_> {
    async fn keep(&self, id: RequestId, wait: Wait, token: &TaskToken) -> Result<(), StoreError> {
        self.passes(WRITE).await.keep(id, wait, token).await
    }

    async fn kept(&self, id: RequestId, wait: Wait) -> Result<Vec<TaskToken>, StoreError> {
        self.passes(READ).await.kept(id, wait).await
    }
}

impl Leases for Function<'_> {
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.passes(WRITE).await.acquire(name, holder, now, until).await
    }
}

impl Bookmarks for Function<'_> {
    async fn bookmark(&self, job: &str) -> Result<Option<String>, StoreError> {
        self.passes(READ).await.bookmark(job).await
    }

    async fn set_bookmark(&self, job: &str, place: Option<&str>) -> Result<(), StoreError> {
        self.passes(WRITE).await.set_bookmark(job, place).await
    }
}

impl Notifier for Function<'_> {
    async fn notify_again(&self, id: RequestId) -> Result<(), WorkflowError> {
        self.passes(ELSEWHERE).await.notify_again(id).await
    }
}

impl Workflow for Function<'_> {
    async fn start(&self, input: &WorkflowInput) -> Result<(), WorkflowError> {
        self.passes(ELSEWHERE).await.start(input).await
    }

    async fn approved(&self, token: &TaskToken) -> Result<(), WorkflowError> {
        self.passes(ELSEWHERE).await.approved(token).await
    }

    async fn declined(&self, token: &TaskToken, error: &'static str) -> Result<(), WorkflowError> {
        self.passes(ELSEWHERE).await.declined(token, error).await
    }

    async fn stop(&self, id: RequestId, cause: &str) -> Result<(), WorkflowError> {
        self.passes(ELSEWHERE).await.stop(id, cause).await
    }

    async fn status(&self, id: RequestId) -> Result<ExecutionStatus, WorkflowError> {
        self.passes(ELSEWHERE).await.status(id).await
    }
}

impl Directory for Function<'_> {
    async fn person(&self, id: &PrincipalId) -> Result<Option<Person>, DirectoryError> {
        self.passes(ELSEWHERE).await.person(id).await
    }

    async fn members(&self, group: &GroupName) -> Result<Vec<Person>, DirectoryError> {
        self.passes(ELSEWHERE).await.members(group).await
    }
}

impl Seals for Function<'_> {
    async fn is_of(&self, seal: &Seal, statement: &Statement) -> Result<bool, SealError> {
        self.passes(ELSEWHERE).await.is_of(seal, statement).await
    }
}

impl Surroundings for Function<'_> {
    fn now(&self) -> Timestamp {
        self.cloud.clock.timestamp()
    }

    fn random(&self) -> [u8; 32] {
        self.cloud.world.random()
    }
}
