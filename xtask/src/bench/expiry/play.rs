//! Who acts when many windows end: an execution for each grant, Lambda with its limits, the minutely sweep, and somebody
//! who looks whether access is denied at its second.

use super::clock::{Clock, Micros, Task, lock, millis, seconds};
use super::cloud::{Cloud, Function};
use super::iam::Client;
use super::machine::Retries;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use stint_app::end_access::{EndAccess, EndError, end_access};
use stint_app::failure::{Failure, Missing};
use stint_app::reconcile::reconcile;
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_domain::transition::EndCause;
use stint_policy::PolicyBundle;

/// From the state machine to the function.
const INVOKE: Micros = millis(20);
/// The time limits of the template, and its schedule.
const EXPIRE_TIMEOUT: Micros = seconds(30);
const SWEEP_TIMEOUT: Micros = seconds(55);
const MINUTE: Micros = seconds(60);
/// When in the minute the schedule fires.
const SWEEP_AT: Micros = seconds(13);
/// A simulation that is not over by then has failed.
const LATEST: Micros = seconds(6 * 3600);

/// The function that ends access: so many of it at a time.
pub(super) struct Lambda {
    concurrency: usize,
    state: Mutex<Environments>,
    pub(super) invoked: AtomicU64,
    pub(super) rejected: AtomicU64,
    /// Executions whose retries ran out.
    pub(super) exhausted: AtomicU64,
    pub(super) wrongly_denied: AtomicU64,
    pub(super) wrongly_allowed: AtomicU64,
}

#[derive(Default)]
struct Environments {
    busy: usize,
    idle: Vec<Client>,
}

impl Lambda {
    pub(super) fn with_concurrency(concurrency: usize) -> Self {
        Self {
            concurrency,
            state: Mutex::default(),
            invoked: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            exhausted: AtomicU64::new(0),
            wrongly_denied: AtomicU64::new(0),
            wrongly_allowed: AtomicU64::new(0),
        }
    }

    fn begin(&self) -> Option<Client> {
        let mut state = lock(&self.state);
        let free = state.busy < self.concurrency;
        state.busy += usize::from(free);
        free.then(|| state.idle.pop().unwrap_or_else(Client::new))
    }

    fn end(&self, client: Client) {
        let mut state = lock(&self.state);
        state.busy -= 1;
        state.idle.push(client);
    }

    /// One invocation of `expire`: the error is what the state machine is told.
    async fn invoke(&self, cloud: &Cloud, id: RequestId) -> Result<(), &'static str> {
        cloud.clock.sleep(INVOKE).await;
        let Some(client) = self.begin() else {
            self.rejected.fetch_add(1, Relaxed);
            return Err("Lambda.TooManyRequestsException");
        };
        self.invoked.fetch_add(1, Relaxed);
        let function = Function { cloud, client: &client, name: "expire" };
        let ask = EndAccess { request_id: id, cause: EndCause::WindowOver, component: "expire" };
        let ended = end_access(&function, &function, &function, &ask);
        let ended = cloud.clock.within(EXPIRE_TIMEOUT, ended).await;
        self.end(client);
        match ended {
            None => Err("Sandbox.Timedout"),
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(name_of(&error)),
        }
    }
}

/// As the function's handler tells it.
const fn name_of(error: &EndError) -> &'static str {
    match error {
        EndError::WindowOpen => "Stint.WindowMoved",
        EndError::UnderWay => "Stint.Rotating",
        EndError::Missing(Missing::NotFound) => "Stint.Invalid",
        EndError::Missing(Missing::Failure(Failure::Corrupt(_) | Failure::Bug(_))) => "Stint.Bug",
        EndError::NotSettled { .. } | EndError::RemovalFailed(_) | EndError::Missing(_) => "Stint.Transient",
    }
}

/// The end of one window, as its execution comes to it.
pub(super) fn execution<'a>(
    cloud: &'a Cloud,
    lambda: &'a Lambda,
    expire: &'a Retries,
    id: RequestId,
    end: Micros,
) -> Task<'a> {
    Box::pin(async move {
        cloud.clock.until(end).await;
        let mut tries = expire.tries();
        while let Err(error) = lambda.invoke(cloud, id).await {
            let Some(pause) = tries.after(error, &cloud.chance) else {
                lambda.exhausted.fetch_add(1, Relaxed);
                return;
            };
            cloud.clock.sleep(pause).await;
        }
    })
}

/// Looks at the target a second before the end and at it: at that moment nothing has been removed, so it is the date.
pub(super) fn watcher<'a>(cloud: &'a Cloud, lambda: &'a Lambda, id: RequestId, end: Micros) -> Task<'a> {
    Box::pin(async move {
        let works = |clock: &Clock| cloud.world.works(id.grant_id(), clock.timestamp());
        cloud.clock.until(end - seconds(1)).await;
        lambda.wrongly_denied.fetch_add(u64::from(!works(&cloud.clock)), Relaxed);
        cloud.clock.until(end).await;
        let by_its_date = !works(&cloud.clock) && cloud.world.has_leftovers(id);
        lambda.wrongly_allowed.fetch_add(u64::from(!by_its_date), Relaxed);
    })
}

/// The minutely sweep, for as long as there is something to remove.
pub(super) fn sweeper<'a>(cloud: &'a Cloud, policy: &'a PolicyBundle, grants: usize) -> Task<'a> {
    Box::pin(async move {
        let client = Client::new();
        let function = Function { cloud, client: &client, name: "reconcile" };
        for minute in 0.. {
            cloud.clock.until(minute * MINUTE + SWEEP_AT).await;
            if lock(&cloud.proven).len() == grants || cloud.clock.now() > LATEST {
                return;
            }
            let holder = format!("sweep-{minute}");
            let sweep = reconcile(
                &function,
                &function,
                (&function, &function),
                &function,
                policy,
                &function,
                &holder,
            );
            drop(cloud.clock.within(SWEEP_TIMEOUT, sweep).await);
        }
    })
}

/// Whether nothing of it is left, at the target and to be done.
pub(super) fn is_over(cloud: &Cloud, id: RequestId) -> bool {
    let state = cloud.world.state();
    let record = state.records.get(&id);
    let ended = record.and_then(|recorded| recorded.request.grant());
    !state.target.contains_key(&id.grant_id())
        && ended.is_some_and(|grant| matches!(grant, GrantState::Ended { .. }) && grant.is_final())
}
