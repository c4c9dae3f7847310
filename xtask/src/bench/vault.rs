//! Vaulted credentials that go from hand to hand: how long it takes until one that was returned is clean, and how long
//! many wait for few of them.
//!
//! Guards I5 in passing: two who have one credential at the same time, or who see the same password, are an error.

mod checkout;
mod crowd;
mod live;
mod report;
#[cfg(test)]
mod tests;

use stint_local::Result;

pub(crate) fn run() -> Result<()> {
    let report = crowd::simulate(crowd::Play { requesters: 50, secrets: 20, each: 4 })?;
    report.lines().iter().for_each(|line| println!("{line}"));
    report.is_sound()?;
    live::run()
}
