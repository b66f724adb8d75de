//! `picloud:script/response`

use execution::{
    Answer, Question, Unanswered,
    stream::{Head, Piece, Taken},
};

use crate::{
    bindings::response::{Error, Host},
    state::State,
};

impl Host for State {
    async fn start(&mut self, status: u16, headers: Vec<(String, String)>) -> wasmtime::Result<Result<(), Error>> {
        self.count_host_call()?;
        if self.stream.head.is_some() {
            return Ok(Err(Error::Invalid("the answer was begun already".to_owned())));
        }
        let head = Head { status, headers };
        let question = Question::ResponseStart(head.clone());
        let Answer::ResponseStart(taken) = self.ask(&question).await else { return Ok(Err(other_answer())) };
        Ok(of(taken).inspect(|()| {
            // Somebody may have seen it.
            self.transaction.no_way_back();
            self.stream.begin(head);
        }))
    }

    async fn write(&mut self, piece: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        self.count_response_write()?;
        if let Err(error) = self.stream.admit(piece.len()) {
            return Ok(Err(error));
        }
        // Nothing to send; in the framing of HTTP/1.1 it would be the end.
        if piece.is_empty() {
            return Ok(Ok(()));
        }
        self.stream.is_writing = true;
        let Answer::ResponseWrite(taken) = self.ask(&Question::ResponseWrite(Piece(piece))).await else { return Ok(Err(other_answer())) };
        self.stream.is_writing = false;
        Ok(of(taken).inspect(|()| self.stream.go_on()))
    }
}

fn of(taken: Result<Taken, Unanswered>) -> Result<(), Error> {
    match taken {
        Ok(Taken::Yes) => Ok(()),
        Ok(Taken::Invalid(message)) => Err(Error::Invalid(message)),
        Ok(Taken::TooLarge(message)) => Err(Error::TooLarge(message)),
        Ok(Taken::Busy(message)) => Err(Error::Busy(message)),
        Err(why) => Err(Error::Unavailable(why.to_string())),
    }
}

fn other_answer() -> Error {
    tracing::error!("a service gave the answer to another question: this is a defect of PiCloud");
    Error::Unavailable("the answer can't be sent in pieces just now".to_owned())
}
