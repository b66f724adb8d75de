//! `picloud:script/response`

use execution::{
    Answer, Question, Unanswered,
    stream::{Head, Piece, Taken},
};

use crate::{
    bindings::response::{self, Error, Host, Part},
    state::State,
};

impl Host for State {
    async fn send(&mut self, part: Part) -> wasmtime::Result<Result<(), Error>> {
        match part {
            Part::Head(head) => {
                self.count_host_call()?;
                Ok(self.send_head(head).await)
            }
            Part::Piece(piece) => {
                self.count_response_write()?;
                Ok(self.send_piece(piece).await)
            }
        }
    }
}

impl State {
    async fn send_head(&mut self, response::Head { status, headers }: response::Head) -> Result<(), Error> {
        if self.stream.head.is_some() {
            return Err(Error::Invalid("the answer was begun already".to_owned()));
        }
        let head = Head { status, headers };
        let Answer::ResponseStart(taken) = self.ask(&Question::ResponseStart(head.clone())).await else { return Err(other_answer()) };
        of(taken)?;
        // Somebody may have seen it.
        self.transaction.no_way_back();
        self.stream.begin(head);
        Ok(())
    }

    async fn send_piece(&mut self, piece: Vec<u8>) -> Result<(), Error> {
        self.stream.admit(piece.len())?;
        // Nothing to send; in the framing of HTTP/1.1 it would be the end.
        if piece.is_empty() {
            return Ok(());
        }
        self.stream.is_writing = true;
        let Answer::ResponseWrite(taken) = self.ask(&Question::ResponseWrite(Piece(piece))).await else { return Err(other_answer()) };
        self.stream.is_writing = false;
        of(taken)?;
        self.stream.go_on();
        Ok(())
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
