//! The host's side of `wit/`, one file per interface. First statement of each function: the checks; second: the service.

mod clock;
mod http;
mod kv;
mod log;
pub(crate) mod meter;
mod random;
mod secrets;

use wasmtime::component::{HasSelf, Linker};

use crate::{bindings, state::State};

/// Everything a guest can import, and there is nothing else.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    bindings::log::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::kv::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::http::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::secrets::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    meter::add_to_linker(linker)?;
    bindings::wall_clock::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    bindings::random::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}
