//! Stint's HTTP API as somebody who has signed in sees it.

use crate::admin::{Admin, encoded};
use crate::http::{Answer, Http};
use crate::json::at;
use crate::key::AccessKey;
use crate::{LocalError, Result, seed};
use serde_json::{Value, json};

/// Somebody who has signed in. It has no `Debug`, because of the token.
#[derive(Clone)]
pub struct Session {
    http: Http,
    token: String,
}

impl Session {
    /// Signs in with the password that everybody has on a local cloud.
    pub fn open(admin: &Admin, http: Http, client_id: &str, username: &str) -> Result<Self> {
        let ask = json!({"ClientId": client_id, "AuthFlow": "USER_PASSWORD_AUTH",
                         "AuthParameters": {"USERNAME": username, "PASSWORD": seed::PASSWORD}});
        let answer = admin.json("cognito-idp", "AWSCognitoIdentityProviderService.InitiateAuth", &ask)?;
        let token = at(&answer, "/AuthenticationResult/AccessToken").as_str();
        let token = token.ok_or_else(|| LocalError::unexpected(format!("{username} got no token")))?;
        Ok(Self { http, token: token.to_owned() })
    }

    /// With any token, for tests of bad ones.
    #[must_use]
    pub const fn with_token(http: Http, token: String) -> Self {
        Self { http, token }
    }

    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    pub fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, &[], &Value::Null)
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send("POST", path, &[], body)
    }

    /// Any request, whatever comes back. A body of `null` is none.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Result<Answer> {
        let bearer = format!("Bearer {}", self.token);
        let own = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.http.send(method, path, &[&own, headers].concat(), &body)
    }

    /// Asks for access; the request as the API shows it.
    pub fn request(&self, entitlement: &str, duration: &str, justification: &str) -> Result<Value> {
        self.ask(&json!({"entitlement": entitlement, "duration": duration, "justification": justification}))
    }

    /// Asks for access with all fields as they are.
    pub fn ask(&self, body: &Value) -> Result<Value> {
        Ok(self.post("/v1/requests", body)?.ok("POST /v1/requests")?.json())
    }

    /// What the holder of a grant uses it with; a new one each time.
    pub fn credentials(&self, grant_id: &str) -> Result<AccessKey> {
        AccessKey::handed_out(&self.ask_for_credentials(grant_id)?.ok("credentials")?.json())
    }

    /// The same, whatever comes back.
    pub fn ask_for_credentials(&self, grant_id: &str) -> Result<Answer> {
        self.post(&format!("/v1/grants/{}/credentials", encoded(grant_id)), &Value::Null)
    }

    /// Takes a grant away from whoever has it.
    pub fn revoke(&self, grant_id: &str, comment: &str) -> Result<Answer> {
        self.post(&format!("/v1/grants/{}/revoke", encoded(grant_id)), &json!({"comment": comment}))
    }

    /// The request as it is now.
    pub fn look(&self, request_id: &str) -> Result<Value> {
        let path = format!("/v1/requests/{}", encoded(request_id));
        Ok(self.get(&path)?.ok(&path)?.json())
    }
}

/// The id of a request as the API shows it.
pub fn id(request: &Value) -> Result<&str> {
    at(request, "/id").as_str().ok_or_else(|| LocalError::unexpected(format!("no request: {request}")))
}
