//! The link in an approver's mail: what it is bound to, and how its secret is kept.
//!
//! Guards: the secret is never stored, only its hash; one link belongs to one approver and one scope, and is sealed by the
//! function that mails, so that whoever can only write to the table cannot make one for themselves.

use crate::approval::is_first;
use crate::ids::{PrincipalId, RequestId};
use crate::scope::{ScopeHash, canonical, hex};
use crate::seal::{Seal, Statement};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The secret part of a link: 32 random bytes. It has no `Debug` and no `Serialize`; only a mail and the path of
/// the page it opens ever carry it, as 64 lower-case hex digits.
pub struct LinkSecret([u8; 32]);

impl LinkSecret {
    #[must_use]
    pub const fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// For the mail, and nowhere else.
    #[must_use]
    pub fn reveal(&self) -> String {
        hex(&self.0)
    }

    #[must_use]
    pub fn hash(&self) -> LinkHash {
        LinkHash(hex(&Sha256::digest(self.reveal())))
    }
}

/// SHA-256 of a link's secret in lower-case hex: what is stored and looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LinkHash(String);

impl LinkHash {
    /// The hash of what came in a path; `None` for anything that cannot be a link.
    #[must_use]
    pub fn of_path_segment(token: &str) -> Option<Self> {
        let well_formed =
            token.len() == 64 && token.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        well_formed.then(|| Self(hex(&Sha256::digest(token))))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A link as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalLink {
    pub hash: LinkHash,
    pub request_id: RequestId,
    pub approver: PrincipalId,
    pub scope_hash: ScopeHash,
    /// Which mail to them about it this is: the first is 0, and what follows are reminders.
    #[serde(default, skip_serializing_if = "is_first")]
    pub reminder: usize,
    /// Left out before it has been sealed, and then it leads nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
}

/// The first line of what is hashed: a link's seal is good for nothing else.
const KIND: &[u8] = b"stint link 1\n";

impl ApprovalLink {
    /// What its seal says: where which secret leads, and whom.
    #[must_use]
    pub fn statement(&self) -> Statement {
        Statement::of(KIND, &canonical(&Self { seal: None, ..self.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_in_the_mail_leads_to_the_stored_hash_and_nothing_else_does() {
        let secret = LinkSecret::new([7; 32]);
        assert_eq!(LinkHash::of_path_segment(&secret.reveal()), Some(secret.hash()));
        assert_ne!(LinkHash::of_path_segment(&LinkSecret::new([8; 32]).reveal()), Some(secret.hash()));
        for nonsense in ["", "x", &secret.reveal().to_uppercase(), &format!("{}0", secret.reveal())] {
            assert_eq!(LinkHash::of_path_segment(nonsense).filter(|_| *nonsense != secret.reveal()), None);
        }
    }
}
