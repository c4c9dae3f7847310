//! Turns the folder `policies/` into constants of the crate: the catalog, the single policies and, where there are any, the
//! directory and the workloads, as JSON, and the version of all but the directory. `STINT_POLICIES` names another folder, from the workspace's root or absolute.

#[path = "src/actions.rs"]
#[allow(dead_code, reason = "the script needs one of its lists")]
mod actions;
#[path = "src/split.rs"]
mod split;
#[path = "src/version.rs"]
mod version;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

const DIRECTORY: &str = "directory.toml";
const WORKLOADS: &str = "workloads.toml";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = folder()?;
    println!("cargo:rerun-if-env-changed=STINT_POLICIES");
    println!("cargo:rerun-if-changed={}", folder.display());
    println!("cargo:rustc-env=STINT_POLICIES_FOLDER={}", folder.display());

    let mut files = files(&folder)?;
    // Who is there is no part of the version of what they may do.
    files.retain(|(name, _)| name != DIRECTORY);
    write("catalog.json", &json(&folder.join("catalog.toml"))?)?;
    write("directory.json", &json_if_there(&folder.join(DIRECTORY))?)?;
    write("workloads.json", &json_if_there(&folder.join(WORKLOADS))?)?;
    write("policies.json", &serde_json::to_string(&split::split(&cedar(&files), &actions::ALL))?)?;
    write("version.txt", &version::of(files.iter().map(|(name, text)| (name.as_str(), text.as_str()))))?;
    // Not every folder has a sample organisation.
    write("organisation.toml", &fs::read_to_string(folder.join("organisation.toml")).unwrap_or_default())
}

fn folder() -> Result<PathBuf, Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let folder = root.join(env::var("STINT_POLICIES").unwrap_or_else(|_| "policies".to_owned()));
    Ok(folder.canonicalize().map_err(|e| format!("{}: {e}", folder.display()))?)
}

/// The folder's files by name, sorted, but for hidden ones. No folder is in it but `tests`, which decides nothing.
fn files(folder: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name =
            entry.file_name().into_string().map_err(|name| format!("{}: not a name", name.display()))?;
        match entry.file_type()?.is_dir() {
            _ if name.starts_with('.') => {}
            true if name == "tests" => {}
            true => return Err(format!("{name}: the bundle is one folder, with only tests below it").into()),
            false => files.push((name, fs::read_to_string(entry.path())?)),
        }
    }
    files.sort();
    Ok(files)
}

fn json(file: &Path) -> Result<String, Box<dyn Error>> {
    let table: toml::Table = fs::read_to_string(file)?.parse()?;
    Ok(serde_json::to_string(&table)?)
}

/// Not every folder has a directory, or workloads.
fn json_if_there(file: &Path) -> Result<String, Box<dyn Error>> {
    if file.exists() { json(file) } else { Ok(String::new()) }
}

fn cedar(files: &[(String, String)]) -> String {
    files.iter().filter(|(name, _)| name.ends_with(".cedar")).map(|(_, text)| format!("{text}\n")).collect()
}

fn write(name: &str, text: &str) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(Path::new(&env::var("OUT_DIR")?).join(name), text)?)
}
