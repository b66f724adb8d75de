//! The program itself: started, used over HTTP, stopped and killed. Needs an installed PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "tests wait in threads of their own, and a variable tells how long a soak is")]
#![expect(clippy::print_stdout, reason = "figures for whoever looks at a soak's output")]

mod acceptance;
mod assets;
mod backup;
mod caddy;
mod cli;
mod commands;
mod crashes;
mod dashboard;
mod dead_letters;
mod deploys;
mod doctor;
mod egress;
mod fairness;
mod files;
mod floods;
mod full;
mod hostile;
mod http;
mod instance;
mod life;
mod many;
mod metrics;
mod modules;
mod nodes;
mod operate;
mod outage;
mod queue;
mod readme;
mod recordings;
mod replay;
mod schedules;
mod schemathesis;
mod secrets;
mod streams;
mod supervised;
mod topics;
mod traces;
mod transfers;
mod triggers;
mod upgrade;
