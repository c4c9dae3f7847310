//! A target that takes what IAM would take and shows what is really there.

use super::World;
use jiff::Timestamp;
use stint_app::ports::{Activation, Artefact, Provider, ProviderError, Sighting};
use stint_domain::grant::Receipt;

impl Provider for World {
    async fn activate(&self, activation: &Activation) -> Result<(), ProviderError> {
        self.failpoints.around("activate", ProviderError::Unavailable, || {
            let mut state = self.state();
            if !state.users.iter().any(|user| user == activation.user.as_str()) {
                let reason = "the IAM user does not exist".to_owned();
                return Err(ProviderError::Refused { reason, cause: "NoSuchEntity".into() });
            }
            state.target.insert(
                place(activation.user.as_str(), &activation.grant_id.artefact_name()),
                activation.clone(),
            );
            Ok(())
        })
    }

    async fn deactivate(&self, artefact: &Artefact) -> Result<(), ProviderError> {
        self.failpoints.around("deactivate", ProviderError::Unavailable, || {
            let mut state = self.state();
            if state.target_is_down {
                return Err(ProviderError::Unavailable("down".into()));
            }
            if !state.target_lies {
                state.target.remove(&place(artefact.user.as_str(), &artefact.grant_id.artefact_name()));
            }
            Ok(())
        })
    }

    async fn verify_removed(&self, artefact: &Artefact, now: Timestamp) -> Result<Sighting, ProviderError> {
        self.failpoints.around("verify", ProviderError::Unavailable, || {
            let place = place(artefact.user.as_str(), &artefact.grant_id.artefact_name());
            let looked_at = format!("{}/{}", place.0, place.1);
            Ok(if self.state().target.contains_key(&place) {
                Sighting::StillThere { looked_at }
            } else {
                Sighting::Gone(Receipt { looked_at, answered: "absent".to_owned(), at: now })
            })
        })
    }
}

fn place(user: &str, artefact: &str) -> (String, String) {
    (user.to_owned(), artefact.to_owned())
}
