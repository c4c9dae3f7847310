//! The sample organisation's vaulted credentials: the login that owns a real database, and the access key of an IAM user.
//!
//! Both are enrolled as on AWS: the secret is there, and `rotate-credential` is its rotation.

use crate::admin::{Admin, element};
use crate::deploy::Outputs;
use crate::http::Http;
use crate::json::at;
use crate::{LocalError, Result, cloud, paths};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

pub const LOGIN: &str = "stint/vault/orders-owner";
pub const KEY: &str = "stint/vault/reports-key";
/// The user whose key is vaulted. It may read payments, at any time: what is rationed is the key.
pub const USER: &str = "reports";
const ADMINISTRATOR: &str = "stint/administrators/orders";
/// The same login, for the provider of one-time roles.
const MAKES_ROLES: &str = "stint/postgres/orders";

/// The database server of a local cloud.
pub struct Database {
    pub host: String,
    pub port: u16,
    pub name: String,
    /// PEM.
    pub root_certificate: String,
    /// Where its programs are, `psql` perhaps among them.
    pub programs: String,
    /// What it has been told, statement by statement.
    pub log: String,
    passwords: Value,
}

impl Database {
    /// Started by whoever asks first.
    pub fn of(http: &Http) -> Result<Self> {
        let about = http.get("/_stint/database")?.ok("the database")?.json();
        let text = |path| at(&about, path).as_str().unwrap_or_default().to_owned();
        let port = at(&about, "/port").as_u64().and_then(|port| u16::try_from(port).ok());
        Ok(Self {
            host: text("/host"),
            port: port.ok_or_else(|| LocalError::unexpected("the database has no port"))?,
            name: text("/dbname"),
            root_certificate: text("/root_certificate"),
            programs: text("/programs"),
            log: text("/log"),
            passwords: at(&about, "/passwords").clone(),
        })
    }

    /// A login as Amazon RDS keeps one in Secrets Manager, with the password that it had at first.
    #[must_use]
    pub fn login(&self, user: &str, administrator: Option<&str>) -> Value {
        let mut login = json!({"engine": "postgres", "host": self.host, "port": self.port, "dbname": self.name, "username": user,
               "password": at(&self.passwords, &format!("/{user}")), "root_certificate": self.root_certificate});
        if let (Some(fields), Some(name)) = (login.as_object_mut(), administrator) {
            fields.insert("masterarn".to_owned(), name.into());
        }
        login
    }
}

/// What a server says to psql.
pub enum Answered {
    Rows(String),
    Refused(String),
}

impl Database {
    /// Asked as somebody would who has been shown these fields of a login.
    pub fn psql(&self, fields: &Value, sql: &str) -> Result<Answered> {
        let field = |name: &str| text_of(fields, name);
        let root = paths::state()?.join(format!("root-of-{}.pem", self.port));
        fs::write(&root, field("root_certificate")).map_err(LocalError::io(root.display()))?;
        let mut psql = Command::new(Path::new(&self.programs).join("psql"));
        psql.args(["-X", "-A", "-t", "-h", &field("host"), "-p", &field("port"), "-U", &field("username")])
            .args(["-d", &field("dbname"), "-c", sql])
            .env("PGPASSWORD", field("password"))
            .env("PGSSLMODE", "verify-full")
            .env("PGSSLROOTCERT", &root);
        let done = psql.output().map_err(LocalError::io("psql cannot be started"))?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Ok(match done.status.success() {
            true => Answered::Rows(said(&done.stdout)),
            false => Answered::Refused(said(&done.stderr)),
        })
    }
}

fn text_of(fields: &Value, name: &str) -> String {
    match at(fields, &format!("/{name}")) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Puts both into the vault. What is there stays.
pub fn seed(admin: &Admin, outputs: &Outputs, http: &Http) -> Result<()> {
    let database = Database::of(http)?;
    let administrator = database.login("stint_admin", None);
    [ADMINISTRATOR, MAKES_ROLES].iter().try_for_each(|name| secret(admin, name, &administrator))?;
    vaulted(admin, LOGIN, &database.login("orders_owner", Some(ADMINISTRATOR)))?;
    if let Some(key) = user_with_key(admin, outputs)? {
        vaulted(admin, KEY, &key)?;
    }
    Ok(())
}

/// `None` if the user was there already, and with it its key.
fn user_with_key(admin: &Admin, outputs: &Outputs) -> Result<Option<Value>> {
    let iam = |action: &str, values: &[(&str, &str)]| admin.form("iam", action, "2010-05-08", values);
    let boundary = outputs.get("BoundaryArn")?;
    let made = iam(
        "CreateUser",
        &[("UserName", USER), ("Path", "/stint-vault/"), ("PermissionsBoundary", boundary)],
    );
    match made {
        Err(error) if error.is_refusal("EntityAlreadyExists") => return Ok(None),
        made => made?,
    };
    let rights = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": "arn:aws:dynamodb:*:*:table/payments"},
    ]});
    iam(
        "PutUserPolicy",
        &[("UserName", USER), ("PolicyName", "rights"), ("PolicyDocument", &rights.to_string())],
    )?;
    let key = iam("CreateAccessKey", &[("UserName", USER)])?;
    Ok(Some(json!({"engine": "iam_user_key", "user": USER, "access_key_id": element(&key, "AccessKeyId"),
                   "secret_access_key": element(&key, "SecretAccessKey")})))
}

/// A secret with Stint as its rotation, which rotates nothing yet.
fn vaulted(admin: &Admin, name: &str, value: &Value) -> Result<()> {
    secret(admin, name, value)?;
    let function =
        format!("arn:aws:lambda:{}:{}:function:stint-rotate-credential", cloud::REGION, cloud::ACCOUNT);
    let rotate = json!({"SecretId": name, "RotationLambdaARN": function, "RotateImmediately": false,
                        "RotationRules": {"AutomaticallyAfterDays": 1000}});
    secrets(admin, "RotateSecret", &rotate).map(drop)
}

fn secret(admin: &Admin, name: &str, value: &Value) -> Result<()> {
    let create = json!({"Name": name, "SecretString": value.to_string()});
    match secrets(admin, "CreateSecret", &create) {
        Err(error) if error.is_refusal("ResourceExistsException") => Ok(()),
        made => made.map(drop),
    }
}

pub fn secrets(admin: &Admin, operation: &str, body: &Value) -> Result<Value> {
    admin.json("secretsmanager", &format!("secretsmanager.{operation}"), body)
}
