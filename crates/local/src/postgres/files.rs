//! The folder of one server, and who it belongs to: PostgreSQL refuses to run as root, so there it runs as `nobody`.

use crate::{LocalError, Result, process};
use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// `nobody`, on every Linux.
const NOBODY: u32 = 65_534;

pub(super) struct Files {
    folder: PathBuf,
    /// Whom the server runs as, if not as ourselves.
    user: Option<u32>,
}

impl Files {
    pub(super) fn new(folder: Option<&Path>) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let own = || {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            std::env::temp_dir().join(format!("stint-postgres-{}-{number}", std::process::id()))
        };
        let folder = folder.map_or_else(own, Path::to_path_buf);
        fs::create_dir_all(&folder).map_err(LocalError::io(folder.display()))?;
        let owner = fs::metadata(&folder).map_err(LocalError::io(folder.display()))?.uid();
        let files = Self { folder, user: (owner == 0).then_some(NOBODY) };
        files.hand_over(&files.folder, 0o700)?;
        Ok(files)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A program, as the user that the server runs as.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command.current_dir("/").env("LC_ALL", "C");
        command
    }

    /// Runs it to its end with this on its standard input.
    pub(super) fn feed(&self, what: &str, mut command: Command, input: &str) -> Result<()> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(LocalError::io(what))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).map_err(LocalError::io(what))?;
        }
        let done = child.wait_with_output().map_err(LocalError::io(what))?;
        if done.status.success() {
            return Ok(());
        }
        let output = String::from_utf8_lossy(&done.stderr).into_owned();
        Err(LocalError::Failed { what: what.to_owned(), output: process::tail(&output).to_owned() })
    }

    /// For the server and nobody else to read.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(LocalError::io(path.display()))?;
        self.hand_over(&path, 0o600)
    }

    pub(super) fn log(&self) -> Result<File> {
        let path = self.folder.join("log");
        File::create(&path).map_err(LocalError::io(path.display()))
    }

    /// What the server has said.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// After a start that failed; after any other the server's own shell does it.
    pub(super) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }

    fn hand_over(&self, path: &Path, mode: u32) -> Result<()> {
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(LocalError::io(path.display()))?;
        chown(path, self.user, self.user).map_err(LocalError::io(path.display()))
    }
}
