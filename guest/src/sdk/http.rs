//! `http::`: requests to other servers. Any status is an answer; what gets none is an error that can be caught.

use rhai::{Array, Dynamic, EvalAltResult, Map, Module, NativeCallContext};

use super::{error, place};
use crate::{
    answer::header_pairs,
    bindings::http::{self, Response},
    body,
};

/// The field of an answer that [`headers_all`] reads.
const ALL: &str = "headers_all";
/// What a request can be made of, beside its URL and, where it is an argument of its own, its body.
const OPTIONS: &[&str] = &["headers", "timeout"];
const REQUEST: &[&str] = &["body", "headers", "method", "timeout", "url"];
/// Longest bodies that are sent together: the host would have to take them over before it refused them.
const BODIES_BYTES_MAX: usize = 8 << 20;

/// A request while it is put together.
struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    timeout_ms: Option<u64>,
}

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// The namespace `http`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("get", |context: NativeCallContext, url: &str| plain(&context, "GET", url, Map::new()));
    module.set_native_fn("get", |context: NativeCallContext, url: &str, options: Map| plain(&context, "GET", url, options));
    module.set_native_fn("head", |context: NativeCallContext, url: &str| plain(&context, "HEAD", url, Map::new()));
    module.set_native_fn("head", |context: NativeCallContext, url: &str, options: Map| plain(&context, "HEAD", url, options));
    module.set_native_fn("delete", |context: NativeCallContext, url: &str| plain(&context, "DELETE", url, Map::new()));
    module.set_native_fn("delete", |context: NativeCallContext, url: &str, options: Map| plain(&context, "DELETE", url, options));
    module.set_native_fn("post", |context: NativeCallContext, url: &str, body: Dynamic| laden(&context, "POST", url, body, Map::new()));
    module.set_native_fn("post", |context: NativeCallContext, url: &str, body: Dynamic, options: Map| {
        laden(&context, "POST", url, body, options)
    });
    module.set_native_fn("put", |context: NativeCallContext, url: &str, body: Dynamic| laden(&context, "PUT", url, body, Map::new()));
    module.set_native_fn("put", |context: NativeCallContext, url: &str, body: Dynamic, options: Map| {
        laden(&context, "PUT", url, body, options)
    });
    module.set_native_fn("patch", |context: NativeCallContext, url: &str, body: Dynamic| laden(&context, "PATCH", url, body, Map::new()));
    module.set_native_fn("patch", |context: NativeCallContext, url: &str, body: Dynamic, options: Map| {
        laden(&context, "PATCH", url, body, options)
    });
    module.set_native_fn("request", |context: NativeCallContext, parts: Map| call(&context, from_parts(&context, parts)?));
    module.set_native_fn("all", all);
    module
}

/// A request without a body.
fn plain(context: &NativeCallContext, method: &str, url: &str, options: Map) -> Outcome<Map> {
    call(context, with(context, request(method, url), options, OPTIONS)?)
}

fn laden(context: &NativeCallContext, method: &str, url: &str, body: Dynamic, options: Map) -> Outcome<Map> {
    let request = with(context, request(method, url), options, OPTIONS)?;
    call(context, with_body(context, request, body)?)
}

/// All values of a header field of an answer; `None` if the map is none.
pub(crate) fn headers_all(response: &Map, name: &str) -> Option<Array> {
    let fields = response.get(ALL)?.read_lock::<Map>()?;
    Some(fields.get(name).and_then(|values| values.clone().try_cast::<Array>()).unwrap_or_default())
}

/// Sends requests together, six at a time. In the place of one that got no answer stands `#{ error, message }`.
fn all(context: NativeCallContext, requests: Array) -> Outcome<Array> {
    let parts = requests
        .into_iter()
        .map(|parts| parts.try_cast::<Map>().ok_or_else(|| invalid(&context, "http::all takes an array of maps".to_owned())));
    let requests = parts.map(|parts| from_parts(&context, parts?)).collect::<Outcome<Vec<_>>>()?;
    let answers = send(&context, &requests)?;
    Ok(answers
        .into_iter()
        .map(|answer| Dynamic::from_map(answer.map_or_else(|failed| error::value("http", &failed.code, failed.message), to_map)))
        .collect())
}

fn call(context: &NativeCallContext, request: Request) -> Outcome<Map> {
    match send(context, &[request])?.pop() {
        Some(Ok(response)) => Ok(to_map(response)),
        Some(Err(failed)) => Err(error::thrown(context, "http", &failed.code, failed.message)),
        None => Err(error::thrown(context, "http", "unavailable", "there is no answer".to_owned())),
    }
}

fn send(context: &NativeCallContext, requests: &[Request]) -> Outcome<Vec<Result<Response, http::Error>>> {
    place::note(context);
    if requests.iter().map(|request| request.body.len()).sum::<usize>() > BODIES_BYTES_MAX {
        return Err(error::thrown(
            context,
            "http",
            "request_too_large",
            format!("bodies that are sent together have at most {BODIES_BYTES_MAX} bytes"),
        ));
    }
    Ok(http::send(&requests.iter().map(Request::lend).collect::<Vec<_>>()))
}

impl Request {
    /// As `wit/` has it.
    fn lend(&self) -> http::Request<'_> {
        let Self { method, url, headers, body, timeout_ms } = self;
        http::Request { method, url, headers, body, timeout_ms: *timeout_ms }
    }
}

fn request(method: &str, url: &str) -> Request {
    Request { method: method.to_owned(), url: url.to_owned(), headers: Vec::new(), body: Vec::new(), timeout_ms: None }
}

/// `#{ method, url, headers, body, timeout }`; only the URL is needed.
fn from_parts(context: &NativeCallContext, mut parts: Map) -> Outcome<Request> {
    let mut text =
        |name: &str| parts.remove(name).map(|value| value.into_string().map_err(|_| option_error(context, name, "a string"))).transpose();
    let method = text("method")?.unwrap_or_else(|| "GET".to_owned());
    let url = text("url")?.ok_or_else(|| option_error(context, "url", "needed"))?;
    let body = parts.remove("body").unwrap_or(Dynamic::UNIT);
    let request = with(context, request(&method, &url), parts, REQUEST)?;
    with_body(context, request, body)
}

/// `headers`: a map; `timeout`: seconds.
fn with(context: &NativeCallContext, request: Request, options: Map, known: &[&str]) -> Outcome<Request> {
    if let Some(name) = options.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(invalid(context, format!("there is no option `{name}`; there is {}", known.join(", "))));
    }
    let headers = match options.get("headers").filter(|headers| !headers.is_unit()) {
        None => Vec::new(),
        Some(headers) => {
            let headers = headers.read_lock::<Map>().ok_or_else(|| option_error(context, "headers", "a map"))?;
            header_pairs(&headers).map_err(|message| error::thrown(context, "http", "invalid_header", message))?
        }
    };
    let timeout_ms =
        options.get("timeout").filter(|timeout| !timeout.is_unit()).map(|timeout| milliseconds(context, timeout)).transpose()?;
    Ok(Request { headers, timeout_ms, ..request })
}

fn milliseconds(context: &NativeCallContext, seconds: &Dynamic) -> Outcome<u64> {
    let seconds = seconds.as_int().map(|seconds| seconds as f64).or_else(|_| seconds.as_float());
    let seconds = seconds.ok().filter(|seconds| *seconds > 0.0);
    let seconds = seconds.ok_or_else(|| option_error(context, "timeout", "a number of seconds, more than 0"))?;
    Ok((seconds * 1000.0).clamp(1.0, u32::MAX.into()) as u64)
}

fn with_body(context: &NativeCallContext, request: Request, value: Dynamic) -> Outcome<Request> {
    let (bytes, content_type) = body::write(value).map_err(|message| invalid(context, message))?;
    let mut headers = request.headers;
    body::declare(&mut headers, content_type);
    Ok(Request { headers, body: bytes, ..request })
}

/// `#{ status, headers, headers_all, body, url, redirects }`, and `json_error` if the body says that it is JSON and is not.
fn to_map(response: Response) -> Map {
    let Response { status, headers, body, url, redirects } = response;
    let mut all = Map::new();
    for (name, value) in &headers {
        let values = all.entry(name.as_str().into()).or_insert_with(|| Array::new().into());
        if let Some(mut values) = values.write_lock::<Array>() {
            values.push(value.into());
        }
    }
    let first: Map = headers.iter().rev().map(|(name, value)| (name.as_str().into(), value.into())).collect();
    let content_type = first.get("content-type").and_then(|value: &Dynamic| value.clone().into_string().ok());
    let (body, json_error) = body::read(&body, content_type.as_deref());
    let mut map: Map = [
        ("body".into(), body),
        ("headers".into(), first.into()),
        (ALL.into(), all.into()),
        ("redirects".into(), i64::from(redirects).into()),
        ("status".into(), i64::from(status).into()),
        ("url".into(), url.into()),
    ]
    .into_iter()
    .collect();
    map.extend(json_error.map(|error| ("json_error".into(), error.into())));
    map
}

fn option_error(context: &NativeCallContext, name: &str, expected: &str) -> Box<EvalAltResult> {
    invalid(context, format!("`{name}` is {expected}"))
}

fn invalid(context: &NativeCallContext, message: String) -> Box<EvalAltResult> {
    error::thrown(context, "http", "invalid", message)
}
