//! A login as Secrets Manager keeps it: the JSON that RDS writes, and the root certificate beside it.
//!
//! Guards: what is wrong is said by the name of the field and never by what is in it.

use crate::{Identifier, Limits, Login, Secret, Server, tls};
use serde_json::{Map, Value};
use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadSecret {
    #[error("the secret is not a JSON object")]
    NotJson,
    #[error("the secret has no `{0}`")]
    Missing(&'static str),
    #[error("`{0}` of the secret cannot be used")]
    Wrong(&'static str),
    #[error("the secret is not of a PostgreSQL server")]
    NotPostgres,
}

/// It has no `Debug`.
#[derive(Clone)]
pub struct LoginSecret {
    pub server: Server,
    pub login: Login,
}

impl LoginSecret {
    /// Fields that are not known are let be: RDS adds some of its own.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let fields = match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => fields,
            _ => return Err(BadSecret::NotJson),
        };
        if !["postgres", "aurora-postgresql"].contains(&self::text(&fields, "engine")?) {
            return Err(BadSecret::NotPostgres);
        }
        Ok(Self { server: server(&fields)?, login: login(&fields)? })
    }
}

fn server(fields: &Map<String, Value>) -> Result<Server, BadSecret> {
    let (host, root_pem) = (text(fields, "host")?, text(fields, "root_certificate")?);
    tls::server_name(host).map_err(|_| BadSecret::Wrong("host"))?;
    tls::client(root_pem).map_err(|_| BadSecret::Wrong("root_certificate"))?;
    Ok(Server {
        host: host.to_owned(),
        port: port(fields)?,
        database: text(fields, "dbname")?.to_owned(),
        root_pem: root_pem.to_owned(),
        server_name: None,
        limits: Limits::default(),
    })
}

fn login(fields: &Map<String, Value>) -> Result<Login, BadSecret> {
    let user = Identifier::new(text(fields, "username")?).map_err(|_| BadSecret::Wrong("username"))?;
    Ok(Login { user, password: Secret::new(text(fields, "password")?.to_owned()) })
}

/// Neither empty nor with a zero byte, at which PostgreSQL would stop reading.
fn text<'a>(fields: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, BadSecret> {
    let value = fields.get(name).ok_or(BadSecret::Missing(name))?;
    value.as_str().filter(|it| !it.is_empty() && !it.contains('\0')).ok_or(BadSecret::Wrong(name))
}

fn port(fields: &Map<String, Value>) -> Result<u16, BadSecret> {
    let value = fields.get("port").ok_or(BadSecret::Missing("port"))?;
    value.as_u64().and_then(|it| u16::try_from(it).ok()).filter(|it| *it > 0).ok_or(BadSecret::Wrong("port"))
}
