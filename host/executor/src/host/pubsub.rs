//! `picloud:script/pubsub`

use execution::{
    Answer, Question,
    pubsub::{NewMessage, TOKEN_TTL_MS_MAX, TOPIC_RULE, is_topic},
};

use crate::{
    bindings::pubsub::{Error, Host},
    state::State,
    transaction::Refused,
};

impl Host for State {
    fn publish(&mut self, topic: String, message: String) -> wasmtime::Result<Result<(), Error>> {
        self.count_publish_call()?;
        Ok(check_topic(&topic).and_then(|()| self.check_message(&message)).and_then(|()| {
            self.transaction.publish(NewMessage { topic, message })?;
            Ok(())
        }))
    }

    async fn token(&mut self, topic: String, ttl_ms: u64) -> wasmtime::Result<Result<String, Error>> {
        self.count_host_call()?;
        if let Err(error) = check_topic(&topic) {
            return Ok(Err(error));
        }
        if !(1_000..=TOKEN_TTL_MS_MAX).contains(&ttl_ms) {
            let hours = TOKEN_TTL_MS_MAX / 3_600_000;
            return Ok(Err(Error::Invalid(format!("a token lives for one second to {hours} hours"))));
        }
        let expires_at_ms = self.now_ms.saturating_add(ttl_ms);
        let unavailable = || Error::Unavailable("no token can be made just now".to_owned());
        Ok(match self.ask(&Question::TopicToken { topic, expires_at_ms }).await {
            Answer::TopicToken(token) => token.map_err(|_| unavailable()),
            _ => {
                tracing::error!("a service gave the answer to another question: this is a defect of PiCloud");
                Err(unavailable())
            }
        })
    }
}

impl State {
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
