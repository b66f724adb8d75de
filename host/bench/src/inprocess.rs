//! Rhai without a sandbox: an engine and a cached syntax tree in the host's own process, as the first PiCloud ran scripts.

use anyhow::Result;
use execution::{HttpRequest, Invocation, InvocationType};
use rhai::{AST, Dynamic, Engine, Map, Scope};

use crate::cart;

/// Status, headers and body.
pub(crate) type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// An engine with one parsed script.
pub(crate) struct InProcess {
    engine: Engine,
    ast: AST,
}

impl InProcess {
    pub(crate) fn new(script: &str) -> Result<Self> {
        let engine = Engine::new();
        let ast = engine.compile(script)?;
        Ok(Self { engine, ast })
    }

    /// The same work as a sandbox's `handle`: `ctx`, the script, status, headers and bytes of its answer.
    pub(crate) fn run(&self, call: Invocation, ctx: fn(Invocation) -> Result<Dynamic>) -> Result<Answer> {
        let mut scope = Scope::new();
        scope.push_constant_dynamic("ctx", ctx(call)?);
        let value = self.engine.eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast).map_err(|error| anyhow::anyhow!("{error}"))?;
        answer(value)
    }
}

/// What of `ctx` the cart names, as a sandbox builds it.
pub(crate) fn named_ctx(call: Invocation) -> Result<Dynamic> {
    let body = serde_json::from_slice::<Dynamic>(&call.request.unwrap_or_default().body)?;
    let request = Map::from([("body".into(), body)]);
    Ok(Map::from([("request".into(), request.into())]).into())
}

/// All of `ctx`, as the first PiCloud built it.
pub(crate) fn whole_ctx(call: Invocation) -> Result<Dynamic> {
    let request = call.request.unwrap_or_default();
    let mut map = Map::new();
    map.insert("body".into(), serde_json::from_slice::<Dynamic>(&request.body)?);
    for (name, pairs) in [("headers", request.headers), ("query", request.query), ("params", request.params)] {
        map.insert(name.into(), pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect::<Map>().into());
    }
    for (name, text) in [
        ("method", request.method),
        ("path", request.path),
        ("host", request.host),
        ("scheme", request.scheme),
        ("client_ip", request.client_ip),
    ] {
        map.insert(name.into(), text.into());
    }
    let mut ctx = Map::new();
    ctx.insert("request".into(), map.into());
    ctx.insert("deployment".into(), i64::from(call.deployment).into());
    ctx.insert("execution_id".into(), call.execution_id.to_string().into());
    ctx.insert("script_id".into(), call.script_id.to_string().into());
    ctx.insert("invocation_type".into(), call.invocation_type.as_str().into());
    for (name, text) in [("request_id", call.request_id), ("script_name", call.script_name), ("app", call.app)] {
        ctx.insert(name.into(), text.into());
    }
    Ok(ctx.into())
}

fn answer(value: Dynamic) -> Result<Answer> {
    let map = value.try_cast::<Map>().ok_or_else(|| anyhow::anyhow!("the cart answers with a map"))?;
    let status = map.get("statusCode").and_then(|status| status.as_int().ok()).and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let headers = map.get("headers").and_then(|headers| {
        headers.read_lock::<Map>().map(|map| map.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
    });
    let body = map.get("body").map_or_else(|| Ok(Vec::new()), serde_json::to_vec)?;
    Ok((status, headers.unwrap_or_default(), body))
}

/// The cart asked for, with as many headers as a small request has.
pub(crate) fn invocation() -> Invocation {
    let headers = [("host", "shop.localhost"), ("content-type", "application/json"), ("content-length", "143")];
    Invocation {
        execution_id: uuid::Uuid::now_v7(),
        request_id: "request-1".into(),
        script_id: uuid::Uuid::from_u128(8),
        script_name: "main".into(),
        app: "shop".into(),
        deployment: 3,
        invocation_type: InvocationType::Http,
        request: Some(HttpRequest {
            method: "POST".into(),
            path: "/".into(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            host: "shop.localhost".into(),
            scheme: "http".into(),
            client_ip: "127.0.0.1".into(),
            body: cart::ORDER.as_bytes().to_vec(),
            ..HttpRequest::default()
        }),
        event: None,
        depth: 0,
        now_ms: 1_790_000_000_123,
        seed: [7; 32],
    }
}
