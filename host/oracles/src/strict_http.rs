//! A strict reader of HTTP/1: requests and responses as RFC 9112 divides them, and nothing of what is not clear.

use std::borrow::Cow;

/// A request that has one reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

/// A response as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What was read, and what follows it.
type Read<'a, T> = Option<(T, &'a [u8])>;

/// The requests at the beginning of a connection, up to the first that is not whole or not clear, or is said to be the last.
pub(crate) fn requests(mut bytes: &[u8]) -> Vec<Request> {
    let mut requests = Vec::new();
    while let Some(((request, is_last), rest)) = request(bytes) {
        requests.push(request);
        if is_last {
            break;
        }
        bytes = rest;
    }
    requests
}

/// A request, and whether it ends its connection.
fn request(bytes: &[u8]) -> Read<'_, (Request, bool)> {
    let (line, rest) = line(bytes)?;
    let (method, line) = line.split_once(' ')?;
    let (target, version) = line.split_once(' ')?;
    let is_old = match version {
        "HTTP/1.1" => false,
        "HTTP/1.0" => true,
        _ => return None,
    };
    if !is_token(method) || target.is_empty() || !target.chars().all(|c| c > ' ' && c != '\u{7f}') {
        return None;
    }
    let (headers, rest) = headers(rest)?;
    let values = |name: &str| headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>();
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    let (body, rest, is_chunked) = match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => (Vec::new(), rest, false),
        ([length], []) => {
            let length = decimal(length)?;
            (rest.get(..length)?.to_vec(), &rest[length..], false)
        }
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") && !is_old => {
            // Its trailers reach nobody, and it is the last of its connection: nothing depends on where they end.
            let (body, rest) = chunked(rest)?;
            (body, rest, true)
        }
        _ => return None,
    };
    let closes = values("connection").iter().flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case("close"));
    Some(((Request { method: method.to_owned(), target: target.to_owned(), body }, closes || is_chunked), rest))
}

/// Everything that came back: responses one behind the other, and nothing else. `methods`: of the requests that they answer, in order.
pub(crate) fn responses(mut bytes: &[u8], methods: &[&str]) -> Result<Vec<Response>, String> {
    let mut responses: Vec<Response> = Vec::new();
    while !bytes.is_empty() {
        let is_head = methods.get(responses.len()).is_some_and(|method| *method == "HEAD");
        // The refusal of a request that is not clear: it may have been a HEAD.
        let to_head = || response(bytes, true).filter(|(_, rest)| responses.len() >= methods.len() && rest.is_empty());
        let read = response(bytes, is_head).or_else(to_head).ok_or_else(|| format!("no response at {}", bytes.escape_ascii()))?;
        bytes = read.1;
        // What says that more is to come is no answer.
        if read.0.status >= 200 {
            responses.push(read.0);
        }
    }
    Ok(responses)
}

fn response(bytes: &[u8], is_head: bool) -> Read<'_, Response> {
    let (line, rest) = line(bytes)?;
    let status = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "))?.get(..3)?;
    let status: u16 = if status.bytes().all(|byte| byte.is_ascii_digit()) { status.parse().ok()? } else { return None };
    let (headers, rest) = headers(rest)?;
    let values: Vec<_> = headers.iter().filter(|(name, _)| name == "content-length").map(|(_, value)| value.as_str()).collect();
    let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    if is_head || status < 200 || matches!(status, 204 | 304) {
        return Some((Response { status, headers, body: Vec::new() }, rest));
    }
    let (body, rest) = match values.as_slice() {
        [length] if !is_chunked => {
            let length = decimal(length)?;
            (rest.get(..length)?.to_vec(), &rest[length..])
        }
        [] if is_chunked => {
            let (body, rest) = chunked(rest)?;
            (body, self::headers(rest)?.1)
        }
        _ => return None,
    };
    Some((Response { status, headers, body }, rest))
}

/// Up to a carriage return and a line feed; neither stands alone.
fn line(bytes: &[u8]) -> Read<'_, Cow<'_, str>> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let text = bytes[..end].strip_suffix(b"\r")?;
    if text.contains(&b'\r') || text.contains(&0) {
        return None;
    }
    // Bytes beyond ASCII mean nothing to the framing.
    Some((String::from_utf8_lossy(text), &bytes[end + 1..]))
}

fn headers(mut bytes: &[u8]) -> Read<'_, Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let (text, rest) = line(bytes)?;
        bytes = rest;
        if text.is_empty() {
            return Some((headers, bytes));
        }
        let (name, value) = text.split_once(':')?;
        if !is_token(name) {
            return None;
        }
        headers.push((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned()));
    }
}

/// A chunked body, up to its trailers. What extensions say is ignored (RFC 9112, section 7.1.1), also where they are no words.
fn chunked(mut bytes: &[u8]) -> Read<'_, Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (text, rest) = (bytes[..end].strip_suffix(b"\r")?, &bytes[end + 1..]);
        if text.contains(&b'\r') {
            return None;
        }
        let text = String::from_utf8_lossy(text);
        let size = text.split(';').next()?.trim_end_matches([' ', '\t']);
        if size.is_empty() || size.len() > 16 || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let size = usize::try_from(u64::from_str_radix(size, 16).ok()?).ok()?;
        if size == 0 {
            return Some((body, rest));
        }
        body.extend_from_slice(rest.get(..size)?);
        bytes = rest[size..].strip_prefix(b"\r\n")?;
    }
}

fn decimal(text: &str) -> Option<usize> {
    (!text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
