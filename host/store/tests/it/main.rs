//! Integration tests against a real server; a fresh database each.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod access;
mod apps;
mod assets;
mod audit;
mod deploy;
mod files;
mod identity;
mod jobs;
mod kv;
mod listen;
mod manifest;
mod recordings;
mod runs;
mod schedules;
mod schema;
mod secrets;
mod series;
mod snapshot;
mod world;
