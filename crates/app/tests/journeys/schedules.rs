//! Approvals in any order, from anybody, late, twice, in the midst of one another, with another's link or for something else,
//! and a record that somebody writes to who cannot seal: nothing is given that no different people agreed to who might, when
//! they did and when it is given, and nothing more of it, nor for longer.
//!
//! The expectation is worked out from the acts alone, and not by asking what was built (see [`agreed`]).
//!
//! What a seal does not say, whoever can write to the table can have otherwise, and it is let pass here: a turn that waiting
//! leads to comes early, though only one that the rule has; a window opens again, or up to a quarter of an hour late, though
//! none is longer than was agreed; and sessions of a role, which is active by its record, are handed out though somebody who
//! approved them might not any more.

mod agreed;
mod tampering;

use crate::engine::{At, Stage, block_on, start, token_in};
use agreed::{People, Question, Turns, Yes, counts, human, open, turns};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use stint_app::activate_grant::activate_grant;
use stint_app::caller::Caller;
use stint_app::decide_request::{DecideRequest, Verdict, decide_request};
use stint_app::open_link::open_link;
use stint_app::ports::{Artefact, Surroundings};
use stint_app::reconcile::reconcile;
use stint_app::reveal_credential::reveal_credential;
use stint_domain::ids::{GroupName, PrincipalId, RequestId};
use stint_domain::narrowing::Narrowing;
use stint_domain::request::AccessRequest;
use stint_domain::scope::Scope;
use stint_policy::PolicyBundle;
use stint_test_support::world::{ExecutionState, Made, World};
use tampering::{Tamper, does, tamper};

/// Ana asks; who of the others may decide changes. The last is nobody that the directory knows.
const CAST: [&str; 9] = ["ana", "ben", "cleo", "dora", "eva", "gita", "hugo", "iris", "stranger"];

const ASKED: [&str; 4] = ["by-one", "by-two", "by-manager-or-not", "by-one-after-another"];

const ESCALATES: i64 = 30 * 60;
const IS_SKIPPED: i64 = 2 * 3600;

/// By how much a window that somebody wrote may open late.
const LATE: i64 = 15 * 60;

/// Nothing of it is critical, so that everybody can come by both ways.
static RULES: LazyLock<PolicyBundle> = LazyLock::new(|| {
    let permissions = json!([{
        "actions": ["dynamodb:GetItem", "dynamodb:Query"], "resources": ["arn:aws:dynamodb:*:*:table/payments"]
    }]);
    let user = json!({ "kind": "ephemeral_iam_user", "permissions": permissions });
    let role = json!({
        "kind": "role_session", "role": "arn:aws:iam::000000000000:role/stint-target/reader",
        "permissions": permissions
    });
    let (leads, officers) = (json!(["platform-leads"]), json!(["security-officers"]));
    let approvals = [
        (&user, json!([{ "groups": leads }])),
        (&user, json!([{ "need": 2, "groups": officers }])),
        (
            &user,
            json!([
                { "manager": true, "escalate": { "after": "30m", "groups": officers }, "skip_after": "2h" },
                { "groups": leads }
            ]),
        ),
        (&role, json!([{ "groups": leads }, { "groups": ["platform-leads", "security-officers"] }])),
    ];
    let entries = ASKED.iter().zip(&approvals).map(|(id, (access, approval))| {
        json!({
            "id": id, "title": "Thing", "description": "A thing.", "risk": "high", "access": access,
            "max_duration": "1h", "decide_within": "8h", "requesters": ["engineers"], "approval": approval,
        })
    });
    let catalog = json!({ "entitlement": entries.collect::<Vec<_>>() }).to_string();
    let cedar = [
        include_str!("../../../../policies/request.cedar"),
        include_str!("../../../../policies/auto-approve.cedar"),
        include_str!("../../../../policies/approve.cedar"),
        include_str!("../../../../policies/limits.cedar"),
    ];
    PolicyBundle::from_sources(&catalog, &cedar.concat()).unwrap()
});

/// Whom the catalog names for each of them, in whichever step, and whether it names the manager.
static NAMED: LazyLock<[(BTreeSet<GroupName>, bool); 4]> = LazyLock::new(|| {
    let groups = |some: &[&str]| some.iter().map(|name| name.parse().unwrap()).collect();
    let (leads, officers) = ("platform-leads", "security-officers");
    [
        (groups(&[leads]), false),
        (groups(&[officers]), false),
        (groups(&[leads, officers]), true),
        (groups(&[leads, officers]), false),
    ]
});

fn named(which: usize) -> (&'static BTreeSet<GroupName>, bool) {
    let (groups, manager) = &NAMED[which];
    (groups, *manager)
}

#[derive(Debug, Clone, Copy)]
enum Less {
    Nothing,
    Time,
    Actions,
}

#[derive(Debug, Clone)]
enum Act {
    /// By the API, naming the request.
    Decide {
        who: &'static str,
        which: usize,
        verdict: Verdict,
        less: Less,
    },
    /// By some link that was mailed, whoever's and about whichever.
    Click {
        mail: usize,
        verdict: Verdict,
    },
    /// For a request, saying that another one was shown.
    Swap {
        who: &'static str,
        which: usize,
    },
    /// A link that nobody was sent: of any digits, and one that is another by a digit.
    Forge {
        guess: [u8; 32],
        mail: usize,
        digit: usize,
    },
    Cancel {
        which: usize,
    },
    Join {
        who: &'static str,
        group: &'static str,
    },
    Leave {
        who: &'static str,
    },
    /// One human has both accounts, until they have not.
    Merge {
        who: &'static str,
        with: &'static str,
    },
    Part,
    /// Ana is unknown to the directory, until she is not.
    Vanish,
    Return,
    Report {
        to: &'static str,
    },
    /// The workflow comes as far as it gets.
    Deliver {
        which: usize,
    },
    /// The function that gives is called out of turn.
    Give {
        which: usize,
    },
    Reveal {
        which: usize,
    },
    Sweep,
    Pass {
        seconds: i64,
    },
    Tamper {
        which: usize,
        other: usize,
        how: Tamper,
    },
}

/// An act, and what somebody else does in the midst of it, after so many calls.
type Turn = (Act, Option<(usize, Act)>);

fn who() -> impl Strategy<Value = &'static str> + Clone {
    let those_asked = prop::sample::select(vec!["ben", "gita", "hugo", "iris"]);
    prop_oneof![6 => those_asked, 1 => prop::sample::select(CAST.to_vec())]
}

fn act(tampering: bool) -> BoxedStrategy<Act> {
    let which = 0..ASKED.len();
    let verdict = || prop_oneof![30 => Just(Verdict::Approve), 1 => Just(Verdict::Deny)];
    let less = prop_oneof![6 => Just(Less::Nothing), 1 => Just(Less::Time), 1 => Just(Less::Actions)];
    let group = prop::sample::select(vec!["platform-leads", "security-officers"]);
    let seconds = prop_oneof![4 => Just(60), 2 => Just(ESCALATES), 1 => Just(IS_SKIPPED)];
    let usual = prop_oneof![
        20 => (who(), which.clone(), verdict(), less)
            .prop_map(|(who, which, verdict, less)| Act::Decide { who, which, verdict, less }),
        8 => (0..12usize, verdict()).prop_map(|(mail, verdict)| Act::Click { mail, verdict }),
        1 => (who(), which.clone()).prop_map(|(who, which)| Act::Swap { who, which }),
        1 => (any::<[u8; 32]>(), 0..12usize, 0..64usize)
            .prop_map(|(guess, mail, digit)| Act::Forge { guess, mail, digit }),
        1 => which.clone().prop_map(|which| Act::Cancel { which }),
        1 => (who(), group).prop_map(|(who, group)| Act::Join { who, group }),
        1 => who().prop_map(|who| Act::Leave { who }),
        1 => (who(), who()).prop_map(|(who, with)| Act::Merge { who, with }),
        1 => Just(Act::Part),
        1 => prop_oneof![1 => Just(Act::Vanish), 2 => Just(Act::Return)],
        1 => prop::sample::select(vec!["iris", "ben", "eva"]).prop_map(|to| Act::Report { to }),
        10 => which.clone().prop_map(|which| Act::Deliver { which }),
        2 => which.clone().prop_map(|which| Act::Give { which }),
        3 => Just(Act::Reveal { which: 3 }),
        2 => Just(Act::Sweep),
        1 => seconds.prop_map(|seconds| Act::Pass { seconds }),
    ];
    if !tampering {
        return usual.boxed();
    }
    let written = (0..ASKED.len(), 0..ASKED.len(), tamper(who()));
    let written = written.prop_map(|(which, other, how)| Act::Tamper { which, other, how });
    prop_oneof![6 => usual, 1 => written].boxed()
}

fn turn(tampering: bool) -> impl Strategy<Value = Turn> {
    let crossing = prop_oneof![3 => Just(None), 1 => (0..8usize, act(tampering)).prop_map(Some)];
    (act(tampering), crossing)
}

/// What is known of what happened.
#[derive(Default)]
struct Book {
    given: [Vec<Yes>; 4],
    tampered: [bool; 4],
    /// What each link that was mailed showed, which may be one of two if somebody wrote to the record meanwhile.
    mailed: Vec<Vec<Scope>>,
    old: [Vec<AccessRequest>; 4],
    ana: Option<stint_domain::principal::Person>,
}

/// Whoever acts, and those whom they act among.
#[derive(Clone)]
struct Cast {
    requests: [RequestId; 4],
    book: Arc<Mutex<Book>>,
    began: Timestamp,
}

fn id(who: &str) -> PrincipalId {
    who.parse().unwrap()
}

fn people(world: &World) -> People {
    world.state().people.clone()
}

fn links(world: &World) -> Vec<(String, String)> {
    let state = world.state();
    let links = state.inbox.iter().filter(|mail| mail.text.contains("/approvals/"));
    links.map(|mail| (mail.to.clone(), token_in(&mail.text))).collect()
}

impl Cast {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    fn record(&self, world: &World, which: usize) -> AccessRequest {
        world.state().records[&self.requests[which]].request.clone()
    }

    /// In which steps of `scope` they count, by what the record says that waiting has led to.
    fn counted(people: &People, who: &str, which: usize, scope: &Scope, turns: &Turns) -> BTreeSet<usize> {
        let steps = scope.rule.steps().iter().enumerate();
        let counts = |(number, step)| {
            counts(people, who, (step, turns.escalated.contains(&number)), named(which)).then_some(number)
        };
        steps.filter_map(counts).collect()
    }

    /// The step in which a yes has to be taken, of a record that nobody wrote to.
    fn has_to_be_taken(&self, world: &World, who: &str, which: usize) -> Option<usize> {
        let (request, people, book) = (self.record(world, which), people(world), self.book());
        let given = &book.given[which];
        let turns = turns(&request);
        let number = open(&request.scope, given, &turns)?;
        let twice = given.iter().any(|yes| human(&people, yes.who) == human(&people, who));
        let counted = Self::counted(&people, who, which, &request.scope, &turns);
        let in_time = request.state.name() == "PENDING" && world.now() < request.decide_by;
        (in_time && !book.tampered[which] && !twice && counted.contains(&number)).then_some(number)
    }

    /// Decides, and notes a yes that was taken. It was said to what was `shown`, or else to what the record says.
    fn decide(
        &self,
        world: &World,
        (caller, which): (&Caller, usize),
        ask: DecideRequest,
        shown: Option<Vec<Scope>>,
        alone: bool,
    ) {
        let who = CAST.into_iter().find(|name| caller.principal == id(name)).unwrap();
        let (before, then) = (self.record(world, which), people(world));
        let due = self.has_to_be_taken(world, who, which);
        let whole = ask.narrowing.is_none();
        let (verdict, narrowing) = (ask.verdict, ask.narrowing.clone());
        let done = block_on(decide_request(world, world, (world, world), &RULES, world, caller, ask));
        let taken = done.as_ref().is_ok_and(|done| done.changed);
        if verdict != Verdict::Approve {
            return;
        }
        assert!(taken || !alone || due.is_none() || !whole, "{who}'s yes to {which} was not taken: {done:?}");
        if !taken {
            return;
        }
        let (after, now) = (self.record(world, which), people(world));
        let mut scopes = shown.unwrap_or_else(|| vec![before.scope.clone(), after.scope.clone()]);
        scopes.dedup();
        let mut book = self.book();
        let tampered = book.tampered[which];
        // The same yes, twice at the same time, is one, and each is told that it was taken.
        if !alone && !tampered && book.given[which].iter().any(|yes| yes.who == who) {
            return;
        }
        let step = if alone { due } else { open(&after.scope, &book.given[which], &turns(&after)) };
        for scope in scopes {
            let either = [(&then, &before), (&now, &after)];
            let counted: BTreeSet<_> = either
                .into_iter()
                .flat_map(|(people, request)| Self::counted(people, who, which, &scope, &turns(request)))
                .collect();
            let narrowing = narrowing.clone();
            book.given[which].push(Yes { who, scope, narrowing, counted, step });
        }
        let last = book.given[which].last().unwrap();
        let right = tampered || step.is_some_and(|step| last.counted.contains(&step));
        assert!(right, "{who} said yes to {which} in {step:?}, and counts in {:?}", last.counted);
    }

    fn click(&self, world: &World, mail: usize, verdict: Verdict, alone: bool) {
        let links = links(world);
        if links.is_empty() {
            return;
        }
        let (_, token) = &links[mail % links.len()];
        let opened = block_on(open_link(world, world, token)).unwrap();
        let which = self.requests.iter().position(|id| *id == opened.link.request_id).unwrap();
        let shown = self.book().mailed.get(mail % links.len()).cloned();
        let ask = DecideRequest {
            shown: Some(opened.link.scope_hash.clone()),
            ..ask(self.requests[which], verdict)
        };
        // What was mailed about what somebody has written meanwhile is refused, and rightly.
        self.decide(world, (&opened.caller(None, None), which), ask, shown, alone);
    }

    fn forge(&self, world: &World, guess: [u8; 32], mail: usize, digit: usize) {
        let guess: String = guess.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(block_on(open_link(world, world, &guess)).is_err());
        let links = links(world);
        if let Some((_, token)) = links.get(mail) {
            let other = if token.as_bytes()[digit] == b'0' { "1" } else { "0" };
            let forged = format!("{}{other}{}", &token[..digit], &token[digit + 1..]);
            assert!(forged.len() == 64 && block_on(open_link(world, world, &forged)).is_err());
            assert!(block_on(open_link(world, world, token)).is_ok());
        }
    }

    fn tamper(&self, world: &World, which: usize, other: usize, how: &Tamper) {
        let (other, now) = (self.record(world, other), world.now());
        let mut book = self.book();
        book.tampered[which] = true;
        let mut state = world.state();
        let request = &mut state.records.get_mut(&self.requests[which]).unwrap().request;
        does(how, request, &other, &book.old[which], now);
    }

    fn change(&self, world: &World, act: &Act) {
        let mut state = world.state();
        match act {
            Act::Join { who, group } => {
                state.people.get_mut(&id(who)).into_iter().for_each(|one| {
                    one.groups.insert(group.parse().unwrap());
                });
            }
            Act::Leave { who } => {
                let groups =
                    ["platform-leads", "security-officers"].map(|name| name.parse::<GroupName>().unwrap());
                state
                    .people
                    .get_mut(&id(who))
                    .into_iter()
                    .for_each(|one| one.groups.retain(|group| !groups.contains(group)));
            }
            Act::Merge { who, with } if who != with => {
                let mail = Some(format!("{with}+{who}@example.com"));
                state.people.get_mut(&id(who)).into_iter().for_each(|one| one.email.clone_from(&mail));
            }
            Act::Part => {
                for who in CAST {
                    let mail = Some(format!("{who}@example.com"));
                    state.people.get_mut(&id(who)).into_iter().for_each(|one| one.email.clone_from(&mail));
                }
            }
            Act::Vanish => {
                if let Some(ana) = state.people.remove(&id("ana")) {
                    self.book().ana = Some(ana);
                }
            }
            Act::Return => {
                if let Some(ana) = self.book().ana.take() {
                    state.people.insert(id("ana"), ana);
                }
            }
            Act::Report { to } => {
                state.people.get_mut(&id("ana")).into_iter().for_each(|ana| ana.manager = Some(id(to)));
            }
            _ => {}
        }
    }

    /// Carries out all that needs no workflow.
    fn act(&self, world: &World, act: &Act, alone: bool) {
        let ana = Stage::caller("ana");
        match act {
            Act::Decide { who, which, verdict, less } => {
                let narrowing = match less {
                    Less::Nothing => Narrowing::default(),
                    Less::Time => Narrowing { duration: "5m".parse().ok(), actions: None },
                    Less::Actions => {
                        Narrowing { duration: None, actions: Some(["dynamodb:GetItem".to_owned()].into()) }
                    }
                };
                let ask = DecideRequest { narrowing, ..ask(self.requests[*which], *verdict) };
                self.decide(world, (&Stage::caller(who), *which), ask, None, alone);
            }
            Act::Click { mail, verdict } => self.click(world, *mail, *verdict, alone),
            Act::Swap { who, which } => {
                let shown = Some(self.record(world, (which + 1) % ASKED.len()).scope.hash());
                let ask = DecideRequest { shown, ..ask(self.requests[*which], Verdict::Approve) };
                let caller = Stage::caller(who);
                let done =
                    block_on(decide_request(world, world, (world, world), &RULES, world, &caller, ask));
                // Whoever has approved it already is told so, whatever they say they saw.
                assert!(!done.is_ok_and(|done| done.changed), "{who} {which}");
            }
            Act::Forge { guess, mail, digit } => self.forge(world, *guess, *mail, *digit),
            Act::Cancel { which } => {
                let id = self.requests[*which];
                let _ = block_on(stint_app::withdraw::cancel_request(world, world, world, &ana, id));
            }
            Act::Give { which } | Act::Deliver { which } => {
                let id = self.requests[*which];
                let _ = block_on(activate_grant(world, world, (world, world), &RULES, world, id));
            }
            Act::Reveal { which } => {
                let id = self.requests[*which];
                let _ = block_on(reveal_credential(world, (world, world), world, &RULES, world, &ana, id));
            }
            Act::Sweep => {
                let _ = block_on(reconcile(world, world, (world, world), world, &RULES, world, "sweep"));
            }
            Act::Pass { seconds } => world.pass(*seconds),
            Act::Tamper { which, other, how } => self.tamper(world, *which, *other, how),
            change => self.change(world, change),
        }
    }
}

fn ask(request_id: RequestId, verdict: Verdict) -> DecideRequest {
    DecideRequest { request_id, verdict, comment: None, shown: None, narrowing: Narrowing::default() }
}

struct Play {
    stage: Stage,
    cast: Cast,
    at: [At; 4],
    /// How often something was given that had not been there.
    given: usize,
}

/// What is looked at before an act and after it.
struct Seen {
    people: People,
    made: [Option<Made>; 4],
    issued: usize,
    activated: [usize; 4],
    records: [AccessRequest; 4],
}

impl Play {
    fn new() -> Self {
        let stage = Stage { policy: &RULES, ..Stage::new() };
        let began = stage.world.now();
        let requests = ASKED.map(|entitlement| {
            let ask = stint_app::submit_request::SubmitRequest {
                idempotency: None,
                ..Stage::ask(entitlement, "30m")
            };
            block_on(stage.submit("ana", ask)).unwrap().scope.request_id
        });
        let cast = Cast { requests, book: Arc::default(), began };
        let mut play = Self { stage, cast, at: [start(), start(), start(), start()], given: 0 };
        (0..ASKED.len()).for_each(|which| play.turn((Act::Deliver { which }, None)));
        play
    }

    fn seen(&self) -> Seen {
        let world = &self.stage.world;
        let activated = self.cast.requests.map(|id| {
            world.actions(&id.to_string()).iter().filter(|action| *action == "grant.activated").count()
        });
        let records = [0, 1, 2, 3].map(|which| self.cast.record(world, which));
        let state = world.state();
        let made = self.cast.requests.map(|id| state.target.get(&id.grant_id()).cloned());
        Seen { people: state.people.clone(), made, issued: state.issued.len(), activated, records }
    }

    fn turn(&mut self, (act, crossing): Turn) {
        let alone = crossing.is_none();
        let before = self.seen();
        if let Some((calls, other)) = crossing.clone() {
            let cast = self.cast.clone();
            self.stage.world.meanwhile(calls, move |world| cast.act(world, &other, true));
        }
        match act {
            Act::Deliver { which } => self.deliver(which, &before, alone),
            _ => self.cast.act(&self.stage.world, &act, alone),
        }
        self.stage.world.undisturbed();
        let after = self.seen();
        self.note(&before, &after);
        let happened = format!("{act:?} {crossing:?}");
        for which in 0..ASKED.len() {
            self.turns_come_in_their_time(which, &after);
            self.is_approved_as_agreed(which, &after, &happened);
            self.is_given_as_agreed(which, (&before, &after), &happened);
        }
    }

    /// Where nobody wrote to the record, and enough people said yes, it is given.
    fn deliver(&mut self, which: usize, before: &Seen, alone: bool) {
        let (id, world) = (self.cast.requests[which], &self.stage.world);
        let heard = {
            let state = world.state();
            let execution = state.executions.get(&id);
            execution.is_some_and(|one| one.running && one.wait == ExecutionState::Approved)
        };
        let request = &before.records[which];
        let scheduled = request.grant().is_some_and(|grant| grant.name() == "SCHEDULED");
        let untouched = !self.cast.book().tampered[which];
        let is_due = alone
            && heard
            && scheduled
            && untouched
            && self.enough(which, before, &before.people, true, None);
        self.stage.run(id, &mut self.at[which]);
        let now = self.cast.record(&self.stage.world, which);
        let active = now.grant().is_some_and(|grant| grant.name() == "ACTIVE");
        let there = self.stage.world.has_access(id) || which == 3;
        assert!(!is_due || active && there, "{which} was approved, and is {:?}", now.state);
    }

    fn enough(
        &self,
        which: usize,
        seen: &Seen,
        people: &People,
        still: bool,
        artefact: Option<&Artefact>,
    ) -> bool {
        let book = self.cast.book();
        let turns = (!book.tampered[which]).then(|| turns(&seen.records[which]));
        let given = &book.given[which];
        let question =
            Question { given, people, named: named(which), turns: turns.as_ref(), still, artefact };
        people.contains_key(&id("ana")) && question.is_agreed()
    }

    /// What was mailed, and how the records were.
    fn note(&self, before: &Seen, after: &Seen) {
        let links = links(&self.stage.world);
        let mut book = self.cast.book();
        for (_, token) in links.iter().skip(book.mailed.len()) {
            let about =
                block_on(open_link(&self.stage.world, &self.stage.world, token)).unwrap().link.request_id;
            let which = self.cast.requests.iter().position(|id| *id == about).unwrap();
            let mut scopes = vec![before.records[which].scope.clone(), after.records[which].scope.clone()];
            scopes.dedup();
            book.mailed.push(scopes);
        }
        for which in 0..ASKED.len() {
            if book.old[which].last() != Some(&after.records[which]) {
                book.old[which].push(after.records[which].clone());
            }
        }
    }

    fn turns_come_in_their_time(&self, which: usize, after: &Seen) {
        if self.cast.book().tampered[which] {
            return;
        }
        let (turns, waited) =
            (turns(&after.records[which]), self.stage.world.now().as_second() - self.cast.began.as_second());
        assert!(
            turns.escalated.is_empty() || which == 2 && waited >= ESCALATES,
            "{turns:?} after {waited} s"
        );
        assert!(turns.skipped.is_empty() || which == 2 && waited >= IS_SKIPPED, "{turns:?} after {waited} s");
    }

    /// By all who had to, and as soon as they had, where nobody wrote to the record.
    fn is_approved_as_agreed(&self, which: usize, after: &Seen, happened: &str) {
        let book = self.cast.book();
        if book.tampered[which] {
            return;
        }
        let (request, given) = (&after.records[which], &book.given[which]);
        let approved = request.state.name() == "APPROVED";
        let turns = turns(request);
        // What was denied has no turns any more.
        if approved || request.state.name() == "PENDING" {
            assert_eq!(
                open(&request.scope, given, &turns).is_none(),
                approved,
                "{which} by {given:?}: {happened}"
            );
        }
    }

    fn is_given_as_agreed(&mut self, which: usize, (before, after): (&Seen, &Seen), happened: &str) {
        let id = self.cast.requests[which];
        let mut given = Vec::new();
        if let Some(made) = &after.made[which]
            && !made.blocks
            && before.made[which].as_ref() != Some(made)
        {
            given.push((made.artefact.clone(), true));
        }
        let issued: Vec<_> = self.stage.world.state().issued.iter().skip(before.issued).cloned().collect();
        let issued = issued.into_iter().filter(|one| one.artefact.grant_id == id.grant_id());
        given.extend(issued.map(|one| (one.artefact, false)));
        let request = &after.records[which];
        if after.activated[which] > before.activated[which]
            && let Some(window) = request.grant().and_then(|grant| grant.window())
            && !self.cast.book().tampered[which]
        {
            let access = request.allowance().access;
            given.push((Artefact { grant_id: id.grant_id(), access, window: *window }, true));
        }
        for (artefact, still) in given {
            self.given += 1;
            let enough = |people| self.enough(which, after, people, still, Some(&artefact));
            let agreed = enough(&before.people) || enough(&after.people);
            assert!(
                agreed,
                "{which} was given: {artefact:?} by {:?}: {happened}",
                self.cast.book().given[which]
            );
            let late = if self.cast.book().tampered[which] { LATE } else { 0 };
            let longest = after.records[which].scope.duration.as_signed().as_secs().max(1800);
            let ends = artefact.window.ends_at().as_second() - self.stage.world.now().as_second();
            assert!(ends <= longest + late, "{which} ends in {ends} s: {happened}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() })]

    /// And all is given that they agreed to.
    #[test]
    fn nothing_is_given_that_nobody_agreed_to_who_might(turns in prop::collection::vec(turn(false), 1..60)) {
        let mut play = Play::new();
        turns.into_iter().for_each(|turn| play.turn(turn));
    }

    #[test]
    fn nothing_is_given_that_nobody_agreed_to_by_whoever_writes_to_the_table(
        turns in prop::collection::vec(turn(true), 1..60)
    ) {
        let mut play = Play::new();
        turns.into_iter().for_each(|turn| play.turn(turn));
    }
}

/// Without it, the rules above would hold of a house that never gives anything.
#[test]
fn what_different_people_agreed_to_who_might_is_given() {
    let mut play = Play::new();
    let yes = |who, which| (Act::Decide { who, which, verdict: Verdict::Approve, less: Less::Nothing }, None);
    let deliver = |which| (Act::Deliver { which }, None);
    let given = |play: &Play| [0, 1, 2, 3].map(|which| play.seen().activated[which]);
    for turn in [yes("iris", 0), yes("gita", 0), yes("gita", 1), yes("gita", 1), yes("ben", 2), yes("ben", 3)]
    {
        play.turn(turn);
    }
    (0..ASKED.len()).for_each(|which| play.turn(deliver(which)));
    assert_eq!(given(&play), [0; 4]);
    let meanwhile = Act::Decide { who: "hugo", which: 3, verdict: Verdict::Approve, less: Less::Nothing };
    for turn in [
        (Act::Click { mail: 0, verdict: Verdict::Approve }, Some((2, meanwhile))),
        yes("hugo", 1),
        yes("iris", 2),
    ] {
        play.turn(turn);
    }
    (0..ASKED.len()).for_each(|which| play.turn(deliver(which)));
    assert_eq!(given(&play), [1, 1, 0, 1], "the leads have not been asked yet about the third");
    play.turn(yes("ben", 2));
    (0..ASKED.len()).for_each(|which| play.turn(deliver(which)));
    play.turn((Act::Reveal { which: 3 }, None));
    assert_eq!(given(&play), [1; 4]);
    assert_eq!(play.given, 8, "three users, a session, and all of it on record");
}
