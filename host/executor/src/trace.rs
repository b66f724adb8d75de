//! What one execution waited for, and how long.

use std::{iter, time::Instant};

use execution::{Answer, Question, TracedCall, Unanswered, http, stream::Taken};

use crate::mask::Mask;

/// Calls of an execution that are kept; the count of all is in its usage.
const CALLS_MAX: usize = 100;
/// Longest text of a call.
const CALL_BYTES_MAX: usize = 256;

/// The calls so far.
#[derive(Debug)]
pub(crate) struct Trace {
    started: Instant,
    calls: Vec<TracedCall>,
}

impl Default for Trace {
    fn default() -> Self {
        Self { started: Instant::now(), calls: Vec::new() }
    }
}

impl Trace {
    /// Notes a question that was answered now.
    pub(crate) fn note(&mut self, question: &Question, answer: &Answer, asked: Instant, mask: &Mask) {
        let micros = |duration: std::time::Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let (start_us, wall_us) = (micros(asked.saturating_duration_since(self.started)), micros(asked.elapsed()));
        let room = CALLS_MAX.saturating_sub(self.calls.len());
        let traced = texts(question, answer).take(room);
        self.calls.extend(traced.map(|(mut call, result)| {
            mask.apply_to(&mut call);
            call.truncate(call.floor_char_boundary(CALL_BYTES_MAX));
            TracedCall { call, start_us, wall_us, result }
        }));
    }

    pub(crate) fn into_calls(self) -> Vec<TracedCall> {
        self.calls
    }
}

/// What was asked and what came of it, as one or, of requests that are sent together, several calls.
fn texts<'a>(question: &'a Question, answer: &'a Answer) -> Box<dyn Iterator<Item = (String, String)> + 'a> {
    match (question, answer) {
        (Question::KvGet { .. }, Answer::KvGet(stored)) => one("kv.get", found(stored)),
        (Question::KvList(_), Answer::KvList(page)) => one("kv.list", entries(page, |page| page.entries.len())),
        (Question::FileInfo { .. }, Answer::FileInfo(info)) => one("files.info", found(info)),
        (Question::FileBytes { .. }, Answer::FileBytes(bytes)) => {
            one("files.read", bytes.as_ref().map_or_else(|why| unanswered(*why).to_owned(), |content| format!("{} bytes", content.0.len())))
        }
        (Question::FileList(_), Answer::FileList(page)) => one("files.list", entries(page, |page| page.entries.len())),
        (Question::Secret { name }, Answer::Secret(secret)) => {
            let result = match secret {
                Ok(secret) => secret.as_ref().map_or_else(|| "absent".to_owned(), |secret| format!("version {}", secret.version)),
                Err(why) => unanswered(*why).to_owned(),
            };
            Box::new(iter::once((format!("secrets.get {name}"), result)))
        }
        (Question::Endpoint { name }, Answer::Endpoint(known)) => {
            let result = known.map_or_else(unanswered, |known| if known { "queued" } else { "absent" });
            Box::new(iter::once((format!("queue.enqueue {name}"), result.to_owned())))
        }
        (Question::TopicToken { topic, .. }, Answer::TopicToken(token)) => {
            let result = token.as_ref().map_or_else(|why| unanswered(*why), |_| "made");
            Box::new(iter::once((format!("pubsub.token {topic}"), result.to_owned())))
        }
        (Question::ResponseStart(head), Answer::ResponseStart(taken)) => {
            Box::new(iter::once((format!("response.start {}", head.status), taken_as(taken).to_owned())))
        }
        (Question::ResponseWrite(piece), Answer::ResponseWrite(taken)) => {
            Box::new(iter::once((format!("response.write {} bytes", piece.0.len()), taken_as(taken).to_owned())))
        }
        (Question::DeadLetter { .. }, Answer::DeadLetter(letter)) => one("dead_letters.get", found(letter)),
        (Question::DeadLetters(_), Answer::DeadLetters(page)) => one("dead_letters.list", entries(page, |page| page.entries.len())),
        (Question::Http { requests, .. }, Answer::Http(Ok(results))) => {
            Box::new(requests.iter().zip(results).map(|(request, result)| (sent(request), answered(result))))
        }
        (Question::Http { requests, .. }, Answer::Http(Err(why))) => {
            Box::new(requests.iter().map(|request| (sent(request), unanswered(*why).to_owned())))
        }
        // The answer to another question: a defect, reported where it was asked.
        _ => Box::new(iter::empty()),
    }
}

fn one(call: &'static str, result: String) -> Box<dyn Iterator<Item = (String, String)>> {
    Box::new(iter::once((call.to_owned(), result)))
}

fn found<T>(stored: &Result<Option<T>, Unanswered>) -> String {
    match stored {
        Ok(Some(_)) => "found",
        Ok(None) => "absent",
        Err(why) => unanswered(*why),
    }
    .to_owned()
}

fn entries<T>(page: &Result<T, Unanswered>, count: impl Fn(&T) -> usize) -> String {
    page.as_ref().map_or_else(|why| unanswered(*why).to_owned(), |page| format!("{} entries", count(page)))
}

fn taken_as(taken: &Result<Taken, Unanswered>) -> &'static str {
    match taken {
        Ok(Taken::Yes) => "sent",
        Ok(Taken::Invalid(_)) => "invalid",
        Ok(Taken::TooLarge(_)) => "too_large",
        Ok(Taken::Busy(_)) => "busy",
        Err(why) => unanswered(*why),
    }
}

fn unanswered(why: Unanswered) -> &'static str {
    match why {
        Unanswered::Unavailable => "unavailable",
        Unanswered::NotRecorded => "not_recorded",
    }
}

/// Without query and fragment, where people put what is nobody else's business.
fn sent(request: &http::Request) -> String {
    let url = request.url.split(['?', '#']).next().unwrap_or_default();
    let text = format!("http {} {url}", request.method.to_ascii_uppercase());
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn answered(result: &http::Result) -> String {
    match result {
        Ok(response) => response.status.to_string(),
        Err(failed) => failed.code.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_bounded_and_tells_no_query() {
        let mut trace = Trace::default();
        let request = |url: &str| http::Request { method: "get".to_owned(), url: url.to_owned(), ..http::Request::default() };
        let requests = vec![request("https://a.example/x?key=secret"), request(&format!("https://b.example/{}", "y".repeat(500)))];
        let failed = http::Failed { code: "timeout".to_owned(), message: String::new(), was_sent: true };
        let answer = Answer::Http(Ok(vec![Err(failed.clone()), Err(failed)]));
        let question = Question::Http { requests, bytes_max: 0 };
        for _ in 0..60 {
            trace.note(&question, &answer, Instant::now(), &Mask::default());
        }
        let calls = trace.into_calls();
        assert_eq!((calls.len(), calls[0].call.as_str(), calls[0].result.as_str()), (100, "http GET https://a.example/x", "timeout"));
        assert_eq!(calls[1].call.len(), 256);
    }
}
