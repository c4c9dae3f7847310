//! What can happen next, in whatever order, and that it has.

use super::steps::{Proc, Step, Taking, begins};
use super::{Checkouts, Vault};
use stint_domain::grant::GrantState;
use stint_domain::transition::GrantCommand;

impl Vault {
    pub(crate) fn possible(&self, within: &Checkouts) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.tick < within.ticks {
            steps.push(Step::Tick);
        }
        if self.procs.len() < within.at_work {
            let allowed = |proc: &Proc| self.is_within(within, *proc);
            steps.extend((0..2).flat_map(begins).filter(allowed).map(Step::Begin));
        }
        let failing = |of: &usize| matches!(self.grant(*of), GrantState::RemovalFailed { .. });
        steps.extend((0..2).filter(failing).map(Step::Force));
        for (place, proc) in self.procs.iter().enumerate() {
            steps.extend([Step::Goes(place), Step::Dies(place)]);
            if matches!(proc, Proc::Take { then: Taking::Ask, .. }) {
                steps.push(Step::Fails(place));
            }
        }
        steps
    }

    fn is_within(&self, within: &Checkouts, proc: Proc) -> bool {
        match proc {
            // The first one comes first, and may step back.
            Proc::Give { of: 1, .. } if self.begun[0] == [0; 3] => false,
            Proc::Give { of, .. } => self.begun[of][0] < within.begun[of][0],
            Proc::Show { of, .. } => self.begun[of][1] < within.begun[of][1] && self.is_active(of),
            Proc::Take { of, .. } => self.begun[of][2] < within.begun[of][2] && !self.requests[of].is_final(),
            Proc::Rotate { after, .. } => {
                self.asked[after] && self.rotations[after] < within.rotations[after]
            }
        }
    }

    fn count(&mut self, proc: Proc) -> &mut u8 {
        match proc {
            Proc::Give { of, .. } => &mut self.begun[of][0],
            Proc::Show { of, .. } => &mut self.begun[of][1],
            Proc::Take { of, .. } => &mut self.begun[of][2],
            Proc::Rotate { after, .. } => &mut self.rotations[after],
        }
    }

    pub(crate) fn take(&mut self, step: Step) {
        match step {
            Step::Tick => {
                self.tick += 1;
                // A function's time limit; all others may come as late as they like.
                self.procs.retain(|proc| !proc.ends_in_time());
            }
            // Nothing is known of an invocation before its first step.
            Step::Begin(proc) => {
                let before = self.clone();
                let left = self.goes(proc);
                self.procs.extend(left);
                if *self != before {
                    *self.count(proc) += 1;
                }
            }
            Step::Dies(place) => drop(self.procs.remove(place)),
            Step::Fails(place) => {
                if let Proc::Take { of, .. } = self.procs.remove(place) {
                    self.reports(of);
                }
            }
            Step::Force(of) => {
                self.commit(of, GrantCommand::ForceClose { comment: "it is down".parse().unwrap() });
            }
            Step::Goes(place) => {
                let proc = self.procs.remove(place);
                let left = self.goes(proc);
                self.procs.extend(left);
            }
        }
        // The order of invocations at work means nothing.
        self.procs.sort_unstable();
    }
}
