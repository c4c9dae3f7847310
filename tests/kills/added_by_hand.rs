//! Everything that keeps IAM from deleting a user, added by an administrator.

use stint_local::admin::{element, elements};
use stint_local::stage::Stage;

/// What lists it, how many there are then, and what takes one of them.
pub(crate) const KINDS: [(&str, usize, &str); 9] = [
    ("ListAccessKeys", 2, "DeleteAccessKey"), // one that was revealed and one more
    ("GetLoginProfile", 1, "DeleteLoginProfile"),
    ("ListUserPolicies", 5, "DeleteUserPolicy"), // Stint's own and four more
    ("ListAttachedUserPolicies", 3, "DetachUserPolicy"),
    ("ListGroupsForUser", 3, "RemoveUserFromGroup"),
    ("ListMFADevices", 3, "DeactivateMFADevice"),
    ("ListSigningCertificates", 2, "DeleteSigningCertificate"),
    ("ListSSHPublicKeys", 3, "DeleteSSHPublicKey"),
    ("ListServiceSpecificCredentials", 3, "DeleteServiceSpecificCredential"),
];

const HARMLESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:ListQueues","Resource":"*"}]}"#;
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

type Values<'v> = &'v [(&'v str, &'v str)];

fn iam(stage: &Stage, operation: &str, values: Values<'_>) -> String {
    stage.admin.form("iam", operation, "2010-05-08", values).unwrap()
}

/// To a user that has one access key and one inline policy.
pub(crate) fn add_everything(stage: &Stage, user: &str) {
    let add = |operation: &str, values: Values<'_>| {
        iam(stage, operation, &[&[("UserName", user)], values].concat())
    };
    add("CreateAccessKey", &[]);
    add("CreateLoginProfile", &[("Password", "Only-on-this-machine-1")]);
    for n in 1..=4 {
        add("PutUserPolicy", &[("PolicyName", &format!("by-hand-{n}")), ("PolicyDocument", HARMLESS)]);
    }
    for n in 1..=3 {
        let name = format!("{user}-{n}");
        let made = iam(stage, "CreatePolicy", &[("PolicyName", &name), ("PolicyDocument", HARMLESS)]);
        add("AttachUserPolicy", &[("PolicyArn", element(&made, "Arn").unwrap())]);
        iam(stage, "CreateGroup", &[("GroupName", &name)]);
        add("AddUserToGroup", &[("GroupName", &name)]);
        add("UploadSSHPublicKey", &[("SSHPublicKeyBody", &format!("ssh-rsa AAAA{n} by-hand"))]);
    }
    for _ in 1..=2 {
        add("UploadSigningCertificate", &[("CertificateBody", CERTIFICATE)]);
    }
    for service in ["codecommit.amazonaws.com", "codecommit.amazonaws.com", "cassandra.amazonaws.com"] {
        add("CreateServiceSpecificCredential", &[("ServiceName", service)]);
    }
    devices(stage, user, &add);
}

/// Two that are entities of their own, and one of hardware.
fn devices(stage: &Stage, user: &str, add: &impl Fn(&str, Values<'_>) -> String) {
    let made = [1, 2].map(|n| {
        let made = iam(stage, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", &format!("{user}-{n}"))]);
        element(&made, "SerialNumber").unwrap().to_owned()
    });
    for serial in made.into_iter().chain(["GAHT12345678".to_owned()]) {
        let codes = [("AuthenticationCode1", "123456"), ("AuthenticationCode2", "654321")];
        add("EnableMFADevice", &[&[("SerialNumber", serial.as_str())], &codes[..]].concat());
    }
}

/// How many there are of each kind, as IAM lists them.
pub(crate) fn held(stage: &Stage, user: &str) -> [usize; 9] {
    KINDS.map(|(list, ..)| {
        let listed = iam(stage, list, &[("UserName", user)]);
        elements(&listed, if list == "GetLoginProfile" { "LoginProfile" } else { "member" }).count()
    })
}
