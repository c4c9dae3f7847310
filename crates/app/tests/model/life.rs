//! Two requests, their target, and the invocations that are at work on them. Time goes in steps of [`TICK`] seconds.

use jiff::{SignedDuration, Timestamp};
use std::hash::{Hash, Hasher};
use stint_domain::access::Access;
use stint_domain::approval::{ApprovalRule, Standing};
use stint_domain::grant::{Evidence, GrantState, Receipt};
use stint_domain::hours::Zone;
use stint_domain::ids::RequestId;
use stint_domain::principal::Authentication;
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::scope::Scope;
use stint_domain::transition::{Command, EndCause, GrantCommand, Refusal, Step as Decided};
use uuid::Uuid;

/// Longer than an activation can be on its way (12 s), so none outlives the tick that it began in.
const TICK: i64 = 15;
/// How far is looked: every order of everything within these.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    /// How many invocations may begin for each request, approvals beside.
    pub(crate) begun: [u8; 2],
    /// How many may be at work at once.
    pub(crate) at_work: usize,
    /// How many ticks there are.
    pub(crate) ticks: i64,
}

/// One request, and what is true of it outside its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Life {
    request: AccessRequest,
    version: u8,
    begun: u8,
    pub(crate) at_target: bool,
    pub(crate) reopened: bool,
}

impl Hash for Life {
    fn hash<H: Hasher>(&self, state: &mut H) {
        serde_json::to_string(&self.request.state).unwrap().hash(state);
        (self.version, self.begun, self.at_target, self.reopened).hash(state);
    }
}

/// An invocation, by its next step. `read` is the version that it decides on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Proc {
    Give { of: usize, born: i64, then: Giving },
    Take { of: usize, cause: Why, then: Taking },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Giving {
    Intend { read: u8 },
    Touch,
    Confirm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Taking {
    Intend {
        read: u8,
    },
    Touch,
    Look,
    /// With what was seen, and when.
    Close {
        seen_at: i64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Why {
    Timer,
    Returned,
    Reconcile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Tick,
    Approve(usize),
    Begin(Proc),
    /// The invocation in this place comes to its next step.
    Goes(usize),
    /// The invocation in this place dies.
    Dies(usize),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Lives {
    tick: i64,
    lives: [Life; 2],
    procs: Vec<Proc>,
}

impl Life {
    fn new(number: u128) -> Self {
        let scope = Scope {
            request_id: RequestId::new(Uuid::from_u128(number)),
            requester: "ana".parse().unwrap(),
            entitlement: "payments-repair".parse().unwrap(),
            access: Access::EphemeralIamUser { permissions: Vec::new(), account: None },
            duration: "30s".parse().unwrap(),
            starts_at: None,
            extends: None,
            break_glass: None,
            rule: ApprovalRule::default(),
            justification: "a model".parse().unwrap(),
            ticket: None,
            origin: None,
            policy_version: "p1".to_owned(),
        };
        let request = AccessRequest {
            scope,
            requester_name: "Ana".to_owned(),
            entitlement_title: "Repair payments".to_owned(),
            submitted_at: at(0),
            decide_by: at(10),
            zone: Zone::UTC,
            review: stint_domain::review::Review::default(),
            untold: std::collections::BTreeSet::new(),
            state: RequestState::submitted(),
        };
        Self { request, version: 0, begun: 0, at_target: false, reopened: false }
    }

    fn grant(&self) -> Option<&GrantState> {
        self.request.grant()
    }

    pub(crate) fn is_final(&self) -> bool {
        self.request.is_final()
    }

    pub(crate) fn is_active(&self) -> bool {
        matches!(self.grant(), Some(GrantState::Active { .. }))
    }

    pub(crate) fn is_deactivating(&self) -> bool {
        matches!(self.grant(), Some(GrantState::Deactivating { .. }))
    }

    /// Whether it ended after it had been given, or because giving it failed.
    pub(crate) fn ended_after_use(&self) -> Option<bool> {
        match self.grant() {
            Some(GrantState::Ended { .. }) => Some(true),
            Some(GrantState::ActivationFailed { .. }) => Some(false),
            _ => None,
        }
    }

    /// Whether nothing may be closed yet.
    fn is_unsettled(&self, now: Timestamp) -> bool {
        matches!(self.grant(), Some(GrantState::Deactivating { removal }) if now < removal.settles_at)
    }

    pub(crate) fn was_intended(&self) -> bool {
        self.grant().is_some_and(|grant| grant.window().is_some())
    }

    /// One commit: decided on what is there, unless somebody was faster since it was read.
    fn commit(&mut self, command: Command, now: Timestamp) -> Result<(), Refusal> {
        let was_final = self.is_final();
        if let Decided::Do(event) = self.request.decide(command, now)? {
            self.request = self.request.apply(&event, now).unwrap();
            self.version += 1;
            self.reopened |= was_final;
        }
        Ok(())
    }

    fn grant_commit(&mut self, command: GrantCommand, now: Timestamp) -> Result<(), Refusal> {
        self.commit(Command::Grant(command), now)
    }

    fn approve(&mut self, now: Timestamp) -> bool {
        let by = Decider::Person {
            id: "ben".parse().unwrap(),
            name: "Ben".to_owned(),
            authentication: Authentication::MailLink,
            origin: None,
        };
        let scope_hash = self.request.scope.hash();
        self.commit(
            Command::Approve { approval: Approval::of(by, scope_hash), standing: Standing::default() },
            now,
        )
        .is_ok()
    }
}

impl Lives {
    pub(crate) fn begin() -> Self {
        Self { tick: 0, lives: [Life::new(1), Life::new(2)], procs: Vec::new() }
    }

    pub(crate) fn each(&self, holds: impl Fn(&Life) -> bool) -> bool {
        self.lives.iter().all(holds)
    }

    pub(crate) fn any(&self, holds: impl Fn(&Life) -> bool) -> bool {
        self.lives.iter().any(holds)
    }

    pub(crate) fn count(&self, of: impl Fn(&Proc) -> bool) -> usize {
        self.procs.iter().filter(|proc| of(proc)).count()
    }

    /// Whether an invocation is about to commit what it decided on an older version.
    pub(crate) fn loses_a_race(&self) -> bool {
        self.procs.iter().any(|proc| match proc {
            Proc::Give { of, then: Giving::Intend { read }, .. }
            | Proc::Take { of, then: Taking::Intend { read }, .. } => *read != self.lives[*of].version,
            _ => false,
        })
    }

    /// Whether an invocation is about to close what may not be closed yet.
    pub(crate) fn has_to_settle(&self) -> bool {
        let closes = |proc: &Proc| match proc {
            Proc::Take { of, then: Taking::Close { seen_at }, .. } => {
                self.lives[*of].is_unsettled(at(*seen_at))
            }
            _ => false,
        };
        self.procs.iter().any(closes)
    }

    pub(crate) fn possible(&self, within: &Requests) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.tick < within.ticks {
            steps.push(Step::Tick);
        }
        for (of, life) in self.lives.iter().enumerate() {
            if matches!(life.request.state, RequestState::Pending { .. }) {
                steps.push(Step::Approve(of));
            } else if life.begun < within.begun[of] && self.procs.len() < within.at_work && !life.is_final() {
                steps.extend(self.could_begin(of, life).map(Step::Begin));
            }
        }
        steps.extend((0..self.procs.len()).flat_map(|place| [Step::Goes(place), Step::Dies(place)]));
        steps
    }

    fn could_begin(&self, of: usize, life: &Life) -> impl Iterator<Item = Proc> {
        let read = life.version;
        let give = Proc::Give { of, born: self.tick, then: Giving::Intend { read } };
        let take = move |cause| Proc::Take { of, cause, then: Taking::Intend { read } };
        [give, take(Why::Timer), take(Why::Returned)].into_iter()
    }

    /// `false` if it changes nothing.
    pub(crate) fn take(&mut self, step: Step) -> bool {
        match step {
            Step::Tick => {
                self.tick += 1;
                // A function's time limit.
                self.procs.retain(|proc| !matches!(proc, Proc::Give { .. }));
            }
            Step::Approve(of) => return self.lives[of].approve(at(self.tick)),
            Step::Begin(proc) => {
                let (Proc::Give { of, .. } | Proc::Take { of, .. }) = proc;
                self.lives[of].begun += 1;
                self.procs.push(proc);
            }
            Step::Dies(place) => drop(self.procs.remove(place)),
            Step::Goes(place) => {
                let proc = self.procs.remove(place);
                let left = self.goes(proc);
                self.procs.extend(left);
            }
        }
        // The order of invocations at work means nothing.
        self.procs.sort_unstable();
        true
    }

    /// What is left of the invocation after its next step.
    fn goes(&mut self, proc: Proc) -> Option<Proc> {
        let now = at(self.tick);
        match proc {
            Proc::Give { of, born, then } => {
                self.gives(of, then, now).map(|then| Proc::Give { of, born, then })
            }
            Proc::Take { of, cause, then } => {
                self.takes(of, cause, then, now).map(|then| Proc::Take { of, cause, then })
            }
        }
    }

    fn gives(&mut self, of: usize, then: Giving, now: Timestamp) -> Option<Giving> {
        let life = &mut self.lives[of];
        match then {
            Giving::Intend { read } if read != life.version => Some(Giving::Intend { read: life.version }),
            Giving::Intend { .. } => {
                life.grant_commit(GrantCommand::BeginActivation, now).ok()?;
                (!life.is_active()).then_some(Giving::Touch)
            }
            Giving::Touch => {
                life.at_target = true;
                Some(Giving::Confirm)
            }
            Giving::Confirm => {
                let _ = life.grant_commit(GrantCommand::ConfirmActivation, now);
                None
            }
        }
    }

    fn takes(&mut self, of: usize, cause: Why, then: Taking, now: Timestamp) -> Option<Taking> {
        let (life, tick) = (&mut self.lives[of], self.tick);
        match then {
            Taking::Intend { read } if read != life.version => Some(Taking::Intend { read: life.version }),
            Taking::Intend { .. } => {
                let cause = match cause {
                    Why::Timer => EndCause::WindowOver,
                    Why::Returned => EndCause::Returned,
                    Why::Reconcile => EndCause::Overdue,
                };
                life.grant_commit(GrantCommand::End(cause), now).ok()?;
                (!life.is_final()).then_some(Taking::Touch)
            }
            Taking::Touch => {
                life.at_target = false;
                Some(Taking::Look)
            }
            // What was seen is decided on at the next step, when it may not be so any more.
            Taking::Look => (!life.at_target).then_some(Taking::Close { seen_at: tick }),
            Taking::Close { seen_at } => {
                let (looked_at, answered) = ("it".to_owned(), "gone".to_owned());
                let receipt = Receipt { looked_at, answered, at: at(seen_at) };
                let confirm = GrantCommand::ConfirmRemoval(Evidence::Gone(receipt));
                let _ = life.grant_commit(confirm, now);
                None
            }
        }
    }

    /// Whatever was at work has died, much later, and nothing is left but the minutely sweep.
    pub(crate) fn reconcile_alone(&mut self) {
        self.tick += 100;
        self.procs.clear();
        for of in [0, 1] {
            let now = at(self.tick);
            if matches!(self.lives[of].request.state, RequestState::Pending { .. }) {
                let because = stint_domain::transition::LapseReason::NobodyDecidedInTime;
                let _ = self.lives[of].commit(Command::Lapse { because }, now);
            }
            let mut then = Some(Taking::Intend { read: self.lives[of].version });
            while let Some(next) = then {
                then = self.takes(of, Why::Reconcile, next, now);
            }
        }
    }
}

fn at(tick: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_secs(tick * TICK)).unwrap()
}
