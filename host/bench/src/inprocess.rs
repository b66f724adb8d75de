//! Rhai without a sandbox: an engine and a cached syntax tree in the host's own process, as the first PiCloud ran scripts.

use anyhow::Result;
use rhai::{AST, Dynamic, Engine, Map, Scope};

use crate::cart;

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

    /// The same work as a sandbox's `handle`: `ctx` from the request, the script, status and bytes of its answer.
    pub(crate) fn run(&self, body: &[u8], headers: &[(String, String)]) -> Result<(u16, Vec<(String, String)>, Vec<u8>)> {
        let mut request = Map::new();
        request.insert("method".into(), "POST".into());
        request.insert("path".into(), "/".into());
        request.insert("host".into(), "shop.localhost".into());
        request.insert("headers".into(), headers.iter().map(|(name, value)| (name.as_str().into(), value.into())).collect::<Map>().into());
        request.insert("body".into(), serde_json::from_slice::<Dynamic>(body)?);
        let mut ctx = Map::new();
        ctx.insert("execution_id".into(), "00000000-0000-0000-0000-000000000007".into());
        ctx.insert("script_name".into(), "main".into());
        ctx.insert("request".into(), request.into());
        let mut scope = Scope::new();
        scope.push_constant_dynamic("ctx", ctx.into());
        let value = self.engine.eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast).map_err(|error| anyhow::anyhow!("{error}"))?;
        answer(value)
    }
}

fn answer(value: Dynamic) -> Result<(u16, Vec<(String, String)>, Vec<u8>)> {
    let map = value.try_cast::<Map>().ok_or_else(|| anyhow::anyhow!("the cart answers with a map"))?;
    let status = map.get("statusCode").and_then(|status| status.as_int().ok()).and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let headers = map.get("headers").and_then(|headers| {
        headers.read_lock::<Map>().map(|map| map.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
    });
    let body = map.get("body").map_or_else(|| Ok(Vec::new()), serde_json::to_vec)?;
    Ok((status, headers.unwrap_or_default(), body))
}

/// Headers of a small request.
pub(crate) fn headers() -> Vec<(String, String)> {
    [("host", "shop.localhost"), ("content-type", "application/json"), ("content-length", &cart::ORDER.len().to_string())]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}
