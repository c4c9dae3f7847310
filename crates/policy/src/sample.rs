//! The people of `policies/organisation.toml`, for tests, seeding and the demonstration. Never built into a function.

use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeSet;
use stint_domain::hours::WorkingHours;
use stint_domain::ids::{GroupName, IamUserName, PrincipalId};
use stint_domain::principal::{Contract, Engagement, Kind, Person};

/// Somebody of the sample organisation, before a directory has given them an id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplePerson {
    pub username: String,
    pub display_name: String,
    pub email: String,
    pub kind: Kind,
    pub groups: BTreeSet<GroupName>,
    pub iam_user: Option<IamUserName>,
    pub department: Option<String>,
    pub working_hours: Option<WorkingHours>,
    /// The user name of whom they report to.
    pub manager: Option<String>,
    /// The user name of whoever answers for a contractor.
    pub sponsor: Option<String>,
    pub contract_ends_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    person: Vec<SamplePerson>,
}

impl SamplePerson {
    /// The sponsor under the user name as identity, as in every directory of the tests; so is the manager.
    fn contract(&self) -> Option<Contract> {
        let sponsor = self.sponsor.as_ref()?.parse().ok()?;
        Some(Contract { sponsor, ends_at: self.contract_ends_at? })
    }

    /// What the directory would say of them, once it calls them `id`.
    #[must_use]
    pub fn person(&self, id: PrincipalId) -> Person {
        Person {
            id,
            display_name: self.display_name.clone(),
            email: Some(self.email.clone()),
            engagement: Engagement::new(self.kind, self.contract()),
            groups: self.groups.clone(),
            department: self.department.clone(),
            working_hours: self.working_hours.clone(),
            manager: self.manager.as_ref().and_then(|name| name.parse().ok()),
            iam_user: self.iam_user.clone(),
        }
    }
}

/// Everybody of a file of this form, in its order.
///
/// # Errors
/// With the place in the text, where that is known.
pub fn read(text: &str) -> Result<Vec<SamplePerson>, toml::de::Error> {
    Ok(toml::from_str::<File>(text)?.person)
}

/// Everybody, in the file's order.
#[must_use]
#[expect(clippy::expect_used, reason = "the file is built in, and every test of this crate reads it")]
pub fn organisation() -> Vec<SamplePerson> {
    let text = include_str!(concat!(env!("OUT_DIR"), "/organisation.toml"));
    read(text).expect("organisation.toml is readable")
}
