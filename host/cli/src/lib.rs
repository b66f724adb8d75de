//! The command line as a client of the admin API: whatever it does, curl can do.
//!
//! Reading order: `commands` (one file each), `project` (the folder that is deployed), `contexts` (who one is, and where), `api` (one request),
//! `failure` (what goes wrong, and the status that the program ends with), `terminal` (data to standard output, talk to standard error).
//! It knows no database, no sandbox and no server; the environment is given to it.
#![forbid(unsafe_code)]

mod api;
mod commands;
mod contexts;
pub mod dev;
mod dotenv;
mod environment;
mod failure;
mod moment;
pub mod project;
mod table;
mod templates;
mod terminal;

pub use commands::{Command, run};
pub use environment::Environment;
