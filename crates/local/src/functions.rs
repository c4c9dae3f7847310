//! The functions, built for this machine.
//!
//! Plain `cargo build` of the whole workspace's features in the dev profile: so the dependencies are those that
//! `cargo test --workspace` and `cargo xtask` have built, and nothing is compiled twice. What is deployed to AWS is
//! built by cargo-lambda instead, into `target/lambda` (`cargo xtask build --release`).

use crate::json::at;
use crate::tools::Tools;
use crate::{LocalError, Result, lock, paths, process, progress};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Stint's own, and the example of a provider.
pub const NAMES: [&str; 10] = [
    "request",
    "approve",
    "notify",
    "grant",
    "reveal",
    "expire",
    "rotate-credential",
    "reconcile",
    "provider-postgres",
    "provider-example",
];

/// The template of the example.
pub(crate) const EXAMPLE: &str = "examples/feature-flag-provider/template.yaml";

/// What else is deployed.
const OTHERS: [&str; 6] = [
    "samconfig.toml",
    "infra/template.yaml",
    "infra/enrolment.yaml",
    "infra/target-account.yaml",
    "statemachines/access.asl.json",
    EXAMPLE,
];

/// The package of a function.
#[must_use]
pub fn package(name: &str) -> String {
    format!("stint-fn-{name}")
}

/// Builds what is not up to date and places it where the local deployment looks for it. `STINT_FUNCTIONS` names a
/// folder of `<name>/bootstrap` that is used as it is, such as `target/lambda`.
pub fn build(tools: &Tools) -> Result<()> {
    let _alone = lock::exclusive("functions")?;
    let built = match std::env::var_os("STINT_FUNCTIONS") {
        Some(folder) => ready_made(Path::new(&folder)),
        None => progress::step("building the functions", compile)?,
    };
    let mut stale = Vec::new();
    for name in NAMES {
        let from =
            built.get(name).ok_or_else(|| LocalError::unexpected(format!("cargo built no `{name}`")))?;
        let new = fs::read(from).map_err(LocalError::io(from.display()))?;
        if place(&new, from, &lambda().join(name).join("bootstrap"))?
            || !lambda().join(format!("{name}.zip")).exists()
        {
            stale.push(name);
        }
    }
    pack(tools, &stale)?;
    template()
}

fn ready_made(folder: &Path) -> BTreeMap<String, PathBuf> {
    NAMES
        .iter()
        .map(|name| ((*name).to_owned(), paths::root().join(folder).join(name).join("bootstrap")))
        .collect()
}

/// The programs by name. Cargo shows its progress itself.
fn compile() -> Result<BTreeMap<String, PathBuf>> {
    let mut command = process::cargo(&["build", "--workspace", "--message-format=json-render-diagnostics"]);
    NAMES.iter().for_each(|name| {
        command.args(["--bin", name]);
    });
    let mut built = BTreeMap::new();
    process::lines("building the functions", &mut command, |line| built.extend(artifact(line)))?;
    Ok(built)
}

/// The name and the place of a program, if that is what the line of cargo's report is about.
fn artifact(line: &str) -> Option<(String, PathBuf)> {
    let report: serde_json::Value = serde_json::from_str(line).ok()?;
    let name = at(&report, "/target/name").as_str()?;
    Some((name.to_owned(), PathBuf::from(at(&report, "/executable").as_str()?)))
}

/// Zips the functions, so that `sam deploy` uploads them as they are: it would zip all of them each time.
fn pack(tools: &Tools, names: &[&str]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let mut command = tools.command("python")?;
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("pack.py")).arg(lambda()).args(names);
    process::output("zipping the functions", &mut command).map(drop)
}

fn lambda() -> PathBuf {
    paths::stage().join("target/lambda")
}

/// The template and the workflow, beside the functions as in the project's root. The template is the one for AWS but for
/// its functions being zipped already.
fn template() -> Result<()> {
    for file in OTHERS {
        let from = paths::root().join(file);
        let mut text = fs::read_to_string(&from).map_err(LocalError::io(from.display()))?;
        for name in NAMES {
            text =
                text.replace(&format!("../target/lambda/{name}/"), &format!("../target/lambda/{name}.zip"));
        }
        place(text.as_bytes(), &from, &paths::stage().join(file))?;
    }
    Ok(())
}

/// Writes what has changed, in one step for whoever reads it at the same time, and with the permissions of `from`.
/// Says whether it had changed.
fn place(new: &[u8], from: &Path, to: &Path) -> Result<bool> {
    if fs::read(to).is_ok_and(|old| old == new) {
        return Ok(false);
    }
    paths::folder(to.parent().unwrap_or(to).to_path_buf())?;
    let beside = to.with_extension("new");
    let written = fs::write(&beside, new)
        .and_then(|()| fs::set_permissions(&beside, fs::metadata(from)?.permissions()));
    written.map_err(LocalError::io(beside.display()))?;
    fs::rename(&beside, to).map_err(LocalError::io(to.display()))?;
    Ok(true)
}

/// Differs whenever something to be deployed does. Files are only written when they change, so their times tell.
pub fn fingerprint() -> Result<String> {
    let functions = NAMES.iter().map(|name| format!("target/lambda/{name}/bootstrap"));
    let each = functions.chain(OTHERS.map(str::to_owned)).map(|file| {
        let path = paths::stage().join(&file);
        let about = fs::metadata(&path).and_then(|about| Ok((about.len(), about.modified()?)));
        let (length, modified) = about.map_err(LocalError::io(path.display()))?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(format!("{file} {length} {}", since.as_nanos()))
    });
    Ok(each.collect::<Result<Vec<_>>>()?.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_are_taken_from_cargos_report() {
        let line = |executable: &str| format!(r#"{{"target":{{"name":"grant"}},"executable":{executable}}}"#);
        assert_eq!(artifact(&line("\"/x/grant\"")), Some(("grant".to_owned(), PathBuf::from("/x/grant"))));
        assert_eq!(artifact(&line("null")), None);
        assert_eq!(artifact("not json"), None);
    }
}
