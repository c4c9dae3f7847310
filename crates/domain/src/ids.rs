//! Typed identifiers: two of them cannot be swapped and still compile.
//!
//! A request leads to at most one grant, so a grant's id is its request's under another prefix: whoever knows
//! one knows the other, and everything made at a target can be named without a lookup.

use crate::BadInput;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $field:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "-{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = BadInput;
            fn from_str(text: &str) -> Result<Self, BadInput> {
                text.strip_prefix(concat!($prefix, "-"))
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(Self)
                    .filter(|id| id.to_string() == text)
                    .ok_or(BadInput::new($field, concat!("is not an id of the form ", $prefix, "-<32 hex digits>")))
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadInput;
            fn try_from(text: String) -> Result<Self, BadInput> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

uuid_id!(
    /// An access request: `req-` and a UUID of version 7.
    RequestId, "req", "request_id"
);
uuid_id!(
    /// The grant that a request led to: `grant-` and the request's UUID.
    GrantId, "grant", "grant_id"
);

impl RequestId {
    #[must_use]
    pub const fn grant_id(self) -> GrantId {
        GrantId(self.0)
    }
}

impl GrantId {
    #[must_use]
    pub const fn request_id(self) -> RequestId {
        RequestId(self.0)
    }

    /// The name of everything this grant makes at a target: one artefact per grant, so that overlapping grants
    /// never take each other down.
    #[must_use]
    pub fn artefact_name(self) -> String {
        format!("stint-{}", self.0.simple())
    }

    /// Whose artefact this is the name of, if it is one.
    #[must_use]
    pub fn of_artefact_name(name: &str) -> Option<Self> {
        let id = Uuid::try_parse(name.strip_prefix("stint-")?).ok().map(Self)?;
        (id.artefact_name() == name).then_some(id)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $field:literal, $max:literal, $allowed:expr, $advice:literal $(, $whole:expr)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadInput;
            fn from_str(text: &str) -> Result<Self, BadInput> {
                let allowed: fn(u8) -> bool = $allowed;
                let fits = (1..=$max).contains(&text.len()) && text.bytes().all(allowed);
                if fits $(&& $whole(text))? {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadInput::new($field, $advice))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadInput;
            fn try_from(text: String) -> Result<Self, BadInput> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

text_id!(
    /// Who somebody is, for ever: the `sub` of the identity provider. Never a mail address or a display name.
    PrincipalId, "principal", 128,
    |b| b.is_ascii_alphanumeric() || b"-_.:@|/+=".contains(&b),
    "must be 1 to 128 ASCII letters, digits or -_.:@|/+="
);
text_id!(
    /// A permission set on a target that may be requested, as named in the catalog.
    EntitlementId, "entitlement", 64,
    |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-',
    "must be 1 to 64 lower-case letters, digits or hyphens"
);
text_id!(
    /// A group of the directory.
    GroupName, "group", 128,
    |b| b.is_ascii_alphanumeric() || b"-_.:@/+=".contains(&b),
    "must be 1 to 128 ASCII letters, digits or -_.:@/+="
);
text_id!(
    /// What an entitlement is part of, such as `production`.
    EnvironmentName, "environment", 64,
    |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-',
    "must be 1 to 64 lower-case letters, digits or hyphens"
);
text_id!(
    /// The name of an IAM user, in IAM's own alphabet.
    IamUserName, "iam_user", 64,
    |b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b),
    "must be an IAM user name: 1 to 64 letters, digits or +=,.@_-"
);

text_id!(
    /// A role that sessions are given of.
    RoleArn, "role", 256,
    |b| b.is_ascii_alphanumeric() || b":/+=,.@_-".contains(&b),
    "must be the ARN of an IAM role",
    is_role_arn
);

text_id!(
    /// STS's `SourceIdentity`: 2 to 64 characters of its alphabet.
    SourceIdentity, "source_identity", 64,
    |b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b),
    "must be 2 to 64 letters, digits or +=,.@_-",
    |text: &str| text.len() > 1
);

text_id!(
    /// What STS's `ExternalId` takes: 2 to 1,224 characters of its alphabet.
    ExternalId, "external_id", 1224,
    |b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b),
    "must be 2 to 1224 letters, digits or _+=,.@:/-",
    |text: &str| text.len() > 1
);

text_id!(
    /// A secret that Stint may hand out and rotate: its name in Secrets Manager.
    SecretName, "secret", 256,
    |b| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b),
    "must be a secret's name that starts with stint/vault/",
    |text: &str| text.strip_prefix(VAULT).is_some_and(|rest| !rest.is_empty())
);

/// What the names of all vaulted secrets start with; the functions' roles reach no others.
pub const VAULT: &str = "stint/vault/";

text_id!(
    /// The name of a provider's Lambda function.
    ProviderFunction, "function", 64,
    |b| b.is_ascii_alphanumeric() || b"-_".contains(&b),
    "must be a function's name that starts with stint-provider-",
    |text: &str| text.strip_prefix("stint-provider-").is_some_and(|rest| !rest.is_empty())
);

text_id!(
    /// Where a provider gives access, in its own words.
    TargetName, "target", 256,
    |b| b.is_ascii_graphic(),
    "must be 1 to 256 printable ASCII characters without spaces"
);

fn is_role_arn(text: &str) -> bool {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts[..] else { return false };
    let name = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
    partition.starts_with("aws")
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && !resource.contains(':')
        && name.is_some_and(|name| (1..=64).contains(&name.len()))
}

impl RoleArn {
    /// The role's name, which is what IAM calls take: the last part of the path.
    #[must_use]
    pub fn role_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// The number of the account that it is in.
    #[must_use]
    pub fn account_id(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }
}

impl SourceIdentity {
    /// Follows from `text`, whatever characters it has.
    pub(crate) fn minted(text: &str) -> Self {
        let digest = crate::scope::hex(&sha2::Sha256::digest(text));
        Self(format!("p-{}", digest.chars().take(40).collect::<String>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_called_by_the_last_part_of_its_path_and_is_in_the_account_of_its_arn() {
        for (arn, name) in [("role/reader", "reader"), ("role/stint-target/payments/reader", "reader")] {
            let role: RoleArn = format!("arn:aws:iam::210987654321:{arn}").parse().unwrap();
            assert_eq!((role.role_name(), role.account_id()), (name, "210987654321"));
        }
    }

    #[test]
    fn an_id_reads_back_what_it_prints_and_nothing_else() {
        let id = RequestId::new(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001));
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in
            ["", "req-", "grant-01980000000070008000000000000001", "REQ-01980000000070008000000000000001"]
        {
            assert!(wrong.parse::<RequestId>().is_err(), "{wrong}");
        }
        let letters = RequestId::new(Uuid::from_u128(0xabc)).to_string();
        assert!(letters.parse::<RequestId>().is_ok());
        assert!(letters.replace("abc", "ABC").parse::<RequestId>().is_err(), "one id has one spelling");
    }

    #[test]
    fn a_grants_id_and_its_requests_id_lead_to_each_other() {
        let id = RequestId::new(Uuid::from_u128(7));
        assert_eq!(id.grant_id().request_id(), id);
        let name = id.grant_id().artefact_name();
        assert_eq!(GrantId::of_artefact_name(&name), Some(id.grant_id()));
        for other in
            [name.to_uppercase(), name.replace("stint-", "stint_"), "stint-".to_owned(), "rights".to_owned()]
        {
            assert_eq!(GrantId::of_artefact_name(&other), None, "{other}");
        }
    }

    #[test]
    fn names_keep_to_their_alphabet() {
        assert!("billing-reader".parse::<EntitlementId>().is_ok());
        assert!("Billing".parse::<EntitlementId>().is_err());
        assert!("ana@example".parse::<IamUserName>().is_ok());
        assert!("ana/../root".parse::<IamUserName>().is_err());
        assert!("arn:aws:iam::123456789012:role/ops/reader".parse::<RoleArn>().is_ok());
        for wrong in [
            "arn:aws:iam::123456789012:user/ana",
            "arn:aws:iam::1:role/reader",
            "arn:aws:iam::123456789012:role/",
            "reader",
        ] {
            assert!(wrong.parse::<RoleArn>().is_err(), "{wrong}");
        }
        assert!("stint-provider-door_7".parse::<ProviderFunction>().is_ok());
        for wrong in ["stint-expire", "stint-provider-", "stint-provider-a:1", "arn:stint-provider-a"] {
            assert!(wrong.parse::<ProviderFunction>().is_err(), "{wrong}");
        }
        assert!("a".repeat(129).parse::<PrincipalId>().is_err());
        assert!("аdmin".parse::<GroupName>().is_err(), "a Cyrillic letter is not an ASCII one");
    }
}
