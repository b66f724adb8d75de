//! What `wit-bindgen` makes of `wit/`.
#![expect(unsafe_code, reason = "generated glue of the canonical ABI")]
#![expect(unsafe_op_in_unsafe_fn, reason = "generated glue of the canonical ABI")]

wit_bindgen::generate!({ path: "../wit", world: "script", generate_all, pub_export_macro: true });

pub(crate) use exports::picloud::script::{compiler, handler};
pub(crate) use picloud::script::{log, meter};
pub(crate) use wasi::{clocks::wall_clock, random::random};
