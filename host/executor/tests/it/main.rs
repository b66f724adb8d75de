//! One sandbox after another: a script, what it was given, what came of it.

mod contract;
mod sandbox;
