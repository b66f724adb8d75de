//! `picloud:script/secrets`

use execution::{Answer, Question, secret_name};

use crate::{
    bindings::secrets::{Error, Host},
    state::State,
};

impl Host for State {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        self.count_host_call()?;
        if let Err(message) = secret_name::check(&name) {
            return Ok(Err(Error::Invalid(message.to_owned())));
        }
        let question = Question::Secret { name };
        let answer = self.ask(&question).await;
        let Question::Secret { name } = question else { return Ok(Ok(None)) };
        Ok(match answer {
            Answer::Secret(Ok(None)) => Ok(None),
            Answer::Secret(Ok(Some(secret))) => {
                let value = secret.reveal().to_owned();
                self.mask.learn(name, secret);
                Ok(Some(value))
            }
            Answer::Secret(Err(_)) => Err(Error::Unavailable(format!("the secret `{name}` can't be opened just now"))),
            _ => {
                tracing::error!("a service gave the answer to another question: this is a defect of PiCloud");
                Err(Error::Unavailable(format!("the secret `{name}` can't be opened just now")))
            }
        })
    }
}
