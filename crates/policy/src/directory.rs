//! The directory as a file beside the policies, for organisations whose token issuer is not the stack's own user pool.
//!
//! Guards: what is in it means what it says or is not taken at all; whoever is not in it is nobody. It is no part of the
//! policy version: people come and go without a change of policy.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use stint_domain::hours::WorkingHours;
use stint_domain::ids::{GroupName, IamUserName, PrincipalId};
use stint_domain::principal::{Contract, Engagement, Kind, Person};
use thiserror::Error;

/// Everybody, by the `sub` of their tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirectoryFile(BTreeMap<PrincipalId, Person>);

#[derive(Debug, Error)]
pub enum BadDirectory {
    #[error("no directory.toml is built in, and no user pool is configured")]
    Missing,
    #[error("directory.toml cannot be read")]
    Unreadable(#[source] serde_json::Error),
    #[error("`{0}` stands there twice")]
    Twice(PrincipalId),
    #[error("`{id}` names `{named}`, who is not there")]
    Unknown { id: PrincipalId, named: PrincipalId },
    #[error("`{0}` has a sponsor or an end of contract, which contractors have, and they have both")]
    Contract(PrincipalId),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    person: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: PrincipalId,
    display_name: String,
    email: Option<String>,
    kind: Kind,
    #[serde(default)]
    groups: BTreeSet<GroupName>,
    department: Option<String>,
    manager: Option<PrincipalId>,
    working_hours: Option<WorkingHours>,
    iam_user: Option<IamUserName>,
    sponsor: Option<PrincipalId>,
    contract_ends_at: Option<jiff::Timestamp>,
}

impl DirectoryFile {
    /// The one that was built in.
    ///
    /// # Errors
    /// [`BadDirectory::Missing`], if there is none.
    pub fn embedded() -> Result<Self, BadDirectory> {
        match include_str!(concat!(env!("OUT_DIR"), "/directory.json")) {
            "" => Err(BadDirectory::Missing),
            json => Self::from_json(json),
        }
    }

    /// In the form of `directory.toml`.
    ///
    /// # Errors
    /// [`BadDirectory`], the first fault.
    pub fn from_json(json: &str) -> Result<Self, BadDirectory> {
        let file: File = serde_json::from_str(json).map_err(BadDirectory::Unreadable)?;
        let mut people = BTreeMap::new();
        for entry in file.person {
            let person = entry.read()?;
            if let Some(earlier) = people.insert(person.id.clone(), person) {
                return Err(BadDirectory::Twice(earlier.id));
            }
        }
        people.values().try_for_each(|person| names_only(person, &people))?;
        Ok(Self(people))
    }

    #[must_use]
    pub fn person(&self, id: &PrincipalId) -> Option<&Person> {
        self.0.get(id)
    }

    pub fn members(&self, group: &GroupName) -> impl Iterator<Item = &Person> {
        self.0.values().filter(move |person| person.groups.contains(group))
    }
}

impl Entry {
    fn read(self) -> Result<Person, BadDirectory> {
        let contract = match (self.kind, self.sponsor, self.contract_ends_at) {
            (Kind::Contractor, Some(sponsor), Some(ends_at)) => Some(Contract { sponsor, ends_at }),
            (_, None, None) => None,
            _ => return Err(BadDirectory::Contract(self.id)),
        };
        Ok(Person {
            id: self.id,
            display_name: self.display_name,
            email: self.email,
            engagement: Engagement::new(self.kind, contract),
            groups: self.groups,
            department: self.department,
            manager: self.manager,
            working_hours: self.working_hours,
            iam_user: self.iam_user,
        })
    }
}

/// A slip of the pen must not leave somebody without a manager or a sponsor.
fn names_only(person: &Person, people: &BTreeMap<PrincipalId, Person>) -> Result<(), BadDirectory> {
    let sponsor = person.engagement.contract().map(|contract| &contract.sponsor);
    match person.manager.iter().chain(sponsor).find(|named| !people.contains_key(*named)) {
        Some(named) => Err(BadDirectory::Unknown { id: person.id.clone(), named: named.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const HOURS: &str = "mon-fri 08:00-18:00 Europe/Berlin";

    fn read(people: &[Value]) -> Result<DirectoryFile, BadDirectory> {
        DirectoryFile::from_json(&json!({ "person": people }).to_string())
    }

    fn entry(id: &str, more: Value) -> Value {
        let mut entry = json!({ "id": id, "display_name": id, "kind": "employee", "groups": ["leads"] });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    }

    #[test]
    fn everybody_is_found_by_id_and_group_and_nobody_else_is() {
        let ends = "2030-12-31T23:00:00Z";
        let dora =
            json!({ "kind": "contractor", "sponsor": "ben", "contract_ends_at": ends, "groups": ["guests"] });
        let all = [
            entry("ana", json!({ "manager": "ben", "department": "engineering", "working_hours": HOURS })),
            entry("ben", json!({})),
            entry("dora", dora),
        ];
        let directory = read(&all).unwrap();
        let id = |name: &str| name.parse::<PrincipalId>().unwrap();
        let ana = directory.person(&id("ana")).unwrap();
        assert_eq!((ana.manager.clone(), ana.department.as_deref()), (Some(id("ben")), Some("engineering")));
        assert_eq!(ana.working_hours, Some(HOURS.parse().unwrap()));
        let contract = directory.person(&id("dora")).unwrap().engagement.contract().unwrap();
        assert_eq!((contract.sponsor.clone(), contract.ends_at), (id("ben"), ends.parse().unwrap()));
        assert_eq!(directory.person(&id("eva")), None);
        let members = |group: &str| {
            let group = group.parse().unwrap();
            directory.members(&group).map(|person| person.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            (members("leads"), members("guests")),
            (vec!["ana".to_owned(), "ben".to_owned()], vec!["dora".to_owned()])
        );
        assert!(members("nobody").is_empty());
    }

    #[test]
    fn what_could_be_meant_otherwise_is_not_taken() {
        let wrong = [
            vec![entry("ana", json!({})), entry("ana", json!({}))],
            vec![entry("ana", json!({ "manager": "ghost" }))],
            vec![entry("ana", json!({ "sponsor": "ana" }))],
            vec![entry("ana", json!({ "kind": "contractor", "sponsor": "ana" }))],
            vec![entry("ana", json!({ "kind": "contractor", "contract_ends_at": "2030-12-31T23:00:00Z" }))],
            vec![entry("ana", json!({ "kind": "boss" }))],
            vec![entry("ana", json!({ "groups": "leads" }))],
            vec![entry("ana", json!({ "working_hours": "always" }))],
            vec![entry("ana", json!({ "groups": ["Leads and others"] }))],
            vec![entry("ana", json!({ "admin": true }))],
            vec![json!({ "id": "ana", "kind": "employee" })],
        ];
        for people in wrong {
            assert!(read(&people).is_err(), "{people:?}");
        }
        assert!(read(&[entry("ana", json!({ "kind": "contractor" }))]).is_ok(), "of no use, and clear");
        assert!(matches!(DirectoryFile::embedded(), Err(BadDirectory::Missing)), "the sample has none");
    }
}
