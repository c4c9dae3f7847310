//! How long access is asked for.

use crate::BadInput;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The longest any window may be, with its lead and its approval wait, in seconds: 364 days. A Step Functions
/// execution lives a year, and the removal has to happen within it.
pub const LONGEST_SECONDS: u32 = 364 * 24 * 60 * 60;

/// A length of access in whole seconds: never zero, never over [`LONGEST_SECONDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct AccessDuration(u32);

impl AccessDuration {
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    #[must_use]
    pub fn as_signed(self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.0))
    }
}

impl TryFrom<u32> for AccessDuration {
    type Error = BadInput;
    fn try_from(seconds: u32) -> Result<Self, BadInput> {
        if (1..=LONGEST_SECONDS).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(BadInput::new("duration", "must be longer than nothing and at most 364 days"))
        }
    }
}

impl From<AccessDuration> for u32 {
    fn from(duration: AccessDuration) -> Self {
        duration.0
    }
}

/// Reads `30m`, `1h 30m` or ISO 8601's `PT30M`. Fractions of a second are refused, not rounded.
impl FromStr for AccessDuration {
    type Err = BadInput;
    fn from_str(text: &str) -> Result<Self, BadInput> {
        const ADVICE: BadInput =
            BadInput::new("duration", "must be a length of time such as 30m, 1h30m or PT30M");
        let length: SignedDuration = text.parse().map_err(|_| ADVICE)?;
        if length.subsec_nanos() != 0 {
            return Err(ADVICE);
        }
        let seconds = u32::try_from(length.as_secs()).unwrap_or(0);
        Self::try_from(seconds)
    }
}

/// ISO 8601, as the API answers it.
impl fmt::Display for AccessDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_signed())
    }
}

/// For people: `1 h 30 min`.
impl AccessDuration {
    #[must_use]
    pub fn in_words(self) -> String {
        let parts = [
            (self.0 / 86_400, "d"),
            (self.0 / 3_600 % 24, "h"),
            (self.0 / 60 % 60, "min"),
            (self.0 % 60, "s"),
        ];
        let shown: Vec<_> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
        shown.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_and_machines_write_the_same_length_in_their_own_way() {
        let half_hour = AccessDuration::try_from(1800).ok();
        for text in ["30m", "PT30M", "PT1800S", "30 minutes"] {
            assert_eq!(text.parse().ok(), half_hour, "{text}");
        }
        assert_eq!(
            "1h30m".parse::<AccessDuration>().map(AccessDuration::in_words),
            Ok("1 h 30 min".to_owned())
        );
    }

    #[test]
    fn nothing_negative_zero_endless_fractional_or_garbled_is_a_duration() {
        for text in ["", "0s", "-5m", "P400D", "8737h", "1.5s", "soon", "9".repeat(400).as_str(), "30", "PT"]
        {
            assert!(text.parse::<AccessDuration>().is_err(), "{text}");
        }
        assert!("8736h".parse::<AccessDuration>().is_ok(), "364 days are still allowed");
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(seconds in 1..=LONGEST_SECONDS) {
            let duration = AccessDuration::try_from(seconds).unwrap();
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in ".{0,64}") {
            let _ = text.parse::<AccessDuration>();
        }
    }
}
