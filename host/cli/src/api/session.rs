//! A session: what turns a name and a password into an API key.

use http::{Method, header};
use serde_json::{Value, json};

use super::{Answer, Client, Sent};
use crate::{
    contexts::Context,
    failure::{Failure, Result},
};

/// What the key is good for; `instance:admin` besides for who may have it. It never does more than its maker may.
const SCOPES: &[&str] = &[
    "script:read",
    "script:write",
    "script:execute",
    "route:write",
    "domain:write",
    "secret:write",
    "data:read",
    "data:write",
    "log:read",
    "app:admin",
];

/// Somebody who is logged in with a cookie, as a browser would be.
pub(crate) struct Session<'a> {
    client: &'a Client<'a>,
    origin: String,
    cookie: String,
    pub(crate) username: String,
    role: String,
}

impl<'a> Session<'a> {
    pub(crate) fn begin(client: &'a Client<'a>, username: &str, password: &str) -> Result<Self> {
        let body = json!({ "username": username, "password": password }).to_string();
        let headers = [(header::CONTENT_TYPE, "application/json")];
        let answer = client.send(&Method::POST, &["admin", "session"], Sent { headers: &headers, body: body.into(), ..Sent::default() })?;
        if !answer.status.is_success() {
            return Err(client.refused(&answer));
        }
        let cookie = answer.headers.get(header::SET_COOKIE).and_then(|value| value.to_str().ok()?.split(';').next());
        let cookie = cookie.ok_or_else(|| Failure::failed(format!("{} logged you in without a session", client.origin())))?.to_owned();
        let admin = &client.json(&answer)?["admin"];
        let text = |field: &str| admin[field].as_str().unwrap_or_default().to_owned();
        Ok(Self { client, origin: client.origin(), cookie, username: text("username"), role: text("role") })
    }

    pub(crate) fn send(&self, method: &Method, path: &[&str], query: &[(&str, &str)], body: &Value) -> Result<Answer> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers =
            [(header::CONTENT_TYPE, "application/json"), (header::COOKIE, self.cookie.as_str()), (header::ORIGIN, self.origin.as_str())];
        let answer = self.client.send(method, path, Sent { query, headers: &headers, body: body.into() })?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.client.refused(&answer)) }
    }

    /// See [`Client::call`].
    pub(crate) fn call(&self, method: &Method, path: &[&str], query: &[(&str, &str)], body: &Value) -> Result<Value> {
        self.client.json(&self.send(method, &[&["admin"], path].concat(), query, body)?)
    }

    /// A key whose name says where it is.
    pub(crate) fn key(&self) -> Result<Value> {
        let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let administers = matches!(self.role.as_str(), "owner" | "admin");
        let scopes: Vec<&str> = SCOPES.iter().copied().chain(administers.then_some("instance:admin")).collect();
        let body = json!({ "name": format!("picloud on {machine}"), "scopes": scopes });
        self.call(&Method::POST, &["api-keys"], &[], &body)
    }

    /// This key as what is stored of a login.
    pub(crate) fn context(&self, key: &Value) -> Context {
        let text = |field: &str| key[field].as_str().unwrap_or_default().to_owned();
        let expires_at = key["expires_at"].as_str().map(str::to_owned);
        Context { url: self.origin.clone(), username: self.username.clone(), key: text("key"), key_id: text("id"), expires_at }
    }

    /// Logs out; keys stay.
    pub(crate) fn end(&self) -> Result<()> {
        self.send(&Method::DELETE, &["admin", "session"], &[], &Value::Null).map(|_| ())
    }
}
