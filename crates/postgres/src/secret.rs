//! A PostgreSQL login as it is kept in the vault: the JSON that Amazon RDS uses, with the root that vouches for the
//! server.
//!
//! Guards: what is wrong with a secret is told by the name of a field, and never with anything that is in it.

use serde_json::{Map, Value};
use stint_app::ports::Secret;
use thiserror::Error;

/// What is wrong with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadSecret {
    #[error("the secret is not a JSON object")]
    NotJson,
    #[error("the secret has no usable field `{0}`")]
    Field(&'static str),
    #[error("the secret is not for PostgreSQL")]
    OtherEngine,
}

/// It has no `Debug`. Fields that Stint does not know stay as they are.
pub struct LoginSecret {
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub password: Secret,
    /// PEM: who vouches for the server.
    pub root_certificate: String,
    /// The secret of somebody who may set this login's password, if it cannot be trusted to do so itself.
    pub administrator: Option<String>,
    document: Map<String, Value>,
}

impl LoginSecret {
    /// # Errors
    /// [`BadSecret`], with the first field that is wrong.
    pub fn read(secret: &Secret) -> Result<Self, BadSecret> {
        let document = serde_json::from_str(secret.reveal()).map_err(|_| BadSecret::NotJson)?;
        let Value::Object(document) = document else { return Err(BadSecret::NotJson) };
        let text = |name| text(&document, name);
        if text("engine")? != "postgres" {
            return Err(BadSecret::OtherEngine);
        }
        let user = text("username")?;
        if !is_role(&user) {
            return Err(BadSecret::Field("username"));
        }
        let administrator = document.get("masterarn").map(|_| text("masterarn")).transpose()?;
        Ok(Self {
            host: text("host")?,
            port: port(&document)?,
            database: text("dbname")?,
            user,
            password: Secret::new(text("password")?),
            root_certificate: text("root_certificate")?,
            administrator,
            document,
        })
    }

    /// The same login with another password, as it goes into the vault.
    #[must_use]
    pub fn with_password(&self, password: &Secret) -> Secret {
        let mut document = self.document.clone();
        document.insert("password".to_owned(), Value::String(password.reveal().to_owned()));
        Secret::new(Value::Object(document).to_string())
    }
}

fn text(document: &Map<String, Value>, name: &'static str) -> Result<String, BadSecret> {
    let found = document.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.map(str::to_owned).ok_or(BadSecret::Field(name))
}

/// A number, or a text that is one.
fn port(document: &Map<String, Value>) -> Result<u16, BadSecret> {
    let port = match document.get("port") {
        None => Some(5432),
        Some(Value::Number(number)) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    port.filter(|port| *port != 0).ok_or(BadSecret::Field("port"))
}

/// A name that needs no quoting to be one: letters, digits and `_`, at most 63, no digit first. PostgreSQL takes others;
/// Stint does not, so that no name of a role is ever a piece of a statement.
pub(crate) fn is_role(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=63).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({ "engine": "postgres", "host": "db.example.org", "port": 5433, "dbname": "orders",
                "username": "orders_owner", "password": "hunter2", "root_certificate": "PEM", "team": "orders" })
    }

    fn read(value: &Value) -> Result<LoginSecret, BadSecret> {
        LoginSecret::read(&Secret::new(value.to_string()))
    }

    fn with(name: &str, value: Value) -> Value {
        let mut changed = good();
        changed[name] = value;
        changed
    }

    #[test]
    fn a_secret_in_the_form_of_rds_is_read_and_keeps_what_it_had_with_another_password() {
        let login = read(&good()).unwrap();
        assert_eq!(
            (login.host.as_str(), login.port, login.user.as_str()),
            ("db.example.org", 5433, "orders_owner")
        );
        let next = login.with_password(&Secret::new("correct horse".to_owned()));
        let next: Value = serde_json::from_str(next.reveal()).unwrap();
        assert_eq!((&next["password"], &next["team"]), (&json!("correct horse"), &json!("orders")));
        assert_eq!(read(&with("port", json!("5433"))).unwrap().port, 5433);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_and_nothing_of_it_is_shown() {
        for name in ["engine", "host", "dbname", "username", "password", "root_certificate"] {
            for wrong in [Value::Null, json!(""), json!(["hunter2"]), json!({ "hunter2": 1 })] {
                let error = read(&with(name, wrong)).err().unwrap();
                assert_eq!(error, BadSecret::Field(name));
                assert!(!format!("{error} {error:?}").contains("hunter2"));
            }
        }
        for wrong in [json!(0), json!(65_536), json!("hunter2"), json!(-1), json!(1.5)] {
            assert_eq!(read(&with("port", wrong)).err(), Some(BadSecret::Field("port")));
        }
        assert_eq!(read(&with("engine", json!("mysql"))).err(), Some(BadSecret::OtherEngine));
        for text in ["", "hunter2", "[1]", "\"a\"", "{"] {
            assert_eq!(LoginSecret::read(&Secret::new(text.to_owned())).err(), Some(BadSecret::NotJson));
        }
    }

    #[test]
    fn a_name_that_tries_sql_is_no_name() {
        let hostile =
            ["a\"; DROP ROLE b; --", "a b", "a'b", "1a", "", "ä", "a\0b", &"a".repeat(64), "a-b", "A;"];
        for name in hostile {
            assert!(read(&with("username", json!(name))).is_err(), "{name}");
        }
        assert!(read(&with("username", json!("Orders_Owner2"))).is_ok());
    }
}
