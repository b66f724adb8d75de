//! What the host says of one run: read where it lies, since most scripts ask for little of it.

use crate::bindings::handler::{Invocation, RequestShape};

/// Where each of the seven texts of every call stands in it; those of a request follow.
#[derive(Clone, Copy)]
pub(crate) enum Text {
    ExecutionId,
    RequestId,
    ScriptId,
    ScriptName,
    App,
    InvocationType,
    Event,
    Method,
    Path,
    Host,
    Scheme,
    ClientIp,
}

/// Texts before the pairs.
const SINGLE_TEXTS: usize = Text::ClientIp as usize + 1;

/// Lists of names and values, one behind the other.
#[derive(Clone, Copy)]
pub(crate) enum Pairs {
    Params,
    Query,
    Headers,
}

/// One call.
pub(crate) struct Call {
    text: String,
    ends: Vec<u32>,
    pub(crate) deployment: u32,
    request: Option<RequestShape>,
}

impl Call {
    pub(crate) fn new(invocation: Invocation) -> Self {
        let Invocation { text, ends, deployment, request, .. } = invocation;
        Self { text, ends, deployment, request }
    }

    pub(crate) fn is_http(&self) -> bool {
        self.request.is_some()
    }

    pub(crate) fn text(&self, which: Text) -> &str {
        self.at(which as usize)
    }

    /// The body as it came; empty if there is none.
    pub(crate) fn body(&self) -> &[u8] {
        self.request.as_ref().map_or(&[], |request| &request.body)
    }

    /// Names and values in order.
    pub(crate) fn pairs(&self, which: Pairs) -> impl DoubleEndedIterator<Item = (&str, &str)> + ExactSizeIterator {
        let (start, count) = match &self.request {
            None => (0, 0),
            Some(request) => {
                let counts = [request.params, request.query, request.headers].map(|count| count as usize);
                (SINGLE_TEXTS + 2 * counts[..which as usize].iter().sum::<usize>(), counts[which as usize])
            }
        };
        (0..count).map(move |index| (self.at(start + 2 * index), self.at(start + 2 * index + 1)))
    }

    fn at(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.text[start..self.ends[index] as usize]
    }
}
