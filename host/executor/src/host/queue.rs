//! `picloud:script/queue`

use execution::{
    Answer, Question,
    queue::{self, NewJob},
};

use crate::{
    bindings::queue::{Error, Host, Options},
    state::State,
    transaction::Refused,
};

/// No name of a script is longer.
const NAME_BYTES_MAX: usize = 64;

impl Host for State {
    async fn enqueue(&mut self, script: String, payload: String, how: Options) -> wasmtime::Result<Result<String, Error>> {
        self.count_queue_call()?;
        Ok(match self.check_job(&script, &payload, how).and_then(|how| Ok((how, self.new_job_depth().map_err(Error::TooDeep)?))) {
            Ok((how, depth)) => self.enqueue_job(script, payload, how, depth).await,
            Err(error) => Err(error),
        })
    }
}

impl State {
    fn check_job(&self, script: &str, payload: &str, how: Options) -> Result<queue::Options, Error> {
        if script.is_empty() || script.len() > NAME_BYTES_MAX || script.chars().any(char::is_control) {
            return Err(Error::Invalid(format!("the name of a script has 1 to {NAME_BYTES_MAX} bytes and no control characters")));
        }
        let how =
            queue::Options { delay_ms: how.delay_ms, attempts: how.attempts, backoff_ms: how.backoff_ms, ..queue::Options::default() };
        how.check().map_err(|(option, rule)| Error::Invalid(format!("`{option}`: {rule}")))?;
        let max = self.queue_payload_bytes_max;
        if payload.len() > max {
            let bytes = payload.len();
            return Err(Error::TooLarge(format!("the payload has {bytes} bytes as JSON, and {max} are allowed (queue_payload_bytes)")));
        }
        Ok(how)
    }

    /// Of a job that this execution makes, or why it may make none.
    pub(super) fn new_job_depth(&self) -> Result<u32, String> {
        if self.job_depth > self.job_depth_max {
            let (led, max) = (self.job_depth - 1, self.job_depth_max);
            return Err(format!("{led} jobs in a row have led to this execution, and {max} may (queue_depth)"));
        }
        Ok(u32::try_from(self.job_depth).unwrap_or(u32::MAX))
    }

    async fn enqueue_job(&mut self, script: String, payload: String, how: queue::Options, depth: u32) -> Result<String, Error> {
        match self.ask(&Question::Endpoint { name: script.clone() }).await {
            Answer::Endpoint(Ok(true)) => {}
            Answer::Endpoint(Ok(false)) => return Err(Error::NotFound(format!("the app has no endpoint `{script}`"))),
            Answer::Endpoint(Err(why)) => return Err(Error::Unavailable(why.to_string())),
            _ => {
                tracing::error!("a service gave the answer to another question: this is a defect of PiCloud");
                return Err(Error::Unavailable("it can't be asked just now which scripts there are".to_owned()));
            }
        }
        let id = self.chance.id(self.now_ms);
        self.transaction.enqueue(NewJob { id, script, payload, depth, how, origin: None })?;
        Ok(id.to_string())
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLarge(message) => Self::TooLarge(message),
            Refused::Mismatch(message) => Self::Invalid(message),
        }
    }
}
