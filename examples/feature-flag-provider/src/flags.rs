//! The table of features: `feature` and `grant` are its key, `who` and `until` what the application reads.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use stint_provider::{Call, Failure, Look, Target};

pub(crate) struct Flags {
    pub(crate) client: Client,
    pub(crate) table: String,
    /// There are no others.
    pub(crate) features: Vec<String>,
}

impl Target for Flags {
    /// One item to a grant: written again, it has the later end. Another grant of the same person has its own.
    async fn activate(&self, call: &Call) -> Result<(), Failure> {
        if !self.features.contains(&call.target) {
            return Err(Failure::refused(format!("there is no feature `{}`", call.target)));
        }
        let put = self.client.put_item().table_name(&self.table);
        let put = put.item("feature", S(call.target.clone()));
        let put = put.item("grant", S(call.grant.artefact_name.clone()));
        let put = put.item("who", S(call.principal.clone()));
        let put = put.item("until", N(call.grant.ends_at.as_second().to_string()));
        put.send().await.map(drop).map_err(Failure::unavailable)
    }

    /// What is not there is deleted as well.
    async fn deactivate(&self, call: &Call) -> Result<(), Failure> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key("feature", S(call.target.clone()));
        let delete = delete.key("grant", S(call.grant.artefact_name.clone()));
        delete.send().await.map(drop).map_err(Failure::unavailable)
    }

    /// A consistent read: what was deleted a moment ago must not be seen any more, and what is there must.
    async fn verify(&self, call: &Call) -> Result<Look, Failure> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("feature", S(call.target.clone()));
        let get = get.key("grant", S(call.grant.artefact_name.clone()));
        let found = get.send().await.map_err(Failure::unavailable)?.item;
        let looked_at = format!("{} of feature {} in {}", call.grant.artefact_name, call.target, self.table);
        Ok(match found {
            Some(_) => Look::StillThere { looked_at },
            None => Look::Gone { looked_at, answered: "there is no such item".to_owned() },
        })
    }
}
