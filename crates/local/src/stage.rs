//! A local cloud with Stint and the sample organisation on it.

use crate::admin::Admin;
use crate::api::Session;
use crate::browser::Browser;
use crate::cloud::{Cloud, Leash};
use crate::deploy::{Outputs, deploy, deploy_example};
use crate::hooks::{self, Invocation};
use crate::http::{Answer, Http};
use crate::json::{at, items};
use crate::key::AccessKey;
use crate::mail::{self, Mail};
use crate::probe::{Access, Probe};
use crate::progress::step;
use crate::seed;
use crate::tools::Tools;
use crate::workflow::Execution;
use crate::{LocalError, Result, elsewhere, functions};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
pub use stint_policy::sample::{SamplePerson, organisation as everybody};

/// For what a function does at once; a cold one on a busy machine needs a while.
pub const SOON: Duration = Duration::from_secs(30);

/// Ends its cloud when dropped, if it started it; a static one ends with the process.
pub struct Stage {
    /// Named by its URL, such as `http://127.0.0.1:4566`, the address of the API, too.
    pub http: Http,
    pub admin: Admin,
    pub outputs: Outputs,
    keys: Mutex<HashMap<String, AccessKey>>,
    people: AtomicU32,
    _cloud: Option<Cloud>,
}

/// One event of the audit, as it is in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// The event's canonical JSON.
    pub canonical: String,
    pub hash: String,
}

impl Stage {
    /// The one of this process, made by whoever asks first.
    pub fn shared() -> Result<&'static Self> {
        static STAGE: OnceLock<Result<Stage, String>> = OnceLock::new();
        let made = STAGE.get_or_init(|| Self::start().map_err(|error| error.chain()));
        made.as_ref().map_err(|error| LocalError::Unexpected(error.clone()))
    }

    /// A cloud of its own, on a free port.
    pub fn start() -> Result<Self> {
        let tools = Tools::ensure()?;
        functions::build(&tools)?;
        let cloud = step("starting a local cloud", || Cloud::start(&tools, None, &Leash::Process))?;
        set_up(&tools, &cloud.url())?;
        let url = cloud.url();
        Self::on(url, Some(cloud))
    }

    /// One that is up already.
    pub fn attach(url: String) -> Result<Self> {
        Self::on(url, None)
    }

    fn on(url: String, cloud: Option<Cloud>) -> Result<Self> {
        let http = Http::new(url);
        let admin = Admin::new(http.clone());
        let outputs = Outputs::read(&admin)?;
        Ok(Self { http, admin, outputs, keys: Mutex::default(), people: AtomicU32::new(1), _cloud: cloud })
    }

    #[must_use]
    pub fn url(&self) -> &str {
        self.http.base()
    }

    // ---- people ----

    /// Somebody just like the sample person, with nothing of theirs: tests side by side do not see each other's grants.
    /// Returns their username.
    pub fn another(&self, username: &str) -> Result<String> {
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        let like = sample(username)?;
        let name = format!("{username}-{number}");
        let iam_user = like.iam_user.as_ref().map(|_| name.parse()).transpose();
        let iam_user = iam_user.map_err(|bad| LocalError::unexpected(format!("{name}: {bad}")))?;
        let email = format!("{name}@example.com");
        let who = SamplePerson { username: name.clone(), email, iam_user, ..like };
        seed::person(&self.admin, &self.outputs, &who)?;
        Ok(name)
    }

    pub fn sign_in(&self, username: &str) -> Result<Session> {
        Session::open(&self.admin, self.http.clone(), self.outputs.get("ClientId")?, username)
    }

    /// The access key of an IAM user, one for all of this process.
    pub fn key_of(&self, user: &str) -> Result<AccessKey> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.get(user) {
            return Ok(key.clone());
        }
        let key = seed::access_key(&self.admin, user)?;
        keys.insert(user.to_owned(), key.clone());
        Ok(key)
    }

    /// Whether the IAM user can read the table now.
    pub fn can_read(&self, user: &str, table: &str) -> Result<Access> {
        self.probe(user)?.read(table)
    }

    /// For asking more than once.
    pub fn probe(&self, user: &str) -> Result<Probe> {
        self.probe_with(&self.key_of(user)?)
    }

    /// With any key.
    pub fn probe_with(&self, key: &AccessKey) -> Result<Probe> {
        Probe::new(self.url(), key)
    }

    // ---- approvers ----

    /// The mail to an address about a request, once it is there.
    pub fn mail(&self, address: &str, request_id: &str) -> Result<Mail> {
        mail::wait_for(&self.http, address, request_id, SOON)
    }

    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::new(self.http.clone())
    }

    /// Opens the link that was mailed to `address` and presses `approve` or `deny`.
    pub fn decide_by_mail(&self, address: &str, request_id: &str, decision: &str) -> Result<Answer> {
        let mail = self.mail(address, request_id)?;
        self.browser().decide(mail.link()?, decision, "")?.ok(decision)
    }

    // ---- what happened ----

    pub fn execution(&self, request_id: &str) -> Result<Execution> {
        Execution::named(&self.admin, &self.outputs, request_id)
    }

    /// The invocations of a function (such as `grant`) with this request's id in the payload.
    pub fn invocations(&self, function: &str, request_id: &str) -> Result<Vec<Invocation>> {
        let wanted = format!("stint-{function}");
        let mut all = hooks::invocations(&self.http)?;
        all.retain(|one| one.function == wanted && one.event_request_id.as_deref() == Some(request_id));
        Ok(all)
    }

    /// A request's audit, straight from its table.
    pub fn audit(&self, request_id: &str) -> Result<Vec<AuditRow>> {
        let ask = json!({"TableName": self.outputs.get("AuditTable")?, "ConsistentRead": true,
            "KeyConditionExpression": "#s = :s", "ExpressionAttributeNames": {"#s": "stream"},
            "ExpressionAttributeValues": {":s": {"S": request_id}}});
        let page = self.admin.json("dynamodb", "DynamoDB_20120810.Query", &ask)?;
        items(&page, "/Items").map(row).collect()
    }

    /// The names of an IAM role's inline policies.
    pub fn policies_of_role(&self, role: &str) -> Result<Vec<String>> {
        let xml = self.admin.form("iam", "ListRolePolicies", "2010-05-08", &[("RoleName", role)])?;
        Ok(crate::admin::elements(&xml, "member").map(str::to_owned).collect())
    }

    /// Whether there is such an IAM user.
    pub fn has_user(&self, user: &str) -> Result<bool> {
        match self.admin.form("iam", "GetUser", "2010-05-08", &[("UserName", user)]) {
            Err(error) if error.is_refusal("NoSuchEntity") => Ok(false),
            found => found.map(|_| true),
        }
    }

    /// The names of an IAM user's inline policies.
    pub fn policies_of(&self, user: &str) -> Result<Vec<String>> {
        let xml = self.admin.form("iam", "ListUserPolicies", "2010-05-08", &[("UserName", user)])?;
        Ok(crate::admin::elements(&xml, "member").map(str::to_owned).collect())
    }
}

/// Deploys to the cloud at `url` and seeds it.
pub fn set_up(tools: &Tools, url: &str) -> Result<()> {
    step("sam deploy", || deploy(tools, url))?;
    step("sam deploy of the example", || deploy_example(tools, url))?;
    let http = Http::new(url.to_owned());
    let admin = Admin::new(http.clone());
    step("seeding the sample organisation", || seed::seed(&admin, &Outputs::read(&admin)?))?;
    step("seeding its other account", || elsewhere::seed(http))
}

/// Starts the database of the cloud at `url`, and puts its sample logins into the vault.
pub fn fill_vault(url: &str) -> Result<()> {
    let http = Http::new(url.to_owned());
    let admin = Admin::new(http.clone());
    crate::vault::seed(&admin, &Outputs::read(&admin)?, &http)
}

/// The sample person of this name.
pub fn sample(username: &str) -> Result<SamplePerson> {
    let found = everybody().into_iter().find(|person| person.username == username);
    found.ok_or_else(|| LocalError::unexpected(format!("the sample organisation has no {username}")))
}

fn row(item: &Value) -> Result<AuditRow> {
    let text = |name: &str| at(item, &format!("/{name}/S")).as_str().map(str::to_owned);
    let row = text("doc").zip(text("hash")).map(|(canonical, hash)| AuditRow { canonical, hash });
    row.ok_or_else(|| LocalError::unexpected(format!("an audit item without doc or hash: {item}")))
}
