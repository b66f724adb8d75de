//! The admin API over a real database: `DATABASE_URL` names a server, and each test has a database of its own there.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod admins;
mod apps;
mod assets;
mod audit;
mod bodies;
mod conditions;
mod dashboard;
mod deployments;
mod description;
mod dns_server;
mod documented;
mod domains;
mod egress;
mod envelope;
mod execute;
mod fake;
mod files;
mod guessing;
mod hostile;
mod idempotency;
mod invitations;
mod keys;
mod kv;
mod logs;
mod manifest;
mod matrix;
mod members;
mod queue;
mod recordings;
mod routes;
mod script_test;
mod scripts;
mod secrets;
mod secrets_at_rest;
mod session;
mod sessions;
mod support;
mod things;
mod triggers;
mod usage;
