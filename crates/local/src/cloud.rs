//! A running local cloud, and its end.
//!
//! Guards: nothing is left running. The cloud has a process group of its own and hangs on a leash: this process's
//! pipe, which closes however this process ends, or a file, which `cargo xtask down` removes.

use crate::http::Http;
use crate::tools::Tools;
use crate::{LocalError, Result, paths, process, wait};
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

pub const REGION: &str = "eu-west-1";
/// The account that Stint is in.
pub const ACCOUNT: &str = "000000000000";
/// Where `cargo xtask up` is, unless told otherwise.
pub const PORT: u16 = 4566;
const TO_START: Duration = Duration::from_secs(30);
const TO_STOP: Duration = Duration::from_secs(12);
const LOGS_ARE_KEPT: Duration = Duration::from_secs(24 * 3600);

/// What keeps a cloud running.
#[derive(Debug, Clone)]
pub enum Leash {
    /// This process.
    Process,
    /// This process, and a file.
    ProcessAndFile(PathBuf),
    /// A file, whatever becomes of this process.
    File(PathBuf),
}

/// Ends when dropped, if this process holds it.
pub struct Cloud {
    port: u16,
    child: Child,
    /// Our end of the leash.
    hold: Option<ChildStdin>,
    detached: bool,
}

impl Cloud {
    /// Starts one on `port`, or on one that is free, and waits until it answers.
    pub fn start(tools: &Tools, port: Option<u16>, leash: &Leash) -> Result<Self> {
        let port = free(port)?;
        let log = log(port)?;
        let mut command = tools.command("python")?;
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("leash.py"));
        if let Leash::Process | Leash::ProcessAndFile(_) = leash {
            command.arg("--stdin");
        }
        if let Leash::ProcessAndFile(file) | Leash::File(file) = leash {
            command.arg("--while").arg(file);
        }
        command.arg(paths::root().join("localstack/cloud.py"));
        command.args(["--port", &port.to_string(), "--region", REGION]);
        let detached = matches!(leash, Leash::File(_));
        command.stdin(if detached { Stdio::null() } else { Stdio::piped() });
        command.stdout(clone(&log.1)?).stderr(log.1).process_group(0);
        let mut child = command.spawn().map_err(LocalError::io("the local cloud cannot be started"))?;
        let hold = child.stdin.take();
        let mut cloud = Self { port, child, hold, detached };
        cloud.ready(&log.0)?;
        Ok(cloud)
    }

    #[must_use]
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// Waits until it ends by itself, or somebody else ends it.
    pub fn wait(&mut self) -> Result<()> {
        self.child.wait().map(drop).map_err(LocalError::io("the local cloud"))
    }

    /// Ends it and waits for that.
    pub fn stop(&mut self) -> Result<()> {
        drop(self.hold.take());
        wait::until("the end of the local cloud", TO_STOP, || {
            let ended = self.child.try_wait().map_err(LocalError::io("the local cloud"))?;
            Ok(ended.map(drop))
        })
    }

    fn ready(&mut self, log: &Path) -> Result<()> {
        let http = Http::new(self.url());
        wait::until("the start of the local cloud", TO_START, || {
            if let Some(status) = self.child.try_wait().map_err(LocalError::io("the local cloud"))? {
                let said = fs::read_to_string(log).unwrap_or_default();
                let output = format!("it ended with {status}\n{}", process::tail(&said));
                return Err(LocalError::Failed { what: "starting the local cloud".to_owned(), output });
            }
            Ok(is_up(&http).then_some(()))
        })
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if !self.detached {
            // Nobody is left to be told; the leash ends it in any case.
            let _ = self.stop();
        }
    }
}

#[must_use]
pub fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Whether a cloud answers there.
#[must_use]
pub fn is_up(http: &Http) -> bool {
    http.get("/_ministack/health").is_ok_and(|answer| answer.status == 200)
}

fn free(wanted: Option<u16>) -> Result<u16> {
    let taken = |cause| match wanted {
        Some(port) => LocalError::Io(
            format!(
                "port {port} is taken; end what uses it (cargo xtask down?) or choose another with --port"
            ),
            cause,
        ),
        None => LocalError::Io("there is no free port".to_owned(), cause),
    };
    let probe = TcpListener::bind(("127.0.0.1", wanted.unwrap_or(0))).map_err(taken)?;
    Ok(probe.local_addr().map_err(LocalError::io("a free port"))?.port())
}

/// A log by port; those of yesterday go.
fn log(port: u16) -> Result<(PathBuf, File)> {
    let folder = paths::folder(paths::state()?.join("clouds"))?;
    for old in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let age = old.metadata().and_then(|about| about.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > LOGS_ARE_KEPT) {
            let _ = fs::remove_file(old.path());
        }
    }
    let path = folder.join(format!("{port}.log"));
    let file = File::create(&path).map_err(LocalError::io(path.display()))?;
    Ok((path, file))
}

fn clone(file: &File) -> Result<File> {
    file.try_clone().map_err(LocalError::io("the log of the local cloud"))
}
