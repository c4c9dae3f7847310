//! Where PostgreSQL's programs are: on the PATH, where the distributions put them, or in the wheel that carries them.

use crate::tools::Tools;
use crate::{LocalError, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Where Debian and Ubuntu, Fedora with its own packages, and Homebrew put each version.
const FOLDERS: [&str; 4] = ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt", "/usr/local/opt"];
const OLDEST: u32 = 15;

/// A folder with `initdb` and `postgres`.
pub(super) struct Binaries(PathBuf);

impl Binaries {
    /// `STINT_POSTGRES` names the folder if it is somewhere else.
    pub(super) fn find() -> Result<Self> {
        if let Some(folder) = std::env::var_os("STINT_POSTGRES") {
            return Ok(Self(PathBuf::from(folder)));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::env::split_paths(&path).chain(installed());
        if let Some(found) = places.into_iter().find(|place| is_new_enough(place)) {
            return Ok(Self(found));
        }
        let carried = Tools::ensure()?.postgres()?;
        let advice =
            "install PostgreSQL 15 or later, or name its folder of programs by STINT_POSTGRES".to_owned();
        carried.map(Self).ok_or(LocalError::Missing { what: "PostgreSQL".to_owned(), advice })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// The newest first.
fn installed() -> impl Iterator<Item = PathBuf> {
    let mut found: Vec<_> = FOLDERS.iter().flat_map(|folder| versions(Path::new(folder))).collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, place)| place)
}

/// `15`, `pgsql-15` and `postgresql@15` are all a 15.
fn versions(folder: &Path) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let numbered = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let number = name.trim_start_matches("pgsql-").trim_start_matches("postgresql@").parse().ok()?;
        Some((number, entry.path().join("bin")))
    });
    numbered.collect()
}

fn is_new_enough(place: &Path) -> bool {
    let both = ["initdb", "postgres"].iter().all(|name| place.join(name).is_file());
    both && version(place).is_some_and(|version| version >= OLDEST)
}

/// `postgres (PostgreSQL) 15.8 (Debian 15.8-0)`: 15.
fn version(place: &Path) -> Option<u32> {
    let mut command = std::process::Command::new(place.join("postgres"));
    let said = crate::process::output("PostgreSQL", command.arg("--version")).ok()?;
    said.split_whitespace().nth(2)?.split('.').next()?.parse().ok()
}
