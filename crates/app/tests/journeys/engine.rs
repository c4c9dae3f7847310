//! A stand-in for the state machine of `statemachines/access.asl.json`: the same states, retries and catches, driven
//! by the world's clock; and the people and rules around it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use stint_app::activate_grant::{ActivateError, activate_grant};
use stint_app::caller::Caller;
use stint_app::decide_request::{DecideError, DecideRequest, Verdict, decide_request};
use stint_app::end_access::{EndAccess, EndError, end_access};
use stint_app::failure::Missing;
use stint_app::notify_approvers::notify_approvers;
use stint_app::open_link::open_link;
use stint_app::ports::{Credential, Surroundings, TaskToken, VersionId, WorkflowInput};
use stint_app::reconcile::{Swept, reconcile};
use stint_app::reveal_credential::{RevealError, reveal_credential};
use stint_app::review_access::{ReviewAccess, ReviewError, review_access};
use stint_app::revoke_grant::{RevokeError, Taking, revoke_grant};
use stint_app::rotate_credential::{RotateError, Rotation, RotationStep, await_rotation, close_checkout};
use stint_app::submit_request::{IdempotencyClaim, SubmitError, SubmitRequest, Submitted, submit_request};
use stint_app::withdraw::{WithdrawError, return_grant};
use stint_domain::ids::{RequestId, SecretName};
use stint_domain::narrowing::Narrowing;
use stint_domain::principal::Authentication;
use stint_domain::request::AccessRequest;
use stint_domain::review::Finding;
use stint_domain::transition::EndCause;
use stint_policy::PolicyBundle;
use stint_test_support::world::{Crash, ExecutionState, World};

/// Step Functions ends an execution after 25,000 events; here it is so many states without any time going by.
const LONGEST_HISTORY: u32 = 300;

pub(crate) struct Stage {
    pub(crate) world: World,
    /// One for all: reading it is the slowest part of a journey.
    pub(crate) policy: &'static PolicyBundle,
}

/// Where the one execution stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum At {
    AwaitApproval { entered: Option<jiff::Timestamp>, token: u32 },
    AwaitStart,
    Grant,
    AccessWindow { ends_at: jiff::Timestamp },
    Expire,
    RotateCredential { entered: Option<jiff::Timestamp>, token: u32 },
    Succeeded,
    Failed,
}

/// How a task ended, in the terms of the state machine.
enum Outcome<T> {
    Done(T),
    Caught(&'static str),
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Runs one invocation of a function; `None` if its process died.
pub(crate) fn invoke<F: Future>(future: F) -> Option<F::Output> {
    match catch_unwind(AssertUnwindSafe(|| block_on(future))) {
        Ok(output) => Some(output),
        Err(cause) if cause.is::<Crash>() => None,
        Err(cause) => std::panic::resume_unwind(cause),
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        static POLICY: LazyLock<PolicyBundle> = LazyLock::new(|| PolicyBundle::embedded().unwrap());
        Self { world: World::default(), policy: &POLICY }
    }

    pub(crate) fn caller(name: &str) -> Caller {
        let source_address = Some("203.0.113.7".to_owned());
        Caller {
            principal: name.parse().unwrap(),
            authentication: Authentication::Token,
            source_address,
            mfa: false,
            invocation: None,
        }
    }

    pub(crate) fn ask(entitlement: &str, duration: &str) -> SubmitRequest {
        SubmitRequest {
            entitlement: entitlement.parse().unwrap(),
            duration: duration.parse().unwrap(),
            justification: "refund 4711 went missing".parse().unwrap(),
            ticket: None,
            starts_at: None,
            extends: None,
            idempotency: Some(IdempotencyClaim::new("key-1", "body").unwrap()),
            queue: false,
            break_glass: false,
            dry_run: false,
        }
    }

    /// `duration` more for the grant of `id`.
    pub(crate) fn extend(entitlement: &str, duration: &str, id: RequestId) -> SubmitRequest {
        let idempotency = Some(IdempotencyClaim::new("key-2", "another body").unwrap());
        SubmitRequest { extends: Some(id.grant_id()), idempotency, ..Self::ask(entitlement, duration) }
    }

    /// From `address`, with a second factor.
    pub(crate) fn caller_from(name: &str, address: &str) -> Caller {
        Caller { source_address: Some(address.to_owned()), mfa: true, ..Self::caller(name) }
    }

    pub(crate) async fn submit(&self, who: &str, ask: SubmitRequest) -> Result<AccessRequest, SubmitError> {
        self.submit_as(&Self::caller(who), ask).await
    }

    pub(crate) async fn submit_as(
        &self,
        caller: &Caller,
        ask: SubmitRequest,
    ) -> Result<AccessRequest, SubmitError> {
        let world = &self.world;
        let done = submit_request(world, (world, world), world, self.policy, world, caller, ask).await?;
        Ok(match done {
            Submitted::Accepted(request) | Submitted::Replayed(request) => *request,
            Submitted::WouldBe(what) => what.request,
        })
    }

    pub(crate) async fn decide(
        &self,
        who: &str,
        id: RequestId,
        verdict: Verdict,
    ) -> Result<AccessRequest, DecideError> {
        self.decide_with(who, id, verdict, Narrowing::default()).await
    }

    pub(crate) async fn decide_with(
        &self,
        who: &str,
        id: RequestId,
        verdict: Verdict,
        narrowing: Narrowing,
    ) -> Result<AccessRequest, DecideError> {
        self.decide_as(&Self::caller(who), id, verdict, narrowing).await
    }

    pub(crate) async fn decide_as(
        &self,
        caller: &Caller,
        id: RequestId,
        verdict: Verdict,
        narrowing: Narrowing,
    ) -> Result<AccessRequest, DecideError> {
        let world = &self.world;
        let ask = DecideRequest { request_id: id, verdict, comment: None, shown: None, narrowing };
        let done = decide_request(world, world, (world, world), self.policy, world, caller, ask).await?;
        Ok(done.recorded.request)
    }

    /// Uses the latest link that was mailed to `address`.
    pub(crate) async fn click(&self, address: &str, verdict: Verdict) -> Result<AccessRequest, DecideError> {
        let text =
            self.world.state().inbox.iter().rev().find(|mail| mail.to == address).unwrap().text.clone();
        self.click_in(&text, verdict).await
    }

    /// Uses the link in `text`.
    pub(crate) async fn click_in(&self, text: &str, verdict: Verdict) -> Result<AccessRequest, DecideError> {
        let world = &self.world;
        let opened = open_link(world, world, &token_in(text)).await.map_err(DecideError::from)?;
        let caller = opened.caller(None, None);
        let shown = Some(opened.link.scope_hash.clone());
        let ask = DecideRequest {
            request_id: opened.link.request_id,
            verdict,
            comment: None,
            shown,
            narrowing: Narrowing::default(),
        };
        let done = decide_request(world, world, (world, world), self.policy, world, &caller, ask).await?;
        Ok(done.recorded.request)
    }

    pub(crate) async fn reveal(&self, who: &str, id: RequestId) -> Result<Credential, RevealError> {
        let (world, caller) = (&self.world, Self::caller(who));
        reveal_credential(world, (world, world), world, self.policy, world, &caller, id).await
    }

    pub(crate) async fn revoke(&self, who: &str, id: RequestId) -> Result<AccessRequest, RevokeError> {
        let (world, caller) = (&self.world, Self::caller(who));
        let ask = Taking { request_id: id, comment: "an incident".parse().unwrap() };
        revoke_grant(world, world, (world, world), self.policy, world, &caller, ask).await
    }

    pub(crate) async fn give_back(&self, who: &str, id: RequestId) -> Result<AccessRequest, WithdrawError> {
        let (world, caller) = (&self.world, Self::caller(who));
        return_grant(world, world, world, world, &caller, id).await
    }

    /// The function that ends access comes to what it was asked for.
    pub(crate) fn expire_as_asked(&self) {
        let asked = std::mem::take(&mut self.world.state().expiries);
        asked.iter().for_each(|id| drop(invoke(self.expire(*id, EndCause::Returned))));
        self.rotate();
    }

    pub(crate) async fn notify(&self, id: RequestId, token: Option<&str>) -> Result<(), Missing> {
        let (world, url) = (&self.world, "https://stint.example");
        let token = token.map(|token| TaskToken::new(token.to_owned()));
        notify_approvers(world, world, world, (world, world), self.policy, world, url, id, token.as_ref())
            .await
    }

    /// The function that mails comes to what it was asked for.
    pub(crate) fn notify_as_asked(&self) {
        let asked = std::mem::take(&mut self.world.state().notifications);
        asked.iter().for_each(|id| drop(invoke(self.notify(*id, None))));
    }

    pub(crate) async fn review(
        &self,
        who: &str,
        id: RequestId,
        finding: Finding,
    ) -> Result<AccessRequest, ReviewError> {
        let ask = ReviewAccess { request_id: id, finding, comment: "looked at it".parse().unwrap() };
        let world = &self.world;
        review_access(world, world, self.policy, world, &Self::caller(who), ask).await
    }

    pub(crate) async fn expire(&self, id: RequestId, cause: EndCause) -> Result<(), EndError> {
        let ask = EndAccess { request_id: id, cause, component: "expire" };
        end_access(&self.world, &self.world, &self.world, &ask).await.map(|_| ())
    }

    pub(crate) fn sweep(&self, holder: &str) -> Option<Swept> {
        let world = &self.world;
        let swept = invoke(reconcile(world, world, (world, world), world, self.policy, world, holder))
            .and_then(Result::ok)
            .flatten();
        self.notify_as_asked();
        swept
    }

    pub(crate) fn request(&self, id: RequestId) -> AccessRequest {
        self.world.state().records[&id].request.clone()
    }

    /// Runs the execution as far as it gets without time passing, and once it is over, what its failure sets off.
    pub(crate) fn run(&self, id: RequestId, at: &mut At) {
        for _ in 0..LONGEST_HISTORY {
            let before = at.clone();
            let alive = self.world.state().executions.get(&id).is_some_and(|execution| execution.running);
            if !alive {
                if !matches!(at, At::Succeeded | At::Failed)
                    && self.world.state().executions.contains_key(&id)
                {
                    *at = At::Failed;
                    let _ = invoke(self.expire(id, EndCause::WorkflowEnded));
                }
                return;
            }
            self.step(id, at);
            if matches!(at, At::Succeeded | At::Failed) {
                self.world.state().executions.get_mut(&id).unwrap().running = false;
                if *at == At::Failed {
                    let _ = invoke(self.expire(id, EndCause::WorkflowEnded));
                }
                return;
            }
            if *at == before {
                return;
            }
        }
        // A record that somebody has written to can send it round for ever.
        self.world.state().executions.get_mut(&id).unwrap().running = false;
        *at = At::Failed;
        let _ = invoke(self.expire(id, EndCause::WorkflowEnded));
    }

    fn step(&self, id: RequestId, at: &mut At) {
        let now = self.world.now();
        let input = self.world.state().executions[&id].input.clone();
        *at = match at.clone() {
            At::AwaitApproval { entered, token } => self.await_approval(id, &input, entered, token),
            At::AwaitStart if input.starts_at.is_some_and(|start| start > now) => At::AwaitStart,
            At::AwaitStart => At::Grant,
            At::Grant => match self.retried(
                2,
                || {
                    invoke(activate_grant(
                        &self.world,
                        &self.world,
                        (&self.world, &self.world),
                        self.policy,
                        &self.world,
                        id,
                    ))
                },
                grant_error,
            ) {
                Outcome::Done(ends_at) => At::AccessWindow { ends_at },
                Outcome::Caught("Stint.NotYet") => At::AwaitStart,
                Outcome::Caught("Stint.InUse") => At::Grant,
                Outcome::Caught(_) => At::Expire,
            },
            At::AccessWindow { ends_at } if now < ends_at => At::AccessWindow { ends_at },
            At::AccessWindow { .. } => At::Expire,
            At::Expire => {
                match self.retried(3, || invoke(self.expire(id, EndCause::WindowOver)), end_error) {
                    Outcome::Done(()) => At::Succeeded,
                    Outcome::Caught("Stint.WindowMoved") => At::Grant,
                    Outcome::Caught("Stint.Rotating") => At::RotateCredential { entered: None, token: 0 },
                    Outcome::Caught(_) => At::Failed,
                }
            }
            At::RotateCredential { entered, token } => self.await_rotation(id, entered, token),
            over => over,
        };
    }

    fn await_approval(
        &self,
        id: RequestId,
        input: &WorkflowInput,
        entered: Option<jiff::Timestamp>,
        token: u32,
    ) -> At {
        let now = self.world.now();
        let Some(since) = entered else {
            let name = format!("token-{id}-{token}");
            self.world.state().executions.get_mut(&id).unwrap().wait =
                ExecutionState::Waiting { token: name.clone() };
            let waits = || matches!(self.world.state().executions[&id].wait, ExecutionState::Waiting { .. });
            // Whatever becomes of the function, an answer is one.
            let notify = || {
                invoke(self.notify(id, Some(&name)))
                    .filter(|_| waits())
                    .or_else(|| (!waits()).then_some(Ok(())))
            };
            let told = self.retried(2, notify, |_| "Stint.Transient");
            return match told {
                Outcome::Done(()) => At::AwaitApproval { entered: Some(now), token },
                Outcome::Caught(_) => At::Expire,
            };
        };
        match self.world.state().executions[&id].wait.clone() {
            ExecutionState::Approved => At::Grant,
            ExecutionState::Declined { error: "Stint.Denied" | "Stint.Cancelled" } => At::Succeeded,
            ExecutionState::Declined { error: "Stint.AskAgain" } => {
                At::AwaitApproval { entered: None, token: token + 1 }
            }
            ExecutionState::Declined { .. } => At::Expire,
            _ if now.as_second() - since.as_second() >= i64::from(input.wait_seconds) => At::Expire,
            _ => At::AwaitApproval { entered, token },
        }
    }

    /// Waits for two minutes at a time, and asks again for as long as it takes.
    fn await_rotation(&self, id: RequestId, entered: Option<jiff::Timestamp>, token: u32) -> At {
        let now = self.world.now();
        let again = At::RotateCredential { entered: None, token: token + 1 };
        let Some(since) = entered else {
            let name = format!("rotation-{id}-{token}");
            let waiting = ExecutionState::Waiting { token: name.clone() };
            self.world.state().executions.get_mut(&id).unwrap().wait = waiting;
            let (world, token_of) = (&self.world, TaskToken::new(name));
            let told = invoke(await_rotation(world, world, world, world, id, &token_of));
            self.rotate();
            return match told {
                Some(Ok(())) => At::RotateCredential { entered: Some(now), token },
                _ => {
                    self.world.pass(1);
                    again
                }
            };
        };
        match self.world.state().executions[&id].wait {
            ExecutionState::Approved => At::Succeeded,
            _ if now.as_second() - since.as_second() >= 120 => again,
            _ => At::RotateCredential { entered, token },
        }
    }

    /// Secrets Manager comes to the rotations that it was asked for: four steps each, until one fails.
    pub(crate) fn rotate(&self) {
        let asked = std::mem::take(&mut self.world.state().rotations);
        for (secret, version) in asked {
            let done = RotationStep::ALL
                .iter()
                .all(|step| matches!(invoke(self.rotation_step(&secret, &version, *step)), Some(Ok(()))));
            if done {
                let world = &self.world;
                let _ = invoke(close_checkout(world, world, world, world, &secret));
            }
        }
    }

    pub(crate) async fn rotation_step(
        &self,
        secret: &SecretName,
        version: &VersionId,
        step: RotationStep,
    ) -> Result<(), RotateError> {
        let world = &self.world;
        let rotation = Rotation { ledger: world, vault: world, login: world, secret, version };
        rotation.step(step, world).await
    }

    /// The `Retry` of a task: a process that died and anything transient is tried again, a second later each time.
    fn retried<T, E>(
        &self,
        retries: u32,
        task: impl Fn() -> Option<Result<T, E>>,
        name: fn(&E) -> &'static str,
    ) -> Outcome<T> {
        for _ in 0..retries {
            match task() {
                Some(Ok(value)) => return Outcome::Done(value),
                Some(Err(error)) if name(&error) != "Stint.Transient" => {
                    return Outcome::Caught(name(&error));
                }
                _ => self.world.pass(1),
            }
        }
        match task() {
            Some(Ok(value)) => Outcome::Done(value),
            Some(Err(error)) => Outcome::Caught(name(&error)),
            None => Outcome::Caught("Lambda.Unknown"),
        }
    }

    /// Time passes, the execution runs on and reconcile sweeps, until nothing is due any more, and then for a while: what
    /// is late arrives.
    pub(crate) fn settle(&self, id: RequestId, at: &mut At) {
        let mut quiet = 0;
        for round in 0..60 {
            self.run(id, at);
            self.world.pass(600);
            self.run(id, at);
            self.rotate();
            self.sweep(&format!("sweep-{round}"));
            // A review waits for a person.
            let over = |request: &AccessRequest| {
                request.is_final()
                    || (request.access_due_at().is_none()
                        && request.reviewers_to_tell().is_none()
                        && request.untold.is_empty())
            };
            quiet = if self.world.state().records.values().all(|r| over(&r.request)) { quiet + 1 } else { 0 };
            if quiet > 3 {
                return;
            }
        }
    }
}

pub(crate) fn start() -> At {
    At::AwaitApproval { entered: None, token: 0 }
}

fn grant_error(error: &ActivateError) -> &'static str {
    match error {
        ActivateError::NotYet => "Stint.NotYet",
        ActivateError::InUse(_) => "Stint.InUse",
        ActivateError::Rejected { .. } | ActivateError::NotSealed => "Stint.Rejected",
        ActivateError::Missing(_) => "Stint.Transient",
    }
}

fn end_error(error: &EndError) -> &'static str {
    match error {
        EndError::WindowOpen => "Stint.WindowMoved",
        EndError::UnderWay => "Stint.Rotating",
        _ => "Stint.Transient",
    }
}

pub(crate) fn token_in(mail: &str) -> String {
    let (_, rest) = mail.split_once("/approvals/").unwrap();
    rest.chars().take_while(char::is_ascii_alphanumeric).collect()
}
