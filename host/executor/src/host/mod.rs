//! The host's side of `wit/`, one file per interface. First statement of each function: the checks; second: the service.

mod clock;
mod dead_letters;
mod files;
mod http;
mod kv;
mod log;
pub(crate) mod meter;
mod pubsub;
mod queue;
mod random;
mod response;
mod secrets;

use wasmtime::component::{HasSelf, Linker};

use crate::{
    bindings::{self, state::Error},
    state::State,
    transaction::Refused,
};

/// Everything a guest can import, and there is nothing else.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    bindings::log::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::kv::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::files::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::http::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::pubsub::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::queue::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::response::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::dead_letters::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::secrets::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    meter::add_to_linker(linker)?;
    bindings::wall_clock::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::random::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

/// Services answer what they are asked: anything else is a defect, and not one that a script should see through.
fn other_answer() -> Error {
    tracing::error!("a service gave the answer to another question: this is a defect of PiCloud");
    Error::Unavailable("the store gave no answer".to_owned())
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLarge(message) => Self::TooLarge(message),
            Refused::Mismatch(message) => Self::Mismatch(message),
        }
    }
}

impl From<execution::Unanswered> for Error {
    fn from(unanswered: execution::Unanswered) -> Self {
        Self::Unavailable(unanswered.to_string())
    }
}
