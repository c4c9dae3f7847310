//! Who can be at work on the credential, by the next step of each, and what can happen to them.

use super::target::Name;
use stint_domain::transition::{EndCause, GrantCommand};
use uuid::Uuid;

/// An invocation, by its next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Proc {
    Give { of: usize, then: Giving },
    Show { of: usize, then: Showing },
    Take { of: usize, why: Why, then: Taking },
    Rotate { after: usize, then: Rotating },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Giving {
    Queue,
    Intend,
    Confirm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Showing {
    Intend,
    Read,
    /// With the password that was read.
    Confirm(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Taking {
    Intend,
    /// For a rotation, and whether there has been one.
    Ask,
    Close {
        seen_at: i64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rotating {
    Create,
    /// Puts on record that it is about to set it.
    Set,
    /// Looks whether it is still to be set.
    Look(Uuid),
    /// It is written to the target, however long after the look, and off the record. One that is written and still on
    /// record only makes others wait for longer.
    Write(Uuid),
    /// Which tests once more what the step before it has tested.
    Finish,
    /// On condition of the version that was the current one then.
    Promote(Name),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Why {
    Timer,
    Returned,
    Revoked,
    Reconcile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Tick,
    Begin(Proc),
    /// The invocation in this place comes to its next step.
    Goes(usize),
    /// It dies.
    Dies(usize),
    /// The vault does not answer it, and that is put on record.
    Fails(usize),
    /// An administrator answers for a removal that keeps failing.
    Force(usize),
}

impl Proc {
    /// What is on record with the time by which it is over.
    pub(super) const fn ends_in_time(&self) -> bool {
        matches!(self, Self::Give { .. }) || self.token().is_some()
    }

    /// Of an attempt to set that is on record.
    pub(super) const fn token(&self) -> Option<Uuid> {
        match self {
            Self::Rotate { then: Rotating::Look(token) | Rotating::Write(token), .. } => Some(*token),
            _ => None,
        }
    }
}

impl Why {
    pub(super) fn command(self) -> GrantCommand {
        match self {
            Self::Timer => GrantCommand::End(EndCause::WindowOver),
            Self::Returned => GrantCommand::End(EndCause::Returned),
            Self::Revoked => GrantCommand::Revoke { comment: "an incident".parse().unwrap() },
            Self::Reconcile => GrantCommand::End(EndCause::Overdue),
        }
    }
}

pub(super) fn begins(of: usize) -> [Proc; 5] {
    let give = Proc::Give { of, then: Giving::Queue };
    let show = Proc::Show { of, then: Showing::Intend };
    // Two ways to be early, which go on alike: each of the two has one.
    let early = if of == 0 { Why::Returned } else { Why::Revoked };
    [give, show, taking(of, Why::Timer), taking(of, early), rotation(of)]
}

pub(super) const fn taking(of: usize, why: Why) -> Proc {
    Proc::Take { of, why, then: Taking::Intend }
}

pub(super) const fn rotation(after: usize) -> Proc {
    Proc::Rotate { after, then: Rotating::Create }
}
