//! `sam deploy` to a local cloud: the same template, command and configuration file as for AWS.

use crate::admin::{Admin, element, elements};
use crate::tools::Tools;
use crate::{LocalError, Result, cloud, elsewhere, functions, paths, process, wait};
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

/// The sender of all mail.
pub const MAIL_FROM: &str = "stint@example.org";
const STACK: &str = "stint";
const TO_ENROL: Duration = Duration::from_secs(30);

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
        let xml = stacks(admin, "DescribeStacks", &[("StackName", STACK)])?;
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
    sam.arg(format!("AccountRoles={}", elsewhere::ROLE));
    // The domain's own name does not lead here.
    sam.arg("SignInDomain=stint-local");
    sam.arg(format!("SignInAuthorizeUrl={url}/oauth2/authorize"))
        .arg(format!("SignInTokenUrl={url}/oauth2/token"));
    process::output("sam deploy", as_administrator(&mut sam, url)).map(drop)
}

/// Deploys the example of a provider, beside Stint and with no knowledge of it.
pub fn deploy_example(tools: &Tools, url: &str) -> Result<()> {
    let mut sam = tools.command("sam")?;
    sam.current_dir(paths::stage()).args([
        "deploy",
        "--config-env",
        "local",
        "--stack-name",
        "stint-example",
    ]);
    sam.args(["--template-file", functions::EXAMPLE, "--s3-prefix", "stint-example", "--config-file"]);
    // It would look for one beside the template.
    sam.arg(paths::stage().join("samconfig.toml"));
    sam.args(["--parameter-overrides", "Architecture=x86_64"]);
    process::output("sam deploy of the example", as_administrator(&mut sam, url)).map(drop)
}

/// What enrols a role.
pub const ENROLMENT: &str = "infra/enrolment.yaml";
/// What lets Stint into another account.
pub const TARGET_ACCOUNT: &str = "infra/target-account.yaml";

/// Deploys a template that stands by itself as a stack of this name.
pub fn stack(admin: &Admin, template: &str, stack: &str, parameters: &[(&str, &str)]) -> Result<()> {
    let template = paths::root().join(template);
    let template = fs::read_to_string(&template).map_err(LocalError::io(template.display()))?;
    let mut values = vec![
        ("StackName".to_owned(), stack),
        ("TemplateBody".to_owned(), &template),
        ("Capabilities.member.1".to_owned(), "CAPABILITY_NAMED_IAM"),
    ];
    for (n, (name, value)) in (1..).zip(parameters) {
        values.push((format!("Parameters.member.{n}.ParameterKey"), name));
        values.push((format!("Parameters.member.{n}.ParameterValue"), value));
    }
    let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    match stacks(admin, "CreateStack", &values) {
        Err(error) if error.is_refusal("AlreadyExistsException") => {
            match stacks(admin, "UpdateStack", &values) {
                Err(error) if error.is_refusal("No updates are to be performed") => return Ok(()),
                updated => updated?,
            }
        }
        created => created?,
    };
    wait::until(&format!("the stack {stack}"), TO_ENROL, || {
        let xml = stacks(admin, "DescribeStacks", &[("StackName", stack)])?;
        match element(&xml, "StackStatus") {
            Some("CREATE_COMPLETE" | "UPDATE_COMPLETE") => Ok(Some(())),
            Some(status) if status.contains("ROLLBACK") || status.contains("FAILED") => {
                Err(LocalError::unexpected(format!("the stack {stack} is {status}")))
            }
            _ => Ok(None),
        }
    })
}

fn stacks(admin: &Admin, action: &str, values: &[(&str, &str)]) -> Result<String> {
    admin.form("cloudformation", action, "2010-05-15", values)
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
