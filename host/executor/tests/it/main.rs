//! One sandbox after another: a script, what it was given, what came of it.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

mod bounds;
mod compile;
mod contract;
mod crypto;
mod dead_letters;
mod files;
mod guest;
mod http;
mod json;
mod kv;
mod modules;
mod pubsub;
mod queue;
mod random;
mod reference;
mod replay;
mod response;
mod sandbox;
mod secrets;
mod time;
mod words;
