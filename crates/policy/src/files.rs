//! The catalog, the directory and the workloads as their author writes them, for tools that say where something is wrong. What is built in has been through
//! the build script, and knows none of this.

use crate::bundle::BundleError;
use crate::catalog::{self, CatalogFile};
use crate::directory::{self, DirectoryFile};
use crate::workloads::{self, Workloads};
use serde::Deserialize;
use stint_domain::principal::Kind;
use toml::Spanned;

/// What is wrong with a text, and where, if that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The byte of the text that it begins with.
    pub at: Option<usize>,
    pub what: String,
}

impl From<toml::de::Error> for Fault {
    fn from(error: toml::de::Error) -> Self {
        Self { at: error.span().map(|span| span.start), what: error.message().to_owned() }
    }
}

/// A `catalog.toml` in the form that [`crate::PolicyBundle::from_sources`] takes.
///
/// # Errors
/// [`Fault`], the first one.
pub fn catalog_json(text: &str) -> Result<String, Fault> {
    toml::from_str::<CatalogFile>(text)?;
    let table: toml::Table = text.parse()?;
    let json = serde_json::to_string(&table).map_err(|error| Fault { at: None, what: error.to_string() })?;
    match catalog::parse(&json) {
        Ok(_) => Ok(json),
        Err(error) => Err(placed(text, &error)),
    }
}

/// A `directory.toml` in the form that [`DirectoryFile::from_json`] takes.
///
/// # Errors
/// [`Fault`], the first one.
pub fn directory_json(text: &str) -> Result<String, Fault> {
    toml::from_str::<directory::File>(text)?;
    let table: toml::Table = text.parse()?;
    let json = serde_json::to_string(&table).map_err(|error| Fault { at: None, what: error.to_string() })?;
    match DirectoryFile::from_json(&json) {
        Ok(_) => Ok(json),
        Err(error) => Err(Fault { at: None, what: error.to_string() }),
    }
}

/// `workloads.toml` with the place of each of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlacedWorkloads {
    #[serde(default)]
    workload: Vec<Spanned<workloads::Entry>>,
}

/// A `workloads.toml`; with a directory beside it the services have to be in that one. Whether a user pool has them only
/// the pool can say.
///
/// # Errors
/// [`Fault`], the first one.
pub fn workloads(text: &str, directory: Option<&DirectoryFile>) -> Result<Workloads, Fault> {
    let file: PlacedWorkloads = toml::from_str(text)?;
    let mut all = Workloads::default();
    for entry in file.workload {
        let at = Some(entry.span().start);
        let entry = entry.into_inner();
        if directory.is_some_and(|directory| !has_service(directory, &entry)) {
            return Err(Fault { at, what: format!("`{}` is no service of directory.toml", entry.service) });
        }
        all.add(entry).map_err(|error| Fault { at, what: error.to_string() })?;
    }
    Ok(all)
}

fn has_service(directory: &DirectoryFile, entry: &workloads::Entry) -> bool {
    directory.person(&entry.service).is_some_and(|person| person.engagement.kind() == Kind::Service)
}

/// What no type of a field can say is told with the entitlement's id, by which it is found again.
fn placed(text: &str, error: &BundleError) -> Fault {
    let (id, what) = match error {
        BundleError::Duration { id, source } | BundleError::Account { id, source } => {
            (id, format!("entitlement `{id}`: {source}"))
        }
        BundleError::Approval { id, source } => (id, format!("entitlement `{id}`: {source}")),
        BundleError::BreakGlass { id, source } => (id, format!("entitlement `{id}`: {source}")),
        BundleError::DuplicateEntitlement { id } => (id, error.to_string()),
        other => return Fault { at: None, what: other.to_string() },
    };
    Fault { at: text.rfind(&format!("\"{id}\"")), what }
}
