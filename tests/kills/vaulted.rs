//! The two vaulted credentials: checked out, tried at their targets, and their secrets as Secrets Manager has them.

use crate::life::{Life, What};
use crate::patience::{eventually, sweep};
use crate::revealed::grant;
use serde_json::{Value, json};
use stint_local::probe::{Access, Probe};
use stint_local::stage::Stage;
use stint_local::vault::{self, Answered, Database, secrets};

/// What is asked for; the table is looked into by nobody.
pub(crate) const A_LOGIN: What = ("orders-repair", "payments");
pub(crate) const A_KEY: What = ("reports-export", "payments");
pub(crate) const ROTATE: &str = "stint-rotate-credential";

pub(crate) fn seed(stage: &Stage) {
    vault::seed(&stage.admin, &stage.outputs, &stage.http).unwrap();
}

/// Asked for, approved, and whoever had it before is through.
pub(crate) fn checked_out(stage: &Stage, what: What) -> Life<'_> {
    let life = Life::asked(stage, what, "30m");
    life.approved();
    life.reaches("grant.activated");
    life
}

pub(crate) fn given_back(life: &Life<'_>) {
    let path = format!("/v1/grants/{}/return", grant(life));
    life.session.post(&path, &Value::Null).unwrap().ok(&path).unwrap();
}

/// What its holder is shown, and the means to try it.
pub(crate) enum Shown {
    Login(Value),
    Key(Box<Probe>),
}

pub(crate) fn shown(life: &Life<'_>) -> Shown {
    let answer = life.session.ask_for_credentials(&grant(life)).unwrap().ok("credentials").unwrap().json();
    if answer["fields"].is_object() {
        return Shown::Login(answer["fields"].clone());
    }
    Shown::Key(Box::new(life.stage.probe_with(&life.session.credentials(&grant(life)).unwrap()).unwrap()))
}

impl Shown {
    /// What the target says now; neither yes nor no is a failure.
    pub(crate) fn opens(&self, stage: &Stage) -> bool {
        match self {
            Self::Login(fields) => opens(stage, fields),
            Self::Key(probe) => match probe.read("payments").unwrap() {
                Access::Allowed => true,
                Access::NoSuchKey => false,
                other => panic!("{other:?}"),
            },
        }
    }
}

pub(crate) fn opens(stage: &Stage, fields: &Value) -> bool {
    match Database::of(&stage.http).unwrap().psql(fields, "SELECT 1").unwrap() {
        Answered::Rows(_) => true,
        Answered::Refused(why) if why.contains("password authentication failed") => false,
        Answered::Refused(why) => panic!("{why}"),
    }
}

pub(crate) fn ask(stage: &Stage, operation: &str, secret: &str, more: &Value) -> Value {
    let mut body = json!({"SecretId": secret});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    secrets(&stage.admin, operation, &body).unwrap()
}

/// The value that is the current one.
pub(crate) fn value(stage: &Stage, secret: &str) -> String {
    ask(stage, "GetSecretValue", secret, &json!({}))["SecretString"].as_str().unwrap().to_owned()
}

pub(crate) fn put(stage: &Stage, secret: &str, text: &str) {
    ask(stage, "PutSecretValue", secret, &json!({"SecretString": text}));
}

/// The version that has this label.
pub(crate) fn labelled(stage: &Stage, secret: &str, label: &str) -> Option<String> {
    let stages = ask(stage, "DescribeSecret", secret, &json!({}))["VersionIdsToStages"].clone();
    let with = |(_, labels): &(&String, &Value)| labels.as_array().unwrap().contains(&json!(label));
    stages.as_object().unwrap().iter().find(with).map(|(version, _)| version.clone())
}

/// What it failed with last, once it has.
pub(crate) fn failing(life: &Life<'_>) -> String {
    eventually("REMOVAL_FAILED", || {
        let grant = life.look()["grant"].clone();
        Some(grant["error"].as_str()?.to_owned()).filter(|_| grant["state"] == "REMOVAL_FAILED")
    })
}

/// Waits for the end with proof, with sweeps for what the workflow would come back to later.
pub(crate) fn ended(life: &Life<'_>) -> Value {
    let last = eventually("the end of the checkout", || {
        life.over().or_else(|| {
            sweep(life.stage).unwrap().unwrap();
            None
        })
    });
    let receipt = format!("rotated to version {}", life.id.replacen("req-", "stint-", 1));
    assert_eq!(last["detail"]["receipt"]["answered"], receipt, "{last}");
    last
}

/// In the next holder's hands is another credential, which works; the one before does not.
pub(crate) fn is_clean(life: &Life<'_>, secret: &str, old: &Shown) {
    let (stage, version) = (life.stage, life.id.replacen("req-", "stint-", 1));
    let label = |name: &str| labelled(stage, secret, name);
    assert_eq!(label("AWSCURRENT").as_deref(), Some(version.as_str()));
    assert!(label("AWSPENDING").is_none_or(|pending| pending == version), "nothing is left half way");
    assert!(!old.opens(stage), "the old one is worth nothing");
}
