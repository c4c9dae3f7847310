//! How it is taken back and rotated, with whatever is late or dies on the way; and the sweep, alone.

use super::Vault;
use super::records::at;
use super::steps::{Proc, Rotating, Taking, Why, rotation, taking};
use super::target::Name;
use stint_domain::grant::{Evidence, Receipt};
use stint_domain::transition::GrantCommand;

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
            Rotating::Set => self.target.set(name(after)).then_some(Rotating::Finish),
            Rotating::Finish => {
                self.target.test(name(after)).then(|| Rotating::Promote(self.target.staged_current()))
            }
            Rotating::Promote(_) => None,
        }
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

const fn name(after: usize) -> Name {
    Name(after + 1)
}
