//! The data plane.
#![forbid(unsafe_code)]

pub mod host_name;
pub mod path;
pub mod trie;
