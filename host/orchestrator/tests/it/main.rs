//! The data plane over real sockets, with an executor that answers by the text of a script and mostly without a database.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod answers;
mod connections;
mod database;
mod egress;
mod hosts;
mod limits;
mod server;
mod smuggling;
