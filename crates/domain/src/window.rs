//! The time in which access exists.
//!
//! Guards: every window ends; both ends are whole UTC seconds (a Step Functions wait drops fractions, and IAM
//! compares whole seconds, so an end with a fraction would be reached at different times by different enforcers).

use crate::duration::{AccessDuration, LONGEST_SECONDS};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// `[starts_at, ends_at)`, in whole UTC seconds. The end itself is outside: at `ends_at` access is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Bounds")]
pub struct Window {
    starts_at: Timestamp,
    ends_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WindowError {
    #[error("the window does not end after it starts")]
    Empty,
    #[error("the window is longer than 364 days")]
    TooLong,
    #[error("a bound of the window is not a whole second")]
    Fractional,
    #[error("the window ends after the last representable time")]
    OutOfRange,
}

#[derive(Deserialize)]
struct Bounds {
    starts_at: Timestamp,
    ends_at: Timestamp,
}

impl TryFrom<Bounds> for Window {
    type Error = WindowError;
    fn try_from(bounds: Bounds) -> Result<Self, WindowError> {
        Self::between(bounds.starts_at, bounds.ends_at)
    }
}

impl Window {
    /// The window that opens now and lasts `duration`.
    pub fn opening(now: Timestamp, duration: AccessDuration) -> Result<Self, WindowError> {
        let starts_at = whole_second(now);
        let ends_at = starts_at.checked_add(duration.as_signed()).map_err(|_| WindowError::OutOfRange)?;
        Self::between(starts_at, ends_at)
    }

    pub fn between(starts_at: Timestamp, ends_at: Timestamp) -> Result<Self, WindowError> {
        if starts_at.subsec_nanosecond() != 0 || ends_at.subsec_nanosecond() != 0 {
            return Err(WindowError::Fractional);
        }
        match ends_at.as_second() - starts_at.as_second() {
            ..=0 => Err(WindowError::Empty),
            length if length > i64::from(LONGEST_SECONDS) => Err(WindowError::TooLong),
            _ => Ok(Self { starts_at, ends_at }),
        }
    }

    /// The same window with a later end.
    pub fn extended(&self, by: AccessDuration) -> Result<Self, WindowError> {
        let ends_at = self.ends_at.checked_add(by.as_signed()).map_err(|_| WindowError::OutOfRange)?;
        Self::between(self.starts_at, ends_at)
    }

    #[must_use]
    pub const fn starts_at(&self) -> Timestamp {
        self.starts_at
    }

    #[must_use]
    pub const fn ends_at(&self) -> Timestamp {
        self.ends_at
    }

    /// How long it is, in seconds.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.ends_at.as_second() - self.starts_at.as_second()
    }

    /// Equal means over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.ends_at
    }
}

/// The second that `at` lies in.
#[must_use]
pub fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second() - i64::from(at.subsec_nanosecond() < 0)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_ends_at_its_end_and_not_a_moment_later() {
        let window = Window::opening(at("2026-11-22T10:00:00.9Z"), "30m".parse().unwrap()).unwrap();
        assert_eq!(window.ends_at(), at("2026-11-22T10:30:00Z"));
        assert!(!window.is_over(at("2026-11-22T10:29:59.999999999Z")));
        assert!(window.is_over(at("2026-11-22T10:30:00Z")));
    }

    #[test]
    fn a_stored_window_that_never_ends_or_ends_in_between_seconds_is_refused() {
        let read = |text: &str| serde_json::from_str::<Window>(text);
        assert!(read(r#"{"starts_at":"2026-11-22T10:00:00Z","ends_at":"2026-11-22T10:30:00Z"}"#).is_ok());
        assert!(read(r#"{"starts_at":"2026-11-22T10:00:00Z","ends_at":"2026-11-22T10:00:00Z"}"#).is_err());
        assert!(read(r#"{"starts_at":"2026-11-22T10:00:00Z","ends_at":"2026-11-22T10:30:00.5Z"}"#).is_err());
        assert!(read(r#"{"starts_at":"2026-11-22T10:00:00Z","ends_at":"2027-11-22T10:00:01Z"}"#).is_err());
        assert!(read(r#"{"starts_at":"2026-11-22T10:00:00Z"}"#).is_err());
    }

    proptest! {
        #[test]
        fn every_window_lasts_exactly_what_was_granted(
            second in -60_000_000_000i64..200_000_000_000, nano in 0..1_000_000_000i32, length in 1..=LONGEST_SECONDS
        ) {
            let now = Timestamp::new(second, nano).unwrap();
            let window = Window::opening(now, AccessDuration::try_from(length).unwrap()).unwrap();
            prop_assert_eq!(window.ends_at().as_second() - window.starts_at().as_second(), i64::from(length));
            prop_assert!(window.starts_at() <= now && now.as_second() - window.starts_at().as_second() <= 1);
            prop_assert!(!window.is_over(window.starts_at()) && window.is_over(window.ends_at()));
        }
    }
}
