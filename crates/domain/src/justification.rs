//! Why access is asked for, in the requester's words, and the ticket it belongs to.

use crate::BadInput;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Characters a justification may have.
pub const LONGEST_JUSTIFICATION: usize = 4096;

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $accept:expr, $field:literal, $advice:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadInput;
            fn from_str(text: &str) -> Result<Self, BadInput> {
                let accept: fn(&str) -> bool = $accept;
                if accept(text) { Ok(Self(text.to_owned())) } else { Err(BadInput::new($field, $advice)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadInput;
            fn try_from(text: String) -> Result<Self, BadInput> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    };
}

text!(
    /// Kept exactly as it was written; whoever shows it escapes it for the place where it is shown.
    Justification,
    |text| !text.trim().is_empty() && text.chars().count() <= LONGEST_JUSTIFICATION,
    "justification",
    "must say why, in 1 to 4,096 characters"
);
impl Justification {
    /// Without the space around it.
    #[must_use]
    pub fn characters(&self) -> u32 {
        u32::try_from(self.as_str().trim().chars().count()).unwrap_or(u32::MAX)
    }
}

text!(
    /// A reference into somebody's tracker, such as `OPS-1234`.
    Ticket,
    |text| (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()),
    "ticket",
    "must be a reference of 1 to 128 printable ASCII characters without spaces"
);
text!(
    /// What an approver or requester says with a decision.
    Comment,
    |text| !text.trim().is_empty() && text.chars().count() <= 1024,
    "comment",
    "must be 1 to 1,024 characters, or be left out"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_required_and_bounded_and_may_use_any_script() {
        assert!(" \n\t".parse::<Justification>().is_err());
        assert!("ü".repeat(4096).parse::<Justification>().is_ok());
        assert!("ü".repeat(4097).parse::<Justification>().is_err());
        assert!("調査\u{0}<script>\r\n=cmd()".parse::<Justification>().is_ok());
    }

    #[test]
    fn a_reason_is_as_long_as_it_has_characters_and_space_around_it_says_nothing() {
        let of = |text: &str| text.parse::<Justification>().unwrap().characters();
        assert_eq!([of("調査"), of(" ü \n"), of("a b")], [2, 1, 3]);
    }

    #[test]
    fn a_ticket_is_one_printable_word() {
        assert!("OPS-1234".parse::<Ticket>().is_ok());
        assert!("OPS 1234".parse::<Ticket>().is_err());
        assert!("OPS\n1234".parse::<Ticket>().is_err());
    }
}
