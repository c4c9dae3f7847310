//! A whole small cloud in memory.
//!
//! Guards the honesty of every test that stands on it: what a test asserts is read from here, from the target and the
//! audit, and never from what a use case says of itself.

mod directory;
mod faults;
mod ledger;
mod listings;
mod seals;
mod target;
mod vault;
mod workflow;

pub use faults::{Crash, DELAY, Fault, Mode};
pub use seals::seal;
pub use target::{Issued, Made};
pub use vault::{Seen, Vaulted};
pub use workflow::{Execution, ExecutionState};

use faults::Failpoints;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use stint_app::letter::Letter;
use stint_app::ports::{
    Artefact, IdempotencyRecord, MailError, Mailer, Secret, Surroundings, VersionId, Wait,
};
use stint_domain::audit::{Head, SealedEvent};
use stint_domain::custody::Custody;
use stint_domain::ids::{GrantId, PrincipalId, RequestId, SecretName};
use stint_domain::link::ApprovalLink;
use stint_domain::principal::Person;
use stint_domain::record::{Change, Recorded};

/// Everything there is. Lives behind one lock, so that a transaction is one.
#[derive(Default)]
pub struct State {
    pub records: HashMap<RequestId, Recorded>,
    pub events: BTreeMap<(String, u64), SealedEvent>,
    pub heads: HashMap<String, Head>,
    pub keys: HashMap<(PrincipalId, String), IdempotencyRecord>,
    /// Each mail has its own: the last part is the number of the reminder.
    pub links: HashMap<(RequestId, PrincipalId, usize), LinkState>,
    pub links_by_hash: HashMap<String, ApprovalLink>,
    pub tokens: HashMap<(RequestId, Wait), Vec<String>>,
    pub custodies: HashMap<SecretName, Custody>,
    pub leases: HashMap<String, (String, Timestamp)>,
    pub bookmarks: HashMap<String, String>,
    /// What is at the target, by the grant that it is of.
    pub target: BTreeMap<GrantId, Made>,
    /// The credentials that are in circulation.
    pub issued: Vec<Issued>,
    pub vault: BTreeMap<SecretName, Vaulted>,
    /// The rotations that were asked for and not begun.
    pub rotations: Vec<(SecretName, VersionId)>,
    /// Who has seen which secret.
    pub seen: Vec<Seen>,
    /// Those that were free for the next while somebody knew them.
    pub unclean: Vec<SecretName>,
    /// The users the target knows.
    pub users: Vec<String>,
    /// Those of them whose policies leave no room.
    pub full: BTreeSet<String>,
    /// The tables answer nothing.
    pub ledger_is_down: bool,
    /// The records can be read so many times more.
    pub reads_left: Option<usize>,
    /// The target answers nothing.
    pub target_is_down: bool,
    /// The mail service answers nothing.
    pub mail_is_down: bool,
    /// The page of the inventory that begins with this one cannot be had.
    pub hidden_from: Option<usize>,
    /// What this one has at the target cannot be looked at.
    pub unseen: Option<GrantId>,
    /// The target says yes to a removal and does nothing.
    pub target_lies: bool,
    /// The target refuses to let go of this one.
    pub stubborn: Option<GrantId>,
    pub executions: HashMap<RequestId, Execution>,
    pub people: BTreeMap<PrincipalId, Person>,
    pub inbox: Vec<Mail>,
    pub expiries: Vec<RequestId>,
    /// For which the function that mails was asked to look again.
    pub notifications: Vec<RequestId>,
    under_way: Vec<(Timestamp, Late)>,
    random: u64,
}

/// A call whose caller has given up on it, and which takes effect all the same.
enum Late {
    Commit(Box<Change>),
    CommitBoth(Box<[Change; 2]>),
    Activate(Artefact),
    Deactivate(Artefact, Timestamp),
    Replace(Secret, Timestamp),
}

pub struct LinkState {
    pub link: ApprovalLink,
    pub reserved_until: Timestamp,
    pub sent: bool,
}

/// A mail as its reader gets it.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub thread: String,
}

pub struct World {
    state: Mutex<State>,
    clock: Mutex<Timestamp>,
    failpoints: Failpoints,
    meanwhile: Mutex<Option<Meanwhile>>,
}

/// What somebody else does, and how many calls to the world come before it.
type Meanwhile = (usize, Box<dyn FnOnce(&World) + Send>);

impl Default for World {
    fn default() -> Self {
        Self::starting_at(Timestamp::from_second(1_795_341_600).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

impl World {
    /// With the sample organisation, at a time of its own.
    #[must_use]
    pub fn starting_at(now: Timestamp) -> Self {
        let people = directory::sample_people();
        let users =
            people.values().filter_map(|person| person.iam_user.as_ref().map(ToString::to_string)).collect();
        let vault = directory::sample_vault();
        let state = State { people, users, vault, ..State::default() };
        Self {
            state: Mutex::new(state),
            clock: Mutex::new(now),
            failpoints: Failpoints::default(),
            meanwhile: Mutex::default(),
        }
    }

    /// The truth, to look at or to tamper with.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn pass(&self, seconds: i64) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *clock = clock.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(*clock);
        let now = *clock;
        drop(clock);
        self.land(now);
    }

    /// What was under way arrives.
    fn land(&self, now: Timestamp) {
        let mut state = self.state();
        let (landed, under_way) =
            std::mem::take(&mut state.under_way).into_iter().partition(|(at, _)| *at <= now);
        state.under_way = under_way;
        drop(state);
        let landed: Vec<(Timestamp, Late)> = landed;
        for (at, late) in landed {
            match late {
                Late::Commit(change) => drop(ledger::commit(&mut self.state(), &change, None, at)),
                Late::CommitBoth(changes) => {
                    let [first, second] = &*changes;
                    drop(ledger::commit_both(&mut self.state(), [first, second]));
                }
                Late::Activate(artefact) => drop(target::activate(&mut self.state(), &artefact)),
                Late::Deactivate(artefact, then) => {
                    drop(target::deactivate(&mut self.state(), &artefact, then))
                }
                Late::Replace(next, until) => vault::replace_late(&mut self.state(), &next, at, until),
            }
        }
    }

    fn later(&self, late: Late) {
        let now = self.now();
        let at = now.saturating_add(SignedDuration::from_secs(DELAY)).unwrap_or(now);
        self.state().under_way.push((at, late));
    }

    /// Fails the chosen calls from now on; calls are counted anew.
    pub fn arm(&self, faults: impl IntoIterator<Item = Fault>) {
        self.failpoints.arm(faults.into_iter().collect());
    }

    /// How many calls were made since the last [`World::arm`], and what they were.
    #[must_use]
    pub fn calls(&self) -> Vec<&'static str> {
        self.failpoints.calls()
    }

    /// Somebody else acts in the midst of what is done next: after so many calls of it that read a record or the directory,
    /// seal, commit, or give access.
    pub fn meanwhile(&self, calls: usize, act: impl FnOnce(&Self) + Send + 'static) {
        let mut meanwhile = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner);
        *meanwhile = Some((calls, Box::new(act)));
    }

    /// Nobody else acts any more; whether somebody would still have.
    pub fn undisturbed(&self) -> bool {
        self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// On a thread of its own, as another process would: what is interrupted goes on once it is done.
    fn interrupted(&self) {
        let mut meanwhile = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner);
        let due = match &mut *meanwhile {
            Some((0, _)) => meanwhile.take(),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        };
        drop(meanwhile);
        let Some((_, act)) = due else { return };
        if let Err(cause) = std::thread::scope(|scope| scope.spawn(|| act(self)).join()) {
            std::panic::resume_unwind(cause);
        }
    }

    /// Whether anything of `id` works now.
    #[must_use]
    pub fn has_access(&self, id: RequestId) -> bool {
        self.works(id.grant_id(), self.now())
    }

    /// Whether anything of `id` is at the target at all.
    #[must_use]
    pub fn has_leftovers(&self, id: RequestId) -> bool {
        self.state().target.contains_key(&id.grant_id())
    }

    /// The canonical texts and hashes of a stream, as an auditor would verify them.
    #[must_use]
    pub fn stream(&self, stream: &str) -> Vec<(String, String)> {
        let rows = |(_, sealed): (&(String, u64), &SealedEvent)| {
            (sealed.canonical.clone(), sealed.hash.as_str().to_owned())
        };
        self.state().events.iter().filter(|((name, _), _)| name == stream).map(rows).collect()
    }

    /// The actions of a stream, in order.
    #[must_use]
    pub fn actions(&self, stream: &str) -> Vec<String> {
        let events = &self.state().events;
        events.iter().filter(|((name, _), _)| name == stream).map(|(_, e)| e.event.action.clone()).collect()
    }
}

impl Surroundings for World {
    fn now(&self) -> Timestamp {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn random(&self) -> [u8; 32] {
        let mut state = self.state();
        state.random += 1;
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(state.random.to_be_bytes()).for_each(|(to, from)| *to = from);
        bytes
    }
}

impl Mailer for World {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        self.failpoints.around("mail", MailError::Unavailable, || {
            if self.state().mail_is_down {
                return Err(MailError::Unavailable("no mail goes out".into()));
            }
            let Letter { to, subject, text, thread, .. } = letter;
            let [to, subject, text, thread] = [to, subject, text, thread].map(String::clone);
            self.state().inbox.push(Mail { to, subject, text, thread });
            Ok(())
        })
    }
}
