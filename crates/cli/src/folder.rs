//! A folder of policies as it lies on the author's disk.

use cedar_policy::PolicySet;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};
use stint_policy::PolicyBundle;
use stint_policy::files::catalog_json;
use stint_policy::sample::{self, SamplePerson};

/// What was named cannot be worked with at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("{}: {cause}", path.display())]
    File { path: PathBuf, cause: io::Error },
    #[error("{}: {why}", path.display())]
    Case { path: PathBuf, why: String },
    #[error("{}: {why}", path.display())]
    Export { path: PathBuf, why: String },
    #[error("{}: `stint policy check` says what is wrong with these policies", path.display())]
    Policies { path: PathBuf },
}

pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    /// The texts that end in `.cedar`, by name.
    pub(crate) cedar: BTreeMap<String, String>,
    pub(crate) schema: String,
    pub(crate) catalog: String,
    /// Nothing if the folder has no organisation to try the policies on.
    pub(crate) organisation: Option<String>,
    /// Nothing if people are in a user pool.
    pub(crate) directory: Option<String>,
    /// Nothing if no other issuer's workloads stand for services.
    pub(crate) workloads: Option<String>,
}

pub(crate) const SCHEMA: &str = "stint.cedarschema";
pub(crate) const CATALOG: &str = "catalog.toml";
pub(crate) const ORGANISATION: &str = "organisation.toml";
pub(crate) const DIRECTORY: &str = "directory.toml";
pub(crate) const WORKLOADS: &str = "workloads.toml";

impl Folder {
    pub(crate) fn read(path: &Path) -> Result<Self, Unusable> {
        let mut cedar = BTreeMap::new();
        for file in entries(path)? {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".cedar") && !name.starts_with('.') {
                cedar.insert(name, text(&file)?);
            }
        }
        let optional =
            |name| Some(path.join(name)).filter(|file| file.exists()).map(|file| text(&file)).transpose();
        let (organisation, directory) = (optional(ORGANISATION)?, optional(DIRECTORY)?);
        let workloads = optional(WORKLOADS)?;
        let (schema, catalog) = (text(&path.join(SCHEMA))?, text(&path.join(CATALOG))?);
        Ok(Self { path: path.to_owned(), cedar, schema, catalog, organisation, directory, workloads })
    }

    /// The name of one of its files, as it is to be shown.
    pub(crate) fn shown(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }

    /// All of it, if all of it can be read.
    pub(crate) fn bundle(&self) -> Result<PolicyBundle, Unusable> {
        let cedar: String = self.cedar.values().flat_map(|text| [text, "\n"]).collect();
        self.bundle_of(&cedar)
    }

    /// Other policies over the same catalog.
    pub(crate) fn bundle_of(&self, cedar: &str) -> Result<PolicyBundle, Unusable> {
        let unusable = || Unusable::Policies { path: self.path.clone() };
        let catalog = catalog_json(&self.catalog).map_err(|_| unusable())?;
        PolicyBundle::from_sources(&catalog, cedar).map_err(|_| unusable())
    }

    pub(crate) fn people(&self) -> Result<Vec<SamplePerson>, Unusable> {
        let unusable = |_| Unusable::Policies { path: self.path.clone() };
        self.organisation.as_deref().map_or(Ok(Vec::new()), |text| sample::read(text).map_err(unusable))
    }

    /// What every policy says of itself, by its id.
    pub(crate) fn reasons(&self) -> BTreeMap<String, String> {
        let sets = self.cedar.values().filter_map(|text| text.parse::<PolicySet>().ok());
        let said = |policy: &cedar_policy::Policy| {
            Some((policy.annotation("id")?.to_owned(), policy.annotation("reason")?.to_owned()))
        };
        sets.flat_map(|set| set.policies().filter_map(said).collect::<Vec<_>>()).collect()
    }
}

/// What lies in a folder, sorted.
pub(crate) fn entries(path: &Path) -> Result<Vec<PathBuf>, Unusable> {
    let unusable = |cause| Unusable::File { path: path.to_owned(), cause };
    let found = fs::read_dir(path).map_err(unusable)?.map(|entry| entry.map(|entry| entry.path()));
    let mut found = found.collect::<Result<Vec<_>, _>>().map_err(unusable)?;
    found.sort();
    Ok(found)
}

pub(crate) fn text(path: &Path) -> Result<String, Unusable> {
    fs::read_to_string(path).map_err(|cause| Unusable::File { path: path.to_owned(), cause })
}
