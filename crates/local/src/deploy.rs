//! `sam deploy` to a local cloud: the same template, command and configuration file as for AWS.

use crate::admin::{Admin, element, elements};
use crate::tools::Tools;
use crate::{LocalError, Result, cloud, paths, process};
use std::collections::BTreeMap;
use std::process::Command;

/// The sender of all mail.
pub const MAIL_FROM: &str = "stint@example.org";
const STACK: &str = "stint";

/// The outputs of the stack, by name.
#[derive(Debug, Clone)]
pub struct Outputs(BTreeMap<String, String>);

impl Outputs {
    pub fn get(&self, name: &str) -> Result<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| LocalError::unexpected(format!("the stack has no `{name}`")))
    }

    /// Of what is deployed there.
    pub fn read(admin: &Admin) -> Result<Self> {
        let xml = admin.form("cloudformation", "DescribeStacks", "2010-05-15", &[("StackName", STACK)])?;
        let pair =
            |one| Some((element(one, "OutputKey")?.to_owned(), element(one, "OutputValue")?.to_owned()));
        Ok(Self(elements(element(&xml, "Outputs").unwrap_or(""), "member").filter_map(pair).collect()))
    }
}

/// Deploys what [`crate::functions::build`] has placed.
pub fn deploy(tools: &Tools, url: &str) -> Result<()> {
    let mut sam = tools.command("sam")?;
    sam.current_dir(paths::stage()).args(["deploy", "--config-env", "local", "--parameter-overrides"]);
    sam.arg(format!("MailFrom={MAIL_FROM}")).arg(format!("PublicUrl={url}"));
    process::output("sam deploy", as_administrator(&mut sam, url)).map(drop)
}

/// Points a command at the local cloud and at nothing else, whatever this machine is configured for.
fn as_administrator<'a>(command: &'a mut Command, url: &str) -> &'a mut Command {
    for name in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"] {
        command.env_remove(name);
    }
    command
        .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_ENDPOINT_URL", url)])
        .envs([("AWS_REGION", cloud::REGION), ("AWS_DEFAULT_REGION", cloud::REGION)])
        .envs([("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")])
        .env("SAM_CLI_POLL_DELAY", "0.3") // seconds; it is 5 for AWS
        .envs([("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1"), ("AWS_EC2_METADATA_DISABLED", "true")])
}
