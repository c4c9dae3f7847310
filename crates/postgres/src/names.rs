//! Names of roles and databases, checked before they come near a statement and quoted when they get there.
//!
//! Guards: a name that tries to be SQL is refused by its type, so that it is refused at creation, rotation and removal
//! alike; and nobody becomes a member of a role that is the server's own.

use std::fmt;
use thiserror::Error;
use uuid::Uuid;

/// PostgreSQL cuts longer ones off without a word, and two names become one.
const LONGEST: usize = 63;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadName {
    #[error("a role's name has 1 to 63 letters, digits, `_`, `-` or `.`, the first a letter or `_`")]
    Form,
    #[error("a role of the server's or of Stint's own has no members for an hour")]
    Reserved,
}

/// The name of a role, such as a login's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier(String);

impl Identifier {
    pub fn new(text: &str) -> Result<Self, BadName> {
        let mut letters = text.bytes();
        let first = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == b'_');
        let rest = letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.'));
        let fits = first && rest && text.len() <= LONGEST;
        if fits { Ok(Self(text.to_owned())) } else { Err(BadName::Form) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a name in a statement: case kept, and no keyword.
    pub(crate) fn quoted(&self) -> String {
        quote(&self.0)
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Any name as one word of a statement.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A role that others can be members of for as long as a grant lasts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberRole(Identifier);

impl MemberRole {
    pub fn new(text: &str) -> Result<Self, BadName> {
        let name = Identifier::new(text)?;
        // Up to version 15 whoever may make roles may give these away, and some of them are as good as the server.
        let lower = text.to_ascii_lowercase();
        let reserved =
            ["pg_", "rds", "stint_"].iter().any(|its| lower.starts_with(its)) || lower == "postgres";
        if reserved { Err(BadName::Reserved) } else { Ok(Self(name)) }
    }

    #[must_use]
    pub const fn name(&self) -> &Identifier {
        &self.0
    }
}

/// The role of one grant. Its name is the grant's id, so one grant's end never takes another's role.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoleName(Identifier);

impl RoleName {
    #[must_use]
    pub fn of(grant: Uuid) -> Self {
        Self(Identifier(format!("stint_{}", grant.simple())))
    }

    #[must_use]
    pub const fn name(&self) -> &Identifier {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_and_services_pass() {
        for good in ["orders_app", "a", "_x", "Billing-2.reader", &"n".repeat(63)] {
            assert_eq!(Identifier::new(good).map(|name| name.to_string()), Ok(good.to_owned()));
        }
    }

    #[test]
    fn names_that_try_to_be_sql_do_not() {
        let tries = [
            "",
            "x\"; DROP ROLE y;--",
            "x'--",
            "a b",
            "a;b",
            "1a",
            "-a",
            "ü",
            "a\0",
            "a\n",
            "$$",
            "a\\",
            "a/*",
        ];
        for bad in tries.iter().copied().chain([&*"n".repeat(64)]) {
            assert_eq!(Identifier::new(bad), Err(BadName::Form), "{bad:?}");
            assert_eq!(MemberRole::new(bad), Err(BadName::Form), "{bad:?}");
        }
    }

    #[test]
    fn nobody_becomes_a_member_of_what_is_the_servers_or_stints_own() {
        let own = [
            "pg_execute_server_program",
            "PG_read_all_data",
            "rds_superuser",
            "rdsadmin",
            "stint_admin",
            "postgres",
        ];
        for reserved in own {
            assert_eq!(MemberRole::new(reserved), Err(BadName::Reserved), "{reserved}");
        }
        assert!(MemberRole::new("orders_reader").is_ok());
    }

    #[test]
    fn a_quote_in_a_name_cannot_end_it() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
    }
}
