//! The clock and the randomness of the machine.

use jiff::Timestamp;
use std::time::SystemTime;
use stint_app::ports::Surroundings;

#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl Surroundings for Machine {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (seconds, nanos) = (i64::try_from(since.as_secs()), i32::try_from(since.subsec_nanos()));
        let now = Timestamp::new(seconds.unwrap_or(i64::MAX), nanos.unwrap_or_default());
        // A clock beyond the year 9999 is as broken as one at the end of it: everything is over.
        now.unwrap_or(Timestamp::MAX)
    }

    #[expect(
        clippy::expect_used,
        reason = "a secret that could be guessed is worse than a function that stops"
    )]
    fn random(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system has randomness");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_is_later_than_the_day_this_was_written_and_chance_does_not_repeat() {
        assert!(Machine.now() > "2026-11-01T00:00:00Z".parse().unwrap());
        assert_ne!(Machine.random(), Machine.random());
    }
}
