//! The account that a target is in, if it is not Stint's own: which role lets Stint in there, and by which external id.
//!
//! Guards: both are whole and of AWS's form wherever they are read, so that nothing is asked of STS that it could not
//! mean. An external id is no secret: it says on whose behalf Stint comes, and not that it is Stint.

use crate::BadInput;
use crate::ids::{ExternalId, RoleArn};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetAccount {
    /// The role there that Stint assumes to give and to take.
    pub role: RoleArn,
    pub external_id: ExternalId,
}

impl TargetAccount {
    /// The account's number.
    #[must_use]
    pub fn id(&self) -> &str {
        self.role.account_id()
    }

    /// A role that sessions are given of has to be where its policies are written.
    ///
    /// # Errors
    /// For a `role` of another account.
    pub fn holds(&self, role: &RoleArn) -> Result<(), BadInput> {
        if role.account_id() == self.id() {
            Ok(())
        } else {
            Err(BadInput::new("account", "must be the account of the role that sessions are given of"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ROLE: &str = "arn:aws:iam::210987654321:role/stint/stint-account";

    fn read(role: &str, external_id: &str) -> Result<TargetAccount, serde_json::Error> {
        serde_json::from_value(json!({ "role": role, "external_id": external_id }))
    }

    #[test]
    fn an_account_is_a_role_and_an_external_id_of_awss_own_form() {
        let account = read(ROLE, "stint:ops/7,a=b.c@d-_").unwrap();
        assert_eq!(account.id(), "210987654321");
        assert!(read(ROLE, "ab").is_ok() && read(ROLE, &"a".repeat(1224)).is_ok());
        for wrong in ["", "a", "a b", "a#b", "ä-ö", &"a".repeat(1225)] {
            assert!(read(ROLE, wrong).is_err(), "{wrong}");
        }
        for wrong in ["210987654321", "arn:aws:iam::210987654321:user/ana", "arn:aws:iam::*:role/stint/x"] {
            assert!(read(wrong, "stint-ops").is_err(), "{wrong}");
        }
        assert!(serde_json::from_value::<TargetAccount>(json!({ "role": ROLE })).is_err());
    }

    #[test]
    fn sessions_are_of_a_role_in_the_same_account() {
        let account = read(ROLE, "stint-ops").unwrap();
        let role = |id: &str| format!("arn:aws:iam::{id}:role/stint-target/reader").parse().unwrap();
        assert!(account.holds(&role("210987654321")).is_ok());
        assert!(account.holds(&role("123456789012")).is_err());
    }
}
