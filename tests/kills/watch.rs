//! Looks over a person's shoulder from the asking on: could they read, and was that over when the window was?

use crate::life::Life;
use crate::patience::{LONG, left, until};
use std::thread::sleep;
use std::time::{Duration, Instant};
use stint_local::probe::Access;

const EVERY: Duration = Duration::from_millis(300);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// At some time they could.
    pub(crate) allowed: bool,
    /// There was a window, and at its end they could not.
    pub(crate) denied_at_the_end: bool,
}

/// Watches until the window is over, or the request is without ever having had one.
pub(crate) fn watch(life: &Life<'_>) -> Seen {
    let mut allowed = false;
    let began = Instant::now();
    while began.elapsed() < LONG {
        allowed |= life.access() == Access::Allowed;
        match life.ends_at() {
            Some(end) if left(end) <= 300 => {
                until(end);
                assert_eq!(life.access(), Access::Denied, "{} at the end of the window", life.id);
                return Seen { allowed, denied_at_the_end: true };
            }
            None if life.over().is_some() => {
                assert!(!allowed, "{} had access without a window on record", life.id);
                return Seen { allowed, denied_at_the_end: false };
            }
            _ => sleep(EVERY),
        }
    }
    panic!("{} has neither a window nor an end", life.id)
}
