//! An invocation in the form in which it enters a sandbox.

use execution::{HttpRequest, Invocation, Limits};
use uuid::fmt::Hyphenated;

use crate::bindings::handler;

/// The order of the texts is that of `wit/handler.wit`.
pub(crate) fn to_guest(invocation: &Invocation, limits: &Limits) -> handler::Invocation {
    let mut texts = Texts::for_request(invocation.request.as_ref());
    let mut buffer = [0; Hyphenated::LENGTH];
    texts.push(invocation.execution_id.hyphenated().encode_lower(&mut buffer));
    texts.push(&invocation.request_id);
    texts.push(invocation.script_id.hyphenated().encode_lower(&mut buffer));
    texts.push(&invocation.script_name);
    texts.push(&invocation.app);
    texts.push(invocation.invocation_type.as_str());
    texts.push(invocation.event.as_deref().unwrap_or_default());
    let request = invocation.request.as_ref().map(|request| {
        for text in [&request.method, &request.path, &request.host, &request.scheme, &request.client_ip] {
            texts.push(text);
        }
        handler::RequestShape {
            params: texts.push_pairs(&request.params),
            query: texts.push_pairs(&request.query),
            headers: texts.push_pairs(&request.headers),
            body: request.body.clone(),
        }
    });
    handler::Invocation {
        text: texts.text,
        ends: texts.ends,
        deployment: invocation.deployment,
        request,
        response_body_max: limits.response_body_bytes,
        memory_max: limits.memory_bytes,
        file_bytes_max: limits.file_bytes,
    }
}

/// Texts one behind the other, and where each ends.
struct Texts {
    text: String,
    ends: Vec<u32>,
}

impl Texts {
    /// Room for an ordinary request, so that the buffers are not moved while they fill.
    fn for_request(request: Option<&HttpRequest>) -> Self {
        let pairs = request.map_or(0, |request| request.params.len() + request.query.len() + request.headers.len());
        Self { text: String::with_capacity(256 + 48 * pairs), ends: Vec::with_capacity(12 + 2 * pairs) }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        // Heads and parameters are limited to far less than 4 GiB.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// Returns how many there were.
    fn push_pairs(&mut self, pairs: &[(String, String)]) -> u32 {
        for (name, value) in pairs {
            self.push(name);
            self.push(value);
        }
        u32::try_from(pairs.len()).unwrap_or(u32::MAX)
    }
}
