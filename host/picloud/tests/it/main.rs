//! The program itself: started, used over HTTP, stopped and killed. Needs an installed PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod acceptance;
mod commands;
mod hostile;
mod http;
mod instance;
mod life;
mod many;
