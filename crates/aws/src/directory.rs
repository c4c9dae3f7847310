//! The directory in a Cognito user pool.
//!
//! Guards: somebody disabled is nobody; what an administrator left out counts as the least trusted. It must not know
//! tokens: who is signed in is none of its business.

use crate::client::OnFirstUse;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, UserType};
use aws_types::SdkConfig;
use futures_util::{StreamExt as _, TryStreamExt as _};
use std::collections::BTreeSet;
use std::error::Error;
use stint_app::ports::{Directory, DirectoryError};
use stint_domain::hours::WorkingHours;
use stint_domain::ids::{GroupName, PrincipalId};
use stint_domain::principal::{Contract, Engagement, Kind, Person};

/// How many members' groups are read at the same time: Cognito's rate for this is low.
const READS_AT_ONCE: usize = 5;

pub struct UserPool {
    client: OnFirstUse<Client>,
    pool: String,
}

impl UserPool {
    #[must_use]
    pub fn new(config: &SdkConfig, pool: String) -> Self {
        Self { client: OnFirstUse::new(config, Client::new), pool }
    }

    /// With all groups that Stint has names for; no policy can mean another.
    async fn with_groups(&self, user: &UserType) -> Result<Person, DirectoryError> {
        let name = user.username().unwrap_or_default();
        let pages = self.client.get().admin_list_groups_for_user().user_pool_id(&self.pool).username(name);
        let groups = pages.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let groups = groups.map_err(unavailable)?;
        let named = groups.iter().filter_map(|group| group.group_name()?.parse().ok()).collect();
        person(name, user.attributes(), named)
    }
}

impl Directory for UserPool {
    async fn person(&self, id: &PrincipalId) -> Result<Option<Person>, DirectoryError> {
        // INVARIANT: the alphabet of a PrincipalId has neither quotes nor backslashes.
        let found = self
            .client
            .get()
            .list_users()
            .user_pool_id(&self.pool)
            .filter(format!("sub = \"{id}\""))
            .limit(1);
        let found = found.send().await.map_err(unavailable)?;
        match found.users().iter().find(|user| user.enabled()) {
            Some(user) => Ok(Some(self.with_groups(user).await?).filter(|person| person.id == *id)),
            None => Ok(None),
        }
    }

    async fn members(&self, group: &GroupName) -> Result<Vec<Person>, DirectoryError> {
        let pages =
            self.client.get().list_users_in_group().user_pool_id(&self.pool).group_name(group.as_str());
        let users = match pages.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await {
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(Vec::new()),
            users => users.map_err(unavailable)?,
        };
        let enabled: Vec<_> = users.into_iter().filter(UserType::enabled).collect();
        let people: Vec<_> = enabled.iter().map(|user| self.with_groups(user)).collect();
        futures_util::stream::iter(people).buffered(READS_AT_ONCE).try_collect().await
    }
}

fn person(
    username: &str,
    attributes: &[AttributeType],
    groups: BTreeSet<GroupName>,
) -> Result<Person, DirectoryError> {
    let attribute =
        |name| attributes.iter().find(|one| one.name() == name)?.value().filter(|text| !text.is_empty());
    let id = attribute("sub").unwrap_or_default().parse();
    let id =
        id.map_err(|cause| DirectoryError::Corrupt { entry: username.to_owned(), cause: Box::new(cause) })?;
    Ok(Person {
        id,
        display_name: attribute("name").unwrap_or(username).to_owned(),
        email: attribute("email").map(str::to_owned),
        engagement: Engagement::new(kind(attribute("custom:kind")), contract(&attribute)),
        groups,
        department: attribute("custom:department").map(str::to_owned),
        working_hours: working_hours(attribute("custom:working_hours")),
        manager: attribute("custom:manager").and_then(|id| id.parse().ok()),
        // A name that IAM itself would not take is none: whoever has it cannot be elevated.
        iam_user: attribute("custom:iam_user").and_then(|name| name.parse().ok()),
    })
}

/// Half a contract, or one that cannot be read, is none.
fn contract<'a>(attribute: &impl Fn(&'static str) -> Option<&'a str>) -> Option<Contract> {
    let sponsor = attribute("custom:sponsor")?.parse().ok()?;
    Some(Contract { sponsor, ends_at: attribute("custom:contract_ends_at")?.parse().ok()? })
}

/// Somebody of no known kind is treated as a contractor, of whom policy trusts the least.
fn kind(attribute: Option<&str>) -> Kind {
    match attribute {
        Some("employee") => Kind::Employee,
        Some("service") => Kind::Service,
        _ => Kind::Contractor,
    }
}

/// Hours that cannot be read are none at all, so that a slip of the pen opens nothing.
fn working_hours(attribute: Option<&str>) -> Option<WorkingHours> {
    attribute.map(|text| text.parse().unwrap_or_else(|_| WorkingHours::never()))
}

fn unavailable(cause: impl Error + Send + Sync + 'static) -> DirectoryError {
    DirectoryError::Unavailable(Box::new(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answers, config};
    use serde_json::json;

    fn directory(answers: &[(u16, &str)]) -> (UserPool, Answers) {
        let answers = Answers::in_order(answers);
        (UserPool::new(&config(&answers), "pool".to_owned()), answers)
    }

    fn user(sub: &str, enabled: bool, more: &[(&str, &str)]) -> serde_json::Value {
        let attributes: Vec<_> = [("sub", sub)]
            .iter()
            .chain(more)
            .map(|(name, value)| json!({"Name": name, "Value": value}))
            .collect();
        json!({"Username": format!("{sub}-name"), "Enabled": enabled, "Attributes": attributes})
    }

    fn users(users: &[serde_json::Value]) -> String {
        json!({ "Users": users }).to_string()
    }

    #[tokio::test]
    async fn a_person_has_their_attributes_and_all_pages_of_groups() {
        let all = [
            ("name", "Ana"),
            ("email", "ana@example.org"),
            ("custom:kind", "employee"),
            ("custom:iam_user", "ana"),
            ("custom:department", "engineering"),
            ("custom:working_hours", "mon-fri 08:00-18:00 Europe/Berlin"),
        ];
        let (directory, answers) = directory(&[
            (200, &users(&[user("s-1", true, &all)])),
            (200, r#"{"Groups":[{"GroupName":"dev"}],"NextToken":"t"}"#),
            (200, r#"{"Groups":[{"GroupName":"on-call"},{"GroupName":"no name of ours"}]}"#),
        ]);
        let ana = directory.person(&"s-1".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!((ana.display_name.as_str(), ana.email.as_deref()), ("Ana", Some("ana@example.org")));
        assert_eq!(ana.department.as_deref(), Some("engineering"));
        assert_eq!(ana.working_hours, Some("mon-fri 08:00-18:00 Europe/Berlin".parse().unwrap()));
        assert_eq!((ana.engagement, ana.iam_user), (Engagement::Employed, Some("ana".parse().unwrap())));
        assert_eq!(ana.groups, ["dev", "on-call"].map(|name| name.parse().unwrap()).into());
        assert!(answers.sent()[0].contains(r#""Filter":"sub = \"s-1\"""#), "{}", answers.sent()[0]);
        assert!(answers.sent()[1].contains(r#""Username":"s-1-name""#));
    }

    #[tokio::test]
    async fn somebody_disabled_or_unknown_is_nobody() {
        for found in [users(&[user("s-1", false, &[])]), users(&[])] {
            let (directory, _) = directory(&[(200, &found)]);
            assert_eq!(directory.person(&"s-1".parse().unwrap()).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn what_an_administrator_left_out_counts_as_the_least_trusted() {
        let (directory, _) = directory(&[
            (
                200,
                &users(&[user(
                    "s-1",
                    true,
                    &[("custom:iam_user", "a b"), ("custom:working_hours", "always")],
                )]),
            ),
            (200, r#"{"Groups":[]}"#),
        ]);
        let person = directory.person(&"s-1".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(person.engagement, Engagement::Contracted(None));
        assert_eq!((person.iam_user, person.groups.len()), (None, 0));
        assert_eq!(person.working_hours, Some(WorkingHours::never()), "a slip of the pen opens nothing");
        let said = (person.department, person.manager);
        assert_eq!(said, (None, None));
    }

    #[tokio::test]
    async fn a_contract_needs_both_its_sponsor_and_its_end_and_a_form_that_can_be_read() {
        let of = async |more: &[(&str, &str)]| {
            let (directory, _) =
                directory(&[(200, &users(&[user("s-1", true, more)])), (200, r#"{"Groups":[]}"#)]);
            directory.person(&"s-1".parse().unwrap()).await.unwrap().unwrap().engagement
        };
        let kind = ("custom:kind", "contractor");
        let (sponsor, end) = (("custom:sponsor", "s-2"), ("custom:contract_ends_at", "2030-12-31T23:00:00Z"));
        let whole = Contract { sponsor: "s-2".parse().unwrap(), ends_at: end.1.parse().unwrap() };
        assert_eq!(of(&[kind, sponsor, end]).await, Engagement::Contracted(Some(whole)));
        for half in [&[kind, sponsor][..], &[kind, end], &[kind, sponsor, (end.0, "some day")]] {
            assert_eq!(of(half).await, Engagement::Contracted(None), "{half:?}");
        }
        assert_eq!(of(&[("custom:kind", "employee"), sponsor, end]).await, Engagement::Employed);
    }

    #[tokio::test]
    async fn the_members_of_a_group_are_those_enabled_and_no_such_group_has_none() {
        let (one, _) = directory(&[
            (200, &users(&[user("s-1", true, &[]), user("s-2", false, &[])])),
            (200, r#"{"Groups":[{"GroupName":"dev"}]}"#),
        ]);
        let members = one.members(&"dev".parse().unwrap()).await.unwrap();
        assert_eq!(members.iter().map(|person| person.id.as_str()).collect::<Vec<_>>(), ["s-1"]);
        let (none, _) = directory(&[(400, r#"{"__type":"ResourceNotFoundException"}"#)]);
        assert!(none.members(&"dev".parse().unwrap()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_directory_that_does_not_answer_knows_neither_who_is_there_nor_who_is_not() {
        let (directory, _) = directory(&[(400, r#"{"__type":"NotAuthorizedException"}"#)]);
        let person = directory.person(&"s-1".parse().unwrap()).await;
        assert!(matches!(person, Err(DirectoryError::Unavailable(_))));
    }
}
