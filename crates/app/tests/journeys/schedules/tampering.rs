//! What somebody can do who can write to the table, and cannot seal.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use stint_domain::access::Access;
use stint_domain::approval::{ApprovalRule, Consultation, Given, Turn, TurnKind};
use stint_domain::grant::{Dating, GrantState};
use stint_domain::ids::PrincipalId;
use stint_domain::principal::Authentication;
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::window::{Window, whole_second};

#[derive(Debug, Clone)]
pub(super) enum Tamper {
    /// All seals are gone.
    Unseal,
    /// Each approval gets a seal of another request's.
    Reseal,
    /// Another request's approvals, instead of these or besides.
    Copy {
        besides: bool,
    },
    /// One of them is gone, or another request's.
    Drop {
        nth: usize,
    },
    Twice {
        nth: usize,
    },
    Move {
        nth: usize,
        step: usize,
    },
    Reverse,
    /// Somebody else is said to have given it, or the same by another way.
    As {
        nth: usize,
        who: &'static str,
    },
    By {
        nth: usize,
        authentication: Authentication,
    },
    /// It is said to be approved: by whoever has, or by somebody besides.
    Complete {
        by: Option<&'static str>,
        grant: Forged,
    },
    /// It is said to be still open.
    Reopen,
    More {
        rehash: bool,
    },
    Longer {
        rehash: bool,
    },
    Rule {
        how: usize,
        rehash: bool,
    },
    WholeAgain,
    Turn {
        kind: TurnKind,
        step: usize,
    },
    NoTurns,
    Grant(Forged),
    /// As it was once.
    Undo {
        nth: usize,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Forged {
    Scheduled,
    Activating { from_now: i64, seconds: i64 },
    Active { from_now: i64, seconds: i64, moving: bool },
}

impl Forged {
    fn state(self, now: Timestamp) -> GrantState {
        let window = |from_now, seconds| {
            let starts_at = whole_second(now) + SignedDuration::from_secs(from_now);
            Window::between(starts_at, starts_at + SignedDuration::from_secs(seconds)).unwrap()
        };
        match self {
            Self::Scheduled => GrantState::Scheduled,
            Self::Activating { from_now, seconds } => GrantState::Activating {
                window: window(from_now, seconds),
                attempts: 1,
                last_attempt_at: now,
            },
            Self::Active { from_now, seconds, moving } => {
                let window = window(from_now, seconds);
                GrantState::Active {
                    window,
                    activated_at: now,
                    settles_at: now,
                    dating: if moving { Dating::Moving { from: window } } else { Dating::Done },
                    altered: None,
                    extended_by: [].into(),
                }
            }
        }
    }
}

pub(super) fn forged() -> impl Strategy<Value = Forged> {
    let from_now = prop_oneof![4 => Just(0), 1 => Just(-600), 1 => Just(600), 1 => Just(7200)];
    let seconds = prop_oneof![3 => Just(300), 3 => Just(1800), 1 => Just(1801), 1 => Just(86_400)];
    prop_oneof![
        2 => Just(Forged::Scheduled),
        2 => (from_now.clone(), seconds.clone())
            .prop_map(|(from_now, seconds)| Forged::Activating { from_now, seconds }),
        2 => (from_now, seconds, any::<bool>())
            .prop_map(|(from_now, seconds, moving)| Forged::Active { from_now, seconds, moving }),
    ]
}

pub(super) fn tamper(
    who: impl Strategy<Value = &'static str> + Clone + 'static,
) -> impl Strategy<Value = Tamper> {
    let authentication = prop_oneof![Just(Authentication::Token), Just(Authentication::MailLink)];
    let kind = prop_oneof![Just(TurnKind::Skipped), Just(TurnKind::Escalated)];
    prop_oneof![
        1 => Just(Tamper::Unseal),
        1 => Just(Tamper::Reseal),
        2 => any::<bool>().prop_map(|besides| Tamper::Copy { besides }),
        2 => (0..3usize).prop_map(|nth| Tamper::Drop { nth }),
        2 => (0..3usize).prop_map(|nth| Tamper::Twice { nth }),
        2 => (0..3usize, 0..2usize).prop_map(|(nth, step)| Tamper::Move { nth, step }),
        1 => Just(Tamper::Reverse),
        2 => (0..3usize, who.clone()).prop_map(|(nth, who)| Tamper::As { nth, who }),
        1 => (0..3usize, authentication).prop_map(|(nth, authentication)| Tamper::By { nth, authentication }),
        4 => (prop::option::of(who), forged()).prop_map(|(by, grant)| Tamper::Complete { by, grant }),
        1 => Just(Tamper::Reopen),
        2 => any::<bool>().prop_map(|rehash| Tamper::More { rehash }),
        2 => any::<bool>().prop_map(|rehash| Tamper::Longer { rehash }),
        2 => (0..3usize, any::<bool>()).prop_map(|(how, rehash)| Tamper::Rule { how, rehash }),
        1 => Just(Tamper::WholeAgain),
        2 => (kind, 0..2usize).prop_map(|(kind, step)| Tamper::Turn { kind, step }),
        1 => Just(Tamper::NoTurns),
        4 => forged().prop_map(Tamper::Grant),
        2 => (0..8usize).prop_map(|nth| Tamper::Undo { nth }),
    ]
}

/// Everybody's yes as it stands in the record, the last one in the last step.
fn given(request: &AccessRequest) -> Vec<Given> {
    match &request.state {
        RequestState::Pending(consultation) => consultation.given.clone(),
        RequestState::Approved { approval, earlier, approved_at, .. } => {
            let step = request.scope.rule.steps().len() - 1;
            let last = Given { approval: approval.as_ref().clone(), step, at: *approved_at };
            earlier.iter().cloned().chain([last]).collect()
        }
        _ => Vec::new(),
    }
}

/// Writes them, in a request that is as far as it was, or still open if there is none.
fn write(request: &mut AccessRequest, mut given: Vec<Given>) {
    match &mut request.state {
        RequestState::Pending(consultation) => consultation.given = given,
        RequestState::Approved { approval, earlier, .. } => {
            if let Some(last) = given.pop() {
                **approval = last.approval;
                *earlier = given;
            }
        }
        _ => {}
    }
}

fn each(request: &mut AccessRequest, change: impl Fn(&mut Given)) {
    let mut all = given(request);
    all.iter_mut().for_each(change);
    write(request, all);
}

fn nth(request: &mut AccessRequest, nth: usize, change: impl FnOnce(&mut Given)) {
    let mut all = given(request);
    all.get_mut(nth).into_iter().take(1).for_each({
        let mut change = Some(change);
        move |one| change.take().unwrap()(one)
    });
    write(request, all);
}

fn rehashed(request: &mut AccessRequest, rehash: bool) {
    if rehash {
        let hash = request.scope.hash();
        each(request, |one| one.approval.scope_hash = hash.clone());
    }
}

fn person(who: &str) -> Decider {
    let id: PrincipalId = who.parse().unwrap();
    Decider::Person { id, name: who.to_owned(), authentication: Authentication::Token, origin: None }
}

fn turns(request: &mut AccessRequest) -> Option<&mut Vec<Turn>> {
    match &mut request.state {
        RequestState::Pending(consultation) => Some(&mut consultation.turns),
        RequestState::Approved { turns, .. } => Some(turns),
        _ => None,
    }
}

/// Does it to `request`, with what stands in `other`; `old` are versions of the former.
pub(super) fn does(
    tamper: &Tamper,
    request: &mut AccessRequest,
    other: &AccessRequest,
    old: &[AccessRequest],
    now: Timestamp,
) {
    match tamper.clone() {
        Tamper::Unseal => each(request, |one| one.approval.seal = None),
        Tamper::Reseal => {
            let seals = given(other).into_iter().map(|one| one.approval.seal);
            let mut all = given(request);
            all.iter_mut().zip(seals).for_each(|(one, seal)| one.approval.seal = seal);
            write(request, all);
        }
        Tamper::Copy { besides } => {
            let mut all = if besides { given(request) } else { Vec::new() };
            all.extend(given(other));
            write(request, all);
        }
        Tamper::Drop { nth } => {
            let mut all = given(request);
            if nth < all.len() {
                all.remove(nth);
            }
            write(request, all);
        }
        Tamper::Twice { nth } => {
            let mut all = given(request);
            if let Some(one) = all.get(nth).cloned() {
                all.push(one);
            }
            write(request, all);
        }
        Tamper::Move { nth: which, step } => nth(request, which, |one| one.step = step),
        Tamper::Reverse => {
            let mut all = given(request);
            all.reverse();
            write(request, all);
        }
        Tamper::As { nth: which, who } => nth(request, which, |one| one.approval.by = person(who)),
        Tamper::By { nth: which, authentication: way } => nth(request, which, |one| {
            if let Decider::Person { authentication, .. } = &mut one.approval.by {
                *authentication = way;
            }
        }),
        Tamper::Complete { by, grant } => complete(request, by, grant.state(now), now),
        Tamper::Reopen => {
            let turns = turns(request).map(|turns| turns.clone()).unwrap_or_default();
            let given = given(request);
            request.state = RequestState::Pending(Consultation { given, turns, ..Consultation::default() });
        }
        Tamper::More { rehash } => {
            if let Access::EphemeralIamUser { permissions, .. } | Access::RoleSession { permissions, .. } =
                &mut request.scope.access
            {
                permissions[0].actions.insert("dynamodb:DeleteTable".to_owned());
            }
            rehashed(request, rehash);
        }
        Tamper::Longer { rehash } => {
            request.scope.duration = "1h".parse().unwrap();
            rehashed(request, rehash);
        }
        Tamper::Rule { how, rehash } => {
            let mut steps = request.scope.rule.steps().to_vec();
            match how {
                0 => steps = ApprovalRule::default().steps().to_vec(),
                1 => steps.iter_mut().for_each(|step| step.need = std::num::NonZeroU8::MIN),
                _ if steps.len() > 1 => drop(steps.remove(0)),
                _ => {}
            }
            request.scope.rule = ApprovalRule::try_from(steps).unwrap();
            rehashed(request, rehash);
        }
        Tamper::WholeAgain => each(request, |one| one.approval.narrowing = Default::default()),
        Tamper::Turn { kind, step } => {
            turns(request).into_iter().for_each(|turns| turns.push(Turn { kind, step, at: now }))
        }
        Tamper::NoTurns => turns(request).into_iter().for_each(Vec::clear),
        Tamper::Grant(forged) => {
            if let RequestState::Approved { grant, .. } = &mut request.state {
                *grant = forged.state(now);
            }
        }
        Tamper::Undo { nth } => {
            if let Some(once) = old.get(nth * old.len() / 8) {
                *request = once.clone();
            }
        }
    }
}

fn complete(request: &mut AccessRequest, by: Option<&str>, grant: GrantState, now: Timestamp) {
    let (mut all, turns) = (given(request), turns(request).map(|turns| turns.clone()).unwrap_or_default());
    if let Some(who) = by {
        let approval = Approval::of(person(who), request.scope.hash());
        let step = request.scope.rule.steps().len() - 1;
        all.push(Given { approval, step, at: now });
    }
    let Some(last) = all.pop() else { return };
    request.state = RequestState::Approved {
        approval: last.approval.into(),
        earlier: all,
        turns,
        approved_at: now,
        grant,
    };
}
