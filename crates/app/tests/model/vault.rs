//! One vaulted credential, two requests for it, and the rotations after them.
//!
//! Who may have it, and what becomes of a grant, is decided by the domain. The model adds the vault, the login that the
//! credential opens, and invocations that come twice, late, out of turn, or never to their next step.
//! What one step of a rotation reads and then writes is taken apart where it writes to the login itself: there the vault
//! compares nothing.

mod ending;
mod giving;
mod possible;
mod records;
mod steps;
mod target;

use records::{Kept, approved, id, kept};
use std::collections::BTreeSet;
pub(crate) use steps::{Proc, Rotating, Step};
use stint_domain::custody::Custody;
use stint_domain::grant::{EndedBy, GrantState};
use stint_domain::request::AccessRequest;
use target::Target;

/// How far is looked: every order of everything within these.
#[derive(Debug, Clone)]
pub(crate) struct Checkouts {
    /// How many invocations may begin for each request: that give, that show, that take.
    pub(crate) begun: [[u8; 3]; 2],
    /// How many rotations may begin after each of the two.
    pub(crate) rotations: [u8; 2],
    pub(crate) at_work: usize,
    pub(crate) ticks: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Vault {
    tick: i64,
    requests: [Kept<AccessRequest>; 2],
    custody: Kept<Custody>,
    target: Target,
    asked: [bool; 2],
    begun: [[u8; 3]; 2],
    rotations: [u8; 2],
    procs: Vec<Proc>,
    /// Which password whom was shown.
    seen: BTreeSet<(usize, u8)>,
}

impl Vault {
    pub(crate) fn begin() -> Self {
        let secret = "stint/vault/orders-owner".parse().unwrap();
        Self {
            tick: 0,
            requests: [0, 1].map(|of| kept(approved(of))),
            custody: Kept::by(Custody::unknown(secret), |custody| custody),
            target: Target::default(),
            asked: [false; 2],
            begun: [[0; 3]; 2],
            rotations: [0; 2],
            procs: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    pub(crate) fn grant(&self, of: usize) -> &GrantState {
        self.requests[of].grant().unwrap()
    }

    pub(crate) fn forced(&self, of: usize) -> bool {
        matches!(self.grant(of), GrantState::Ended { ended_by: EndedBy::Forced, .. })
    }

    pub(crate) fn is_active(&self, of: usize) -> bool {
        matches!(self.grant(of), GrantState::Active { .. })
    }

    pub(crate) fn requests_over(&self) -> usize {
        self.requests.iter().filter(|request| request.is_final()).count()
    }

    /// `None` if nobody has it.
    pub(crate) fn holder(&self) -> Option<usize> {
        self.custody.holder().map(|holder| usize::from(holder != id(0)))
    }

    pub(crate) fn queue(&self) -> usize {
        self.custody.queue().len()
    }

    pub(crate) fn procs(&self) -> &[Proc] {
        &self.procs
    }

    pub(crate) fn shown(&self, of: usize) -> bool {
        self.seen.iter().any(|(by, _)| *by == of)
    }

    /// A password that both have been shown.
    pub(crate) fn shown_to_both(&self) -> bool {
        self.seen.iter().any(|(by, password)| *by == 0 && self.seen.contains(&(1, *password)))
    }

    /// What this one was shown opens the login.
    pub(crate) fn opens(&self, of: usize) -> bool {
        self.seen.contains(&(of, self.target.accepted()))
    }

    /// What the next one would be shown opens the login, and nobody has seen it.
    pub(crate) fn is_clean(&self) -> bool {
        let current = self.target.current();
        current == self.target.accepted() && !self.seen.iter().any(|(_, password)| *password == current)
    }

    /// The login takes what is not the current password yet.
    pub(crate) fn is_half_rotated(&self) -> bool {
        self.target.current() != self.target.accepted()
    }

    /// Over for good, and the credential with it: free and clean, or kept where nobody gets it.
    pub(crate) fn is_at_its_end(&self) -> bool {
        let over = self.requests.iter().all(|request| request.is_final());
        over && self.holder().map_or_else(|| self.is_clean(), |kept| self.forced(kept))
    }
}
