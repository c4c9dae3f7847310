//! The sample organisation as a directory.

use super::World;
use super::vault::Vaulted;
use std::collections::BTreeMap;
use stint_app::ports::{Directory, DirectoryError};
use stint_domain::ids::{GroupName, PrincipalId, SecretName};
use stint_domain::principal::Person;
use stint_policy::sample::SamplePerson;

/// Everybody of the sample organisation, under their user name as identity.
pub(super) fn sample_people() -> BTreeMap<PrincipalId, Person> {
    let people = stint_policy::sample::organisation();
    let person = |sample: &SamplePerson| {
        let id: PrincipalId = sample.username.parse().ok()?;
        Some((id.clone(), sample.person(id)))
    };
    people.iter().filter_map(person).collect()
}

impl Directory for World {
    async fn person(&self, id: &PrincipalId) -> Result<Option<Person>, DirectoryError> {
        self.interrupted();
        Ok(self.state().people.get(id).cloned())
    }

    async fn members(&self, group: &GroupName) -> Result<Vec<Person>, DirectoryError> {
        Ok(self.state().people.values().filter(|person| person.groups.contains(group)).cloned().collect())
    }
}

/// The vaulted secrets of the sample catalog.
pub(super) fn sample_vault() -> BTreeMap<SecretName, Vaulted> {
    let names = ["stint/vault/orders-owner", "stint/vault/reports-key"]
        .into_iter()
        .filter_map(|name| name.parse().ok());
    names.map(|name: SecretName| (name.clone(), Vaulted::fresh(&name))).collect()
}
