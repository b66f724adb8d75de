//! Who answers a script's questions: the stores of its app and of no other, and the servers that the app may call.

use std::sync::Arc;

use execution::{
    Answer, Answered, BoxFuture, Question, Services, Unanswered,
    files::Content,
    stream::{Head, Taken},
};
use jiff::Timestamp;
use store::{AppData, AppId};
use tokio::time::Instant;

use crate::{
    config::Clock,
    egress::Outbound,
    gate::Gate,
    response::Rules,
    stream::{Outlet, StreamPlaces},
    table::{App, EndpointNames, Version},
    topics::TopicKey,
};

/// The services of one execution.
pub(crate) struct AppServices {
    /// `None`: this node has no database.
    data: Option<Arc<AppData>>,
    gate: Arc<Gate>,
    clock: Clock,
    /// The moment of the execution: what has expired by then is not there for it.
    now: Timestamp,
    outbound: Outbound,
    /// Names of the deployment's endpoints.
    endpoints: Arc<EndpointNames>,
    app: AppId,
    topic_key: TopicKey,
    answer: AnswerInPieces,
}

/// What it takes to send an answer in pieces.
pub(crate) struct AnswerInPieces {
    pub(crate) outlet: Outlet,
    pub(crate) rules: Rules,
    pub(crate) places: StreamPlaces,
    /// When the execution ends at the latest, if it sends one.
    pub(crate) until: Instant,
}

impl AppServices {
    pub(crate) fn new(
        app: &App,
        version: &Version,
        (clock, now): (Clock, Timestamp),
        outbound: Outbound,
        topic_key: TopicKey,
        answer: AnswerInPieces,
    ) -> Self {
        let endpoints = Arc::clone(&version.endpoints);
        Self { data: app.data.clone(), gate: Arc::clone(&app.gate), clock, now, outbound, endpoints, app: app.id, topic_key, answer }
    }

    fn start(&self, head: &Head) -> Taken {
        let AnswerInPieces { outlet, rules, places, until } = &self.answer;
        let taken = outlet.start(head, rules, places);
        if taken == Taken::Yes {
            self.outbound.goes_on_until(*until);
        }
        taken
    }

    async fn answer(&self, question: &Question) -> Option<Answer> {
        if let Question::Http { requests, bytes_max } = question {
            // In a box: most questions are for the store, and should not be as large as those that are not.
            return Some(Answer::Http(Ok(Box::pin(self.outbound.send_all(requests, *bytes_max)).await)));
        }
        if let Question::Endpoint { name } = question {
            return Some(Answer::Endpoint(Ok(self.endpoints.contains(name.as_str()))));
        }
        if let Question::TopicToken { topic, expires_at_ms } = question {
            let token = self.topic_key.sign(self.app, topic, expires_at_ms / 1_000);
            return Some(Answer::TopicToken(token.ok_or(Unanswered::Unavailable)));
        }
        if let Question::ResponseStart(head) = question {
            return Some(Answer::ResponseStart(Ok(self.start(head))));
        }
        if let Question::ResponseWrite(piece) = question {
            return Some(Answer::ResponseWrite(Ok(self.answer.outlet.write(&piece.0, &self.answer.rules).await)));
        }
        let data = self.data.as_ref()?;
        if let Question::Secret { name } = question {
            return Some(Answer::Secret(data.secret(name)));
        }
        if let Question::FileBytes { digest, size } = question {
            return Some(Answer::FileBytes(data.file_bytes(digest, *size).await.map(Content).map_err(|error| unavailable(&error))));
        }
        // An app holds few connections at once, however many executions it has (S-3.4).
        let _turn = self.gate.database().await?;
        match question {
            Question::KvGet { key } => Some(Answer::KvGet(data.kv_get(key, self.now).await.map_err(|error| unavailable(&error)))),
            Question::KvList(range) => Some(Answer::KvList(data.kv_list(range, self.now).await.map_err(|error| unavailable(&error)))),
            Question::FileInfo { path } => Some(Answer::FileInfo(data.file(path).await.map_err(|error| unavailable(&error)))),
            Question::FileList(range) => Some(Answer::FileList(data.file_list(range).await.map_err(|error| unavailable(&error)))),
            Question::DeadLetter { id } => {
                Some(Answer::DeadLetter(data.dead_letter((*id).into()).await.map_err(|error| unavailable(&error))))
            }
            Question::DeadLetters(range) => Some(Answer::DeadLetters(data.dead_letters(range).await.map_err(|error| unavailable(&error)))),
            Question::FileBytes { .. }
            | Question::Http { .. }
            | Question::Secret { .. }
            | Question::Endpoint { .. }
            | Question::TopicToken { .. }
            | Question::ResponseStart(_)
            | Question::ResponseWrite(_) => None,
        }
    }
}

impl Services for AppServices {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        Box::pin(async move {
            let answer = self.answer(question).await.unwrap_or_else(|| question.unanswered(Unanswered::Unavailable));
            Answered { answer, now_ms: (self.clock)() }
        })
    }
}

/// Scripts are told that the store is away; why is for the operator.
fn unavailable(error: &store::Error) -> Unanswered {
    tracing::warn!(error = error as &dyn std::error::Error, "a script's question is not answered");
    Unanswered::Unavailable
}
