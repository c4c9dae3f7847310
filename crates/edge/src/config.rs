//! A function's settings, read from its environment once, at start.
//!
//! Guards: a function starts with all of its settings or not at all, and says about everything that is wrong in one
//! error. It must not read secrets: the environment holds none.

use std::collections::BTreeSet;
use thiserror::Error;

/// The settings that are missing (or empty) and those that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("environment variables are missing: [{}], unusable: [{}]", join(.missing), join(.unusable))]
pub struct BadEnvironment {
    pub missing: BTreeSet<&'static str>,
    pub unusable: BTreeSet<&'static str>,
}

fn join(names: &BTreeSet<&'static str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

/// What every function has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    pub grants: String,
    pub audit: String,
}

/// `expire`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskConfig {
    pub tables: Tables,
}

/// `grant`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantConfig {
    pub tables: Tables,
    /// `None`: people are in the file beside the policies.
    pub user_pool_id: Option<String>,
    /// The ARN of the permissions boundary that whatever gets access has to wear.
    pub boundary: String,
    /// The ARN of the key by which approvals are known for ones.
    pub approval_key: String,
}

/// The issuer of workloads' tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadConfig {
    /// The URL that it calls itself in its tokens.
    pub issuer: String,
    /// For whom its tokens have to be.
    pub audience: String,
}

/// `reveal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevealConfig {
    pub tables: Tables,
    /// `None`: people are in the file beside the policies.
    pub user_pool_id: Option<String>,
    /// The ARN of the key by which approvals are known for ones.
    pub approval_key: String,
    pub issuer: String,
    pub audience: Vec<String>,
    /// `None`: there are no routes for workloads.
    pub workloads: Option<WorkloadConfig>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestConfig {
    pub tables: Tables,
    pub state_machine_arn: String,
    pub expire_function: String,
    /// What is enrolled wears it.
    pub boundary: String,
    /// `None`: people are in the file beside the policies.
    pub user_pool_id: Option<String>,
    /// The URL that the issuer calls itself in its tokens.
    pub issuer: String,
    /// The client ids whose tokens are meant for Stint.
    pub audience: Vec<String>,
    /// `None`: there are no routes for workloads.
    pub workloads: Option<WorkloadConfig>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApproveConfig {
    pub tables: Tables,
    /// `None`: people are in the file beside the policies.
    pub user_pool_id: Option<String>,
    /// The base of mail links, without a slash at its end.
    pub public_url: String,
    /// The ARN of the key by which approvals are sealed.
    pub approval_key: String,
    /// The ARN of the key by which links are known for ours.
    pub link_key: String,
    /// The URL that the issuer calls itself in its tokens.
    pub issuer: String,
    pub audience: Vec<String>,
    /// `None`: whoever has nothing but a link does not decide about what takes more.
    pub sign_in: Option<SignInConfig>,
}

/// Where whoever has a link signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInConfig {
    pub authorize_url: String,
    pub token_url: String,
    /// The page's own, by which no other token is meant.
    pub client_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyConfig {
    pub tables: Tables,
    /// `None`: people are in the file beside the policies.
    pub user_pool_id: Option<String>,
    pub public_url: String,
    pub mail_from: String,
    /// The ARN of the key by which links are sealed.
    pub link_key: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconcileConfig {
    pub tables: Tables,
    pub state_machine_arn: String,
    /// `None`: people are in the file beside the policies.
    pub user_pool_id: Option<String>,
    /// What is enrolled wears it.
    pub boundary: String,
    pub notify_function: String,
}

/// A configuration that can be read from an environment.
pub trait Config: Sized {
    /// Reads all of it, noting in `environment` what is wrong.
    fn read(environment: &mut Environment) -> Self;

    /// From the process's own environment.
    fn from_env() -> Result<Self, BadEnvironment> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// From any source of variables.
    fn from_variables(lookup: impl Fn(&str) -> Option<String> + 'static) -> Result<Self, BadEnvironment> {
        let mut environment =
            Environment { lookup: Box::new(lookup), missing: BTreeSet::new(), unusable: BTreeSet::new() };
        let config = Self::read(&mut environment);
        let Environment { missing, unusable, .. } = environment;
        let good = missing.is_empty() && unusable.is_empty();
        if good { Ok(config) } else { Err(BadEnvironment { missing, unusable }) }
    }
}

type Lookup = Box<dyn Fn(&str) -> Option<String>>;

/// The variables, and what was found wrong with them so far.
pub struct Environment {
    lookup: Lookup,
    missing: BTreeSet<&'static str>,
    unusable: BTreeSet<&'static str>,
}

impl Environment {
    fn text(&mut self, name: &'static str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.missing.insert(name);
            String::new()
        })
    }

    /// All three of it or none; the page's client is none of those whose tokens are for the API, and codes go over `https`
    /// wherever the page itself does.
    fn sign_in(&mut self) -> Option<SignInConfig> {
        const AUTHORIZE: &str = "STINT_SIGN_IN_AUTHORIZE_URL";
        const TOKEN: &str = "STINT_SIGN_IN_TOKEN_URL";
        const CLIENT: &str = "STINT_SIGN_IN_CLIENT";
        if [AUTHORIZE, TOKEN, CLIENT].iter().all(|name| self.optional(name).is_none()) {
            return None;
        }
        let (authorize_url, token_url) = (self.url(AUTHORIZE), self.url(TOKEN));
        let in_the_clear = |url: &str| !url.starts_with("https://");
        if in_the_clear(&token_url)
            && !self.optional("STINT_PUBLIC_URL").is_some_and(|url| in_the_clear(&url))
        {
            self.unusable.insert(TOKEN);
        }
        let client_id = self.text(CLIENT);
        if self.list("STINT_AUDIENCE").contains(&client_id) {
            self.unusable.insert(CLIENT);
        }
        Some(SignInConfig { authorize_url, token_url, client_id })
    }

    fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn list(&mut self, name: &'static str) -> Vec<String> {
        let text = self.text(name);
        let list: Vec<_> = text.split(',').map(|item| item.trim().to_owned()).collect();
        if !text.is_empty() && list.iter().any(String::is_empty) {
            self.unusable.insert(name);
        }
        list
    }

    fn url(&mut self, name: &'static str) -> String {
        let text = self.text(name);
        let usable = text.starts_with("https://") || text.starts_with("http://");
        if !text.is_empty() && (!usable || text.ends_with('/')) {
            self.unusable.insert(name);
        }
        text
    }

    /// Both settings or neither, and never the first issuer: its people are no workloads.
    fn workloads(&mut self) -> Option<WorkloadConfig> {
        const NAMES: [&str; 2] = ["STINT_WORKLOAD_ISSUER", "STINT_WORKLOAD_AUDIENCE"];
        let [issuer, audience] = NAMES.map(|name| self.optional(name));
        if issuer.is_none() && audience.is_none() {
            return None;
        }
        if issuer.is_some() && issuer == self.optional("STINT_ISSUER") {
            self.unusable.insert(NAMES[0]);
        }
        Some(WorkloadConfig { issuer: self.text(NAMES[0]), audience: self.text(NAMES[1]) })
    }

    fn tables(&mut self) -> Tables {
        Tables { grants: self.text("STINT_GRANTS_TABLE"), audit: self.text("STINT_AUDIT_TABLE") }
    }
}

impl Config for TaskConfig {
    fn read(env: &mut Environment) -> Self {
        Self { tables: env.tables() }
    }
}

impl Config for GrantConfig {
    fn read(env: &mut Environment) -> Self {
        Self {
            tables: env.tables(),
            user_pool_id: env.optional("STINT_USER_POOL_ID"),
            boundary: env.text("STINT_BOUNDARY_ARN"),
            approval_key: env.text("STINT_APPROVAL_KEY_ARN"),
        }
    }
}

impl Config for RevealConfig {
    fn read(env: &mut Environment) -> Self {
        Self {
            tables: env.tables(),
            user_pool_id: env.optional("STINT_USER_POOL_ID"),
            approval_key: env.text("STINT_APPROVAL_KEY_ARN"),
            issuer: env.text("STINT_ISSUER"),
            audience: env.list("STINT_AUDIENCE"),
            workloads: env.workloads(),
        }
    }
}

impl Config for RequestConfig {
    fn read(env: &mut Environment) -> Self {
        Self {
            tables: env.tables(),
            state_machine_arn: env.text("STINT_STATE_MACHINE_ARN"),
            expire_function: env.text("STINT_EXPIRE_FUNCTION"),
            boundary: env.text("STINT_BOUNDARY_ARN"),
            user_pool_id: env.optional("STINT_USER_POOL_ID"),
            issuer: env.text("STINT_ISSUER"),
            audience: env.list("STINT_AUDIENCE"),
            workloads: env.workloads(),
        }
    }
}

impl Config for ApproveConfig {
    fn read(env: &mut Environment) -> Self {
        Self {
            tables: env.tables(),
            user_pool_id: env.optional("STINT_USER_POOL_ID"),
            public_url: env.url("STINT_PUBLIC_URL"),
            approval_key: env.text("STINT_APPROVAL_KEY_ARN"),
            link_key: env.text("STINT_LINK_KEY_ARN"),
            issuer: env.text("STINT_ISSUER"),
            audience: env.list("STINT_AUDIENCE"),
            sign_in: env.sign_in(),
        }
    }
}

impl Config for NotifyConfig {
    fn read(env: &mut Environment) -> Self {
        Self {
            tables: env.tables(),
            user_pool_id: env.optional("STINT_USER_POOL_ID"),
            public_url: env.url("STINT_PUBLIC_URL"),
            mail_from: env.text("STINT_MAIL_FROM"),
            link_key: env.text("STINT_LINK_KEY_ARN"),
        }
    }
}

impl Config for ReconcileConfig {
    fn read(env: &mut Environment) -> Self {
        Self {
            tables: env.tables(),
            state_machine_arn: env.text("STINT_STATE_MACHINE_ARN"),
            user_pool_id: env.optional("STINT_USER_POOL_ID"),
            boundary: env.text("STINT_BOUNDARY_ARN"),
            notify_function: env.text("STINT_NOTIFY_FUNCTION"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_but(missing: &'static [&'static str]) -> impl Fn(&str) -> Option<String> {
        move |name| (!missing.contains(&name)).then(|| format!("https://{name}"))
    }

    /// Every setting that a stack has without workloads.
    fn all(text: &'static str) -> impl Fn(&str) -> Option<String> {
        move |name| (!name.starts_with("STINT_WORKLOAD")).then(|| text.to_owned())
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let missing = &["STINT_AUDIT_TABLE", "STINT_MAIL_FROM"];
        let error = NotifyConfig::from_variables(all_but(missing)).unwrap_err();
        assert_eq!(error.missing, BTreeSet::from(*missing));
        assert!(NotifyConfig::from_variables(all_but(&[])).is_ok());
    }

    #[test]
    fn blank_is_missing_and_half_a_list_or_a_url_with_a_slash_at_its_end_is_unusable() {
        let blank = |_: &str| Some(" ".to_owned());
        assert_eq!(TaskConfig::from_variables(blank).unwrap_err().missing.len(), 2);
        assert_eq!(
            RequestConfig::from_variables(all("one,")).unwrap_err().unusable,
            BTreeSet::from(["STINT_AUDIENCE"])
        );
        for wrong in ["https://stint.example/", "ftp://stint.example"] {
            let all = move |name: &str| (!name.contains("SIGN_IN")).then(|| wrong.to_owned());
            let error = ApproveConfig::from_variables(all).unwrap_err();
            assert_eq!(error.unusable, BTreeSet::from(["STINT_PUBLIC_URL"]), "{wrong}");
        }
    }

    #[test]
    fn an_issuer_of_workloads_is_named_with_its_audience_and_is_not_the_first_one() {
        let with = |issuer: &'static str, audience: &'static str| {
            RequestConfig::from_variables(move |name| match name {
                "STINT_WORKLOAD_ISSUER" => Some(issuer.to_owned()),
                "STINT_WORKLOAD_AUDIENCE" => Some(audience.to_owned()),
                name => Some(format!("https://{name}")),
            })
        };
        assert_eq!(with("", "").unwrap().workloads, None);
        let (issuer, audience) = ("https://token.example.org".to_owned(), "stint".to_owned());
        let expected = Some(WorkloadConfig { issuer, audience });
        assert_eq!(with("https://token.example.org", "stint").unwrap().workloads, expected);
        let half = [with("https://token.example.org", ""), with("", "stint")]
            .map(|config| config.unwrap_err().missing);
        assert_eq!(half, [["STINT_WORKLOAD_AUDIENCE"], ["STINT_WORKLOAD_ISSUER"]].map(BTreeSet::from));
        let first = with("https://STINT_ISSUER", "stint").unwrap_err();
        assert_eq!(first.unusable, BTreeSet::from(["STINT_WORKLOAD_ISSUER"]));
    }

    #[test]
    fn signing_in_is_set_up_whole_or_not_at_all_and_by_a_client_of_its_own() {
        let without = |left_out: &'static [&'static str]| ApproveConfig::from_variables(all_but(left_out));
        let [authorize, token, client] =
            ["STINT_SIGN_IN_AUTHORIZE_URL", "STINT_SIGN_IN_TOKEN_URL", "STINT_SIGN_IN_CLIENT"];
        let whole = without(&[]).unwrap().sign_in.unwrap();
        assert_eq!(whole.client_id, "https://STINT_SIGN_IN_CLIENT");
        const ALL: &[&str] =
            &["STINT_SIGN_IN_AUTHORIZE_URL", "STINT_SIGN_IN_TOKEN_URL", "STINT_SIGN_IN_CLIENT"];
        assert_eq!(without(ALL).unwrap().sign_in, None);
        let missing = |names| without(names).unwrap_err().missing;
        assert_eq!(missing(&["STINT_SIGN_IN_AUTHORIZE_URL"]), BTreeSet::from([authorize]));
        assert_eq!(missing(&["STINT_SIGN_IN_TOKEN_URL"]), BTreeSet::from([token]));
        assert_eq!(missing(&["STINT_SIGN_IN_CLIENT"]), BTreeSet::from([client]));
        let over = |public: &'static str, token_url: &'static str| {
            ApproveConfig::from_variables(move |name| match name {
                "STINT_PUBLIC_URL" => Some(public.to_owned()),
                "STINT_SIGN_IN_TOKEN_URL" => Some(token_url.to_owned()),
                other => all_but(&[])(other),
            })
        };
        assert!(over("https://a.example", "https://b.example").is_ok());
        assert!(over("http://127.0.0.1:1", "http://127.0.0.1:2").is_ok(), "on one machine");
        assert_eq!(
            over("https://a.example", "http://b.example").unwrap_err().unusable,
            BTreeSet::from([token])
        );
        let one_for_all =
            |name: &str| Some(if name.ends_with("URL") { "https://x" } else { "cli" }.to_owned());
        let error = ApproveConfig::from_variables(one_for_all).unwrap_err();
        assert_eq!(error.unusable, BTreeSet::from([client]));
    }

    #[test]
    fn an_audience_may_be_several_clients() {
        let config = RequestConfig::from_variables(all("web, cli")).unwrap();
        assert_eq!(config.audience, ["web", "cli"]);
    }
}
