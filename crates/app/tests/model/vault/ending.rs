//! How it is taken back and rotated, with whatever is late or dies on the way; and the sweep, alone.

use super::Vault;
use super::records::at;
use super::steps::{Proc, Rotating, Taking, Why, rotation, taking};
use super::target::Name;
use stint_domain::custody::SetAttempt;
use stint_domain::grant::{Evidence, Receipt};
use stint_domain::transition::GrantCommand;
use uuid::Uuid;

impl Vault {
    /// What is left of the invocation after its next step.
    pub(super) fn goes(&mut self, proc: Proc) -> Option<Proc> {
        match proc {
            Proc::Give { of, then } => self.gives(of, then).map(|then| Proc::Give { of, then }),
            Proc::Show { of, then } => self.shows(of, then).map(|then| Proc::Show { of, then }),
            Proc::Take { of, why, then } => {
                self.takes(of, why, then).map(|then| Proc::Take { of, why, then })
            }
            Proc::Rotate { after, then: Rotating::Promote(from) } => {
                let given = |of: &usize| self.grant(*of).is_given();
                let holder = self.holder().filter(|of| !given(of));
                self.target.promote(name(after), from).then_some(())?;
                holder.map(|of| taking(of, Why::Timer))
            }
            Proc::Rotate { after, then } => {
                self.rotates(after, then).map(|then| Proc::Rotate { after, then })
            }
        }
    }

    pub(super) fn takes(&mut self, of: usize, why: Why, then: Taking) -> Option<Taking> {
        match then {
            Taking::Intend => {
                let ends = self.commit(of, why.command()) && self.commit(of, GrantCommand::RetryRemoval);
                (ends && !self.requests[of].is_final()).then_some(Taking::Ask)
            }
            // What was seen is decided on at the next step, when it may not be so any more.
            Taking::Ask if self.target.knows(name(of)) => Some(Taking::Close { seen_at: self.tick }),
            Taking::Ask => {
                self.asked[of] = true;
                if self.grant(of).removal_is_late(at(self.tick)) {
                    self.reports(of);
                }
                None
            }
            Taking::Close { seen_at } => {
                let (looked_at, answered) = ("it".to_owned(), "rotated".to_owned());
                let receipt = Receipt { looked_at, answered, at: at(seen_at) };
                self.commit(of, GrantCommand::ConfirmRemoval(Evidence::Gone(receipt)));
                None
            }
        }
    }

    pub(super) fn reports(&mut self, of: usize) {
        self.commit(of, GrantCommand::ReportRemovalFailure { error: "down".to_owned(), taken: false });
    }

    pub(super) fn rotates(&mut self, after: usize, then: Rotating) -> Option<Rotating> {
        match then {
            Rotating::Create => {
                let held = self.holder().is_some_and(|holder| self.grant(holder).is_given());
                (!held).then(|| self.target.create(name(after)))?;
                Some(Rotating::Set)
            }
            Rotating::Set => Some(self.begins_set(after)),
            Rotating::Look(token) if self.target.is_to_be_set(name(after)) => Some(Rotating::Write(token)),
            Rotating::Look(token) => {
                self.settles(after, token);
                None
            }
            Rotating::Write(token) => {
                self.target.set(name(after));
                self.settles(after, token);
                Some(Rotating::Finish)
            }
            Rotating::Finish => {
                self.target.test(name(after)).then(|| Rotating::Promote(self.target.staged_current()))
            }
            Rotating::Promote(_) => None,
        }
    }

    /// As long as something else may be on its way, it comes back to this.
    fn begins_set(&mut self, after: usize) -> Rotating {
        let token = self.free_token();
        match self.custody.begin_set(attempt(after, token, self.tick)) {
            Ok(change) => {
                self.change(Some(&change));
                Rotating::Look(token)
            }
            Err(_) => Rotating::Set,
        }
    }

    /// That nobody who is at work has.
    fn free_token(&self) -> Uuid {
        let taken: Vec<_> = self.procs.iter().filter_map(Proc::token).collect();
        (0..).map(Uuid::from_u128).find(|token| !taken.contains(token)).unwrap()
    }

    fn settles(&mut self, after: usize, token: Uuid) {
        let change = self.custody.end_set(&attempt(after, token, self.tick));
        self.change(change.as_ref());
    }

    /// Whatever was at work has died, much later, and nothing is left but the sweep and what it makes rotate.
    pub(crate) fn reconcile_alone(&mut self) {
        self.procs.clear();
        for _ in 0..2 {
            self.tick += 100;
            for of in [0, 1] {
                self.finishes(taking(of, Why::Reconcile));
                if self.asked[of] {
                    self.finishes(rotation(of));
                }
            }
        }
    }

    pub(super) fn finishes(&mut self, proc: Proc) {
        let mut next = Some(proc);
        while let Some(proc) = next {
            next = self.goes(proc);
        }
    }
}

fn attempt(after: usize, token: Uuid, tick: i64) -> SetAttempt {
    SetAttempt::of(&after.to_string(), token, at(tick))
}

const fn name(after: usize) -> Name {
    Name(after + 1)
}
