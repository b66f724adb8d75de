//! The least HTTP client that can speak to the admin API and to an app's host.

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes};
use hyper_util::{client::legacy, rt::TokioExecutor};
use serde_json::{Value, json};

type Http = legacy::Client<legacy::connect::HttpConnector, Full<Bytes>>;

/// Keeps its connections.
#[derive(Clone)]
pub(crate) struct Client {
    http: Http,
    address: &'static str,
    key: Option<String>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn new(address: &'static str) -> Self {
        Self { http: legacy::Client::builder(TokioExecutor::new()).build_http(), address, key: None }
    }

    /// `GET` with a Host header.
    pub(crate) async fn get(&self, path: &str, host: &str) -> Result<Answer> {
        self.send(Request::get(format!("http://{}{path}", self.address)).header("host", host).body(Full::default())?).await
    }

    /// A call of the admin API; anything but a 2xx is an error.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        let request = Request::builder().method(method).uri(format!("http://{}/api/v1/admin/{path}", self.address));
        let request = request.header("host", "localhost").header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {}", self.key.as_deref().unwrap_or_default()));
        let answer = self.send(request.body(Full::from(body.to_string()))?).await?;
        ensure!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        Ok(serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    /// A client with a key that may do everything.
    pub(crate) async fn log_in(mut self, username: &str, password: &str) -> Result<Self> {
        let credentials = json!({ "username": username, "password": password }).to_string();
        let origin = format!("http://localhost:{}", self.address.rsplit(':').next().unwrap_or_default());
        let request = |path: &str| {
            Request::post(format!("http://{}/api/v1/admin/{path}", self.address))
                .header("host", origin.trim_start_matches("http://"))
                .header("origin", &origin)
                .header("content-type", "application/json")
        };
        let answer = self.http.request(request("session").body(Full::from(credentials))?).await?;
        let cookie = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok()).context("a login sets a cookie")?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let scopes = ["script:read", "script:write", "script:execute", "route:write", "app:admin", "instance:admin"];
        let key = json!({ "name": "benchmark", "scopes": scopes }).to_string();
        let answer = self.send(request("api-keys").header("cookie", cookie).body(Full::from(key))?).await?;
        let key: Value = serde_json::from_slice(&answer.body)?;
        self.key = Some(key["key"].as_str().with_context(|| format!("no key in {key}"))?.to_owned());
        Ok(self)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let answer = self.http.request(request).await?;
        let status = answer.status().as_u16();
        Ok(Answer { status, body: answer.into_body().collect().await?.to_bytes() })
    }
}
