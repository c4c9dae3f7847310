//! Who people are: as the user pool says, or the file beside the policies where there is no pool.

use stint_app::ports::{Directory, DirectoryError};
use stint_domain::ids::{GroupName, PrincipalId};
use stint_domain::principal::Person;
use stint_policy::{BadDirectory, DirectoryFile};

pub enum People<P> {
    Pool(P),
    File(DirectoryFile),
}

impl<P> People<P> {
    /// As `pool` is configured, or not.
    ///
    /// # Errors
    /// [`BadDirectory`] without a pool and without a file: nobody could be known.
    pub fn of(pool: Option<String>, open: impl FnOnce(String) -> P) -> Result<Self, BadDirectory> {
        Ok(match pool {
            Some(pool) => Self::Pool(open(pool)),
            None => Self::File(DirectoryFile::embedded()?),
        })
    }
}

impl<P: Directory> Directory for People<P> {
    async fn person(&self, id: &PrincipalId) -> Result<Option<Person>, DirectoryError> {
        match self {
            Self::Pool(pool) => pool.person(id).await,
            Self::File(file) => Ok(file.person(id).cloned()),
        }
    }

    async fn members(&self, group: &GroupName) -> Result<Vec<Person>, DirectoryError> {
        match self {
            Self::Pool(pool) => pool.members(group).await,
            Self::File(file) => Ok(file.members(group).cloned().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use stint_policy::sample::{SamplePerson, organisation};
    use stint_test_support::contracts::people_are_found_by_id_and_by_group_and_nobody_else_is;
    use stint_test_support::world::World;

    fn entry(person: &SamplePerson) -> Value {
        json!({
            "id": person.username, "display_name": person.display_name, "email": person.email, "kind": person.kind,
            "groups": person.groups, "manager": person.manager, "iam_user": person.iam_user,
            "department": person.department, "working_hours": person.working_hours,
            "sponsor": person.sponsor, "contract_ends_at": person.contract_ends_at,
        })
    }

    #[tokio::test]
    async fn the_file_says_what_a_pool_would() {
        let people: Vec<_> = organisation().iter().map(entry).collect();
        let file = DirectoryFile::from_json(&json!({ "person": people }).to_string()).unwrap();
        let (file, pool) = (People::<World>::File(file), People::Pool(World::default()));
        let ben = pool.person(&"ben".parse().unwrap()).await.unwrap().unwrap();
        people_are_found_by_id_and_by_group_and_nobody_else_is(&pool, &ben).await;
        people_are_found_by_id_and_by_group_and_nobody_else_is(&file, &ben).await;
        for person in organisation() {
            let id = person.username.parse().unwrap();
            assert_eq!(file.person(&id).await.unwrap(), pool.person(&id).await.unwrap());
        }
    }

    #[test]
    fn without_a_pool_and_without_a_file_nothing_starts() {
        assert!(People::of(None, |_| World::default()).is_err());
        assert!(People::of(Some("pool".to_owned()), |_| World::default()).is_ok());
    }
}
