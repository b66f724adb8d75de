//! Every number a script can hit: its default, its ceiling, its unit and the reason.
//!
//! Figures of the field beside ours: `docs/reference/limits.md`, generated from here.

use serde::{Deserialize, Serialize};

impl Limit {
    /// The least an app can be given.
    #[must_use]
    pub fn floor(&self) -> u64 {
        if self.name == "memory_bytes" { MEMORY_FLOOR_BYTES } else { 1 }
    }
}

/// One limit: what an app gets unless it asks, and what it can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub name: &'static str,
    pub default: u64,
    pub ceiling: u64,
    pub unit: &'static str,
    pub reason: &'static str,
}

macro_rules! limits {
    ($( $(#[$doc:meta])* $field:ident: $default:expr, $ceiling:expr, $unit:literal, $reason:literal; )*) => {
        /// The limits of one execution. [`Limits::default`] is what an app has unless it was given others.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Limits { $( $(#[$doc])* pub $field: u64, )* }

        impl Limits {
            /// Sets the limit of this name, `None` to its default. Returns whether there is one. The caller checks floor and ceiling.
            pub fn set(&mut self, name: &str, value: Option<u64>) -> bool {
                match name {
                    $( stringify!($field) => self.$field = value.unwrap_or($default), )*
                    _ => return false,
                }
                true
            }
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        impl Limits {
            /// Lowers the limit of this name to `value`. A higher value changes nothing, and neither does a name that is none.
            pub fn lower(&mut self, name: &str, value: u64) {
                match name {
                    $( stringify!($field) => self.$field = self.$field.min(value), )*
                    _ => {}
                }
            }
        }

        /// All limits, in the order of the documentation page.
        pub const ALL: &[Limit] = &[ $( Limit {
            name: stringify!($field), default: $default, ceiling: $ceiling, unit: $unit, reason: $reason,
        }, )* ];

        // A default above its ceiling would be refused by our own API.
        const _: () = { $( { let (default, ceiling): (u64, u64) = ($default, $ceiling); assert!(default <= ceiling); } )* };
    };
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

limits! {
    /// WebAssembly instructions.
    fuel: 1_000_000_000, 50_000_000_000, "instructions",
        "CPU is counted in work, so that load on the machine does not kill an honest script: about 110 ms";
    /// Linear memory of the sandbox, in bytes.
    memory_bytes: 32 * MIB, MEMORY_CEILING_BYTES, "bytes",
        "growth beyond it fails inside the sandbox";
    /// From start to end, host calls included, in milliseconds.
    wall_ms: 10_000, 60_000, "milliseconds",
        "fuel does not count waiting";
    /// Calls of host functions, log calls apart.
    host_calls: 1_000, 10_000, "calls",
        "host work is not in the fuel";
    /// Calls of `kv::` among them.
    kv_calls: 500, 5_000, "calls",
        "each is a question to the database";
    /// One value of `kv::`, as JSON.
    kv_value_bytes: 64 * KIB, MIB, "bytes",
        "checked before it is kept, and when it is read";
    /// Everything that one execution reads from its app's state and writes to it.
    state_bytes: 16 * MIB, 64 * MIB, "bytes",
        "it is kept in the server's memory until the execution ends";
    /// Body of a request.
    request_body_bytes: MIB, 32 * MIB, "bytes",
        "checked while it streams in";
    /// Body of an answer.
    response_body_bytes: 8 * MIB, 32 * MIB, "bytes",
        "checked before it leaves the sandbox";
    /// Header fields of an answer.
    response_headers: 64, 64, "headers",
        "what proxies accept";
    /// Names and values of an answer's header fields together.
    response_header_bytes: 32 * KIB, 32 * KIB, "bytes",
        "what proxies accept";
    /// All log lines of one execution together.
    log_bytes: 64 * KIB, MIB, "bytes",
        "the rest is dropped and counted";
    /// One log line, fields included.
    log_line_bytes: 4 * KIB, 4 * KIB, "bytes",
        "a longer line is cut";
    /// Nested calls of script functions.
    call_depth: 64, 64, "calls",
        "the interpreter recurses on the sandbox's stack";
}

/// Text of one script. Its image is about 27 times as large and must leave 16 MiB of the default memory.
pub const SOURCE_BYTES_MAX: u64 = 256 * KIB;
/// Instructions to parse one script: by proportion 256 KiB of ordinary source need about 230 M (516,000 for 590 bytes).
pub const COMPILE_FUEL: u64 = 5_000_000_000;
/// Linear memory while parsing.
pub const COMPILE_MEMORY_BYTES: u64 = 64 * MIB;
/// Wall-clock limit of parsing.
pub const COMPILE_WALL_MS: u64 = 30_000;
/// The least memory an app can be given: below it there is no room for the interpreter and a script's image.
pub const MEMORY_FLOOR_BYTES: u64 = 16 * MIB;
/// The most memory any app can have.
pub const MEMORY_CEILING_BYTES: u64 = 128 * MIB;
