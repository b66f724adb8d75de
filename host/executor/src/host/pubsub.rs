//! `picloud:script/pubsub`

use execution::{
    Answer, Question,
    pubsub::{NewMessage, TOKEN_TTL_MS_MAX, TOPIC_RULE, is_topic},
};

use crate::{
    bindings::pubsub::{self, Error, Host, Message, Operation, Subscription},
    state::State,
    transaction::Refused,
};

impl Host for State {
    async fn perform(&mut self, operation: Operation) -> wasmtime::Result<Result<pubsub::Answer, Error>> {
        match operation {
            Operation::Publish(message) => {
                self.count_publish_call()?;
                Ok(self.publish(message).map(|()| pubsub::Answer::Done))
            }
            Operation::Token(subscription) => {
                self.count_host_call()?;
                Ok(self.topic_token(subscription).await.map(pubsub::Answer::Token))
            }
        }
    }
}

impl State {
    fn publish(&mut self, Message { topic, message }: Message) -> Result<(), Error> {
        check_topic(&topic)?;
        self.check_message(&message)?;
        Ok(self.transaction.publish(NewMessage { topic, message })?)
    }

    async fn topic_token(&mut self, Subscription { topic, ttl_ms }: Subscription) -> Result<String, Error> {
        check_topic(&topic)?;
        if !(1_000..=TOKEN_TTL_MS_MAX).contains(&ttl_ms) {
            let hours = TOKEN_TTL_MS_MAX / 3_600_000;
            return Err(Error::Invalid(format!("a token lives for one second to {hours} hours")));
        }
        let expires_at_ms = self.now_ms.saturating_add(ttl_ms);
        let unavailable = || Error::Unavailable("no token can be made just now".to_owned());
        match self.ask(&Question::TopicToken { topic, expires_at_ms }).await {
            Answer::TopicToken(token) => token.map_err(|_| unavailable()),
            _ => {
                tracing::error!("a service gave the answer to another question: this is a defect of PiCloud");
                Err(unavailable())
            }
        }
    }

    fn check_message(&self, message: &str) -> Result<(), Error> {
        let (bytes, max) = (message.len(), self.message_bytes_max);
        if bytes <= max {
            return Ok(());
        }
        Err(Error::TooLarge(format!("the message has {bytes} bytes as JSON, and {max} are allowed (message_bytes)")))
    }
}

fn check_topic(topic: &str) -> Result<(), Error> {
    if is_topic(topic) { Ok(()) } else { Err(Error::Invalid(TOPIC_RULE.to_owned())) }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLarge(message) => Self::TooLarge(message),
            Refused::Mismatch(message) => Self::Invalid(message),
        }
    }
}
