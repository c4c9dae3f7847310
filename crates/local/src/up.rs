//! The one local cloud that `cargo xtask up` keeps: started, brought up to date, found again, ended.

use crate::cloud::{self, Cloud, Leash};
use crate::http::Http;
use crate::tools::Tools;
use crate::{LocalError, Result, Stage, functions, hooks, lock, paths, progress, stage, wait};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const TO_STOP: Duration = Duration::from_secs(15);

/// What `.stint/up.json` says. As long as the file is there, the cloud stays.
#[derive(Serialize, Deserialize)]
struct State {
    port: u16,
    deployed: Option<String>,
}

/// What came of bringing it up.
pub struct Up {
    pub stage: Stage,
    /// The cloud, if it was started now and ends with this process.
    pub cloud: Option<Cloud>,
    /// Nothing had to be done.
    pub was_up: bool,
}

/// Starts it unless it runs, deploys and seeds unless that is done and nothing has changed since.
pub fn bring_up(port: Option<u16>, detach: bool) -> Result<Up> {
    let tools = Tools::ensure()?;
    functions::build(&tools)?;
    let _alone = lock::exclusive("up")?;
    let deployed = functions::fingerprint()?;
    let known = running()?;
    let (url, cloud) = match &known {
        Some(state) => (cloud::url(state.port), None),
        None => {
            let cloud = progress::step("starting the local cloud", || start(&tools, port, detach))?;
            (cloud.url(), Some(cloud))
        }
    };
    let was_up = known.as_ref().is_some_and(|state| state.deployed.as_ref() == Some(&deployed));
    if !was_up {
        stage::set_up(&tools, &url)?;
        let filled = progress::step("filling the vault", || stage::fill_vault(&url));
        if let Err(error) = filled {
            progress::note(&format!("no vault: {error}"));
        }
        let port = known.map_or(port.unwrap_or(cloud::PORT), |state| state.port);
        write(&State { port, deployed: Some(deployed) })?;
    }
    let stage = Stage::attach(url)?;
    // An interrupted demonstration leaves them off.
    functions::NAMES.iter().try_for_each(|name| hooks::switch_on(&stage.admin, &format!("stint-{name}")))?;
    Ok(Up { stage, cloud, was_up })
}

fn start(tools: &Tools, port: Option<u16>, detach: bool) -> Result<Cloud> {
    let port = port.unwrap_or(cloud::PORT);
    write(&State { port, deployed: None })?;
    let leash = if detach { Leash::File(file()?) } else { Leash::ProcessAndFile(file()?) };
    let started = Cloud::start(tools, Some(port), &leash);
    if started.is_err() {
        forget()?;
    }
    started
}

/// Ends it; `false` if there was none.
pub fn take_down() -> Result<bool> {
    let Some(state) = running()? else {
        forget()?;
        return Ok(false);
    };
    forget()?;
    let http = Http::new(cloud::url(state.port));
    wait::until("the end of the local cloud", TO_STOP, || Ok((!cloud::is_up(&http)).then_some(())))?;
    Ok(true)
}

/// Of one that has ended: whether somebody wanted that.
pub fn was_taken_down() -> Result<bool> {
    let wanted = !file()?.exists();
    forget()?;
    Ok(wanted)
}

/// The one that is up, if there is one.
pub fn find() -> Result<Option<Stage>> {
    running()?.map(|state| Stage::attach(cloud::url(state.port))).transpose()
}

fn running() -> Result<Option<State>> {
    let Ok(text) = fs::read_to_string(file()?) else { return Ok(None) };
    let state: Option<State> = serde_json::from_str(&text).ok();
    Ok(state.filter(|state| cloud::is_up(&Http::new(cloud::url(state.port)))))
}

/// `STINT_UP` names another, so that one more can be up beside the usual one, on another port.
fn file() -> Result<PathBuf> {
    match std::env::var_os("STINT_UP") {
        Some(file) => Ok(PathBuf::from(file)),
        None => Ok(paths::state()?.join("up.json")),
    }
}

fn write(state: &State) -> Result<()> {
    let path = file()?;
    let text = serde_json::to_string(state).map_err(|cause| LocalError::unexpected(cause.to_string()))?;
    fs::write(&path, text).map_err(LocalError::io(path.display()))
}

fn forget() -> Result<()> {
    match fs::remove_file(file()?) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(LocalError::Io("up.json".to_owned(), cause))
        }
        _ => Ok(()),
    }
}
