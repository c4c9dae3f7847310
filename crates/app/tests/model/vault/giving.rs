//! Who gets the credential: what is committed with the grant, whose turn it is, and who is shown what.

use super::Vault;
use super::records::{Kept, at, id, kept};
use super::steps::{Giving, Showing};
use stint_domain::custody::{CustodyChange, Handover, Occupied, Waiting};
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_domain::transition::{Command, GrantCommand, Revealed, Step as Decided};

impl Vault {
    /// One commit of a grant and the credential's custody. `false` if it was refused, or lost to somebody else.
    pub(super) fn commit(&mut self, of: usize, command: GrantCommand) -> bool {
        let (now, before) = (at(self.tick), &*self.requests[of]);
        let event = match before.decide(Command::Grant(command), now) {
            Ok(Decided::Do(event)) => event,
            Ok(Decided::Already) => return true,
            Err(_) => return false,
        };
        let after = before.apply(&event, now).unwrap();
        let change = match Handover::between(before.grant().unwrap(), after.grant().unwrap()) {
            Some(Handover::Taken) => match self.custody.take(id(of), now) {
                Ok(change) => change,
                Err(_) => return false,
            },
            Some(Handover::Released) => self.custody.release(id(of)),
            None => None,
        };
        self.requests[of] = kept(after);
        self.change(change.as_ref());
        true
    }

    pub(super) fn change(&mut self, change: Option<&CustodyChange>) {
        if let Some(change) = change {
            // How often it has changed tells nothing: nobody here loses a race.
            let mut after = change.after().clone();
            after.version = 1;
            self.custody = Kept::by(after, |custody| custody);
        }
    }

    pub(super) fn gives(&mut self, of: usize, then: Giving) -> Option<Giving> {
        match then {
            Giving::Queue if matches!(self.grant(of), GrantState::Scheduled) => self.queues(of),
            Giving::Queue => Some(Giving::Intend),
            Giving::Intend => {
                let begun = self.commit(of, GrantCommand::BeginActivation);
                // A credential that is just being rotated is not given.
                (begun && !self.is_active(of) && !self.target.is_pending()).then_some(Giving::Confirm)
            }
            Giving::Confirm => {
                self.commit(of, GrantCommand::ConfirmActivation);
                None
            }
        }
    }

    /// Whoever's turn it is not waits, and comes again.
    pub(super) fn queues(&mut self, of: usize) -> Option<Giving> {
        let waits =
            |first: RequestId| matches!(self.grant(usize::from(first != id(0))), GrantState::Scheduled);
        let who = Waiting { request_id: id(of), duration: self.requests[of].scope.duration };
        let (change, then) = match self.custody.take(id(of), at(self.tick)) {
            Ok(_) => return Some(Giving::Intend),
            Err(Occupied::NotYourTurn { first }) if !waits(first) => {
                (self.custody.leave(first), Some(Giving::Queue))
            }
            Err(_) => (self.custody.join(who).unwrap(), None),
        };
        self.change(change.as_ref());
        then
    }

    /// Shown is what could be put on record as shown.
    pub(super) fn shows(&mut self, of: usize, then: Showing) -> Option<Showing> {
        match then {
            Showing::Intend => self.commit(of, GrantCommand::BeginReveal).then_some(Showing::Read),
            Showing::Read => Some(Showing::Confirm(self.target.current())),
            Showing::Confirm(password) => {
                let revealed = Revealed::Secret { version: password.to_string() };
                if self.commit(of, GrantCommand::ConfirmReveal(revealed)) {
                    self.seen.insert((of, password));
                }
                None
            }
        }
    }
}
