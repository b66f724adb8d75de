//! What `wit-bindgen` makes of `wit/`.

// What is passed to the host is lent: a file is not copied on its way out.
wit_bindgen::generate!({
    path: "../wit",
    world: "script",
    generate_all,
    pub_export_macro: true,
    ownership: Borrowing { duplicate_if_necessary: false },
});

pub(crate) use exports::picloud::script::{compiler, handler};
pub(crate) use picloud::script::{dead_letters, files, http, kv, log, meter, pubsub, queue, response, secrets, state};
pub(crate) use wasi::{clocks::wall_clock, random::random};
