//! One sandbox after another: a script, what it was given, what came of it.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

mod compile;
mod contract;
mod crypto;
mod guest;
mod http;
mod json;
mod kv;
mod modules;
mod replay;
mod sandbox;
<<<<<<< HEAD
mod secrets;
=======
mod time;
mod words;
>>>>>>> 86d4d50 (feat(guest): hash, encode, parse, format and draw in scripts)
