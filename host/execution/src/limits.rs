//! Every number that bounds an app: its default, its bounds, its unit and the reason.
//!
//! Two tables: [`Limits`] is what one execution may use, [`AppLimits`] what all of an app may. Both are made by the one macro below, which
//! also makes `docs/reference/limits.md` and `GET /api/v1/admin/limits`. What an app has is resolved by [`Ceilings`].

mod ceilings;

use serde::{Deserialize, Serialize};

pub use ceilings::{AllLimits, CeilingError, Ceilings, GivenLimits, names};

/// One limit: what an app gets unless it asks, and what it can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub name: &'static str,
    pub scope: Scope,
    pub default: u64,
    /// The least an app can be given.
    pub floor: u64,
    /// The most an app can be given. The operator of an instance can lower it: [`Ceilings`].
    pub ceiling: u64,
    pub unit: &'static str,
    pub reason: &'static str,
}

/// What a limit bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Each execution by itself.
    Execution,
    /// The app as a whole.
    App,
}

/// All limits of both tables, in the order of the documentation page.
pub fn all() -> impl Iterator<Item = &'static Limit> {
    Limits::ALL.iter().chain(AppLimits::ALL)
}

macro_rules! limits {
    ($(#[$about:meta])* $table:ident bounds $scope:ident {
        $( $(#[$doc:meta])* $field:ident: $default:expr, $floor:expr => $ceiling:expr, $unit:literal, $reason:literal; )*
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $table { $( $(#[$doc])* pub $field: u64, )* }

        impl Default for $table {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        impl $table {
            /// Its limits, in the order of the documentation page.
            pub const ALL: &'static [Limit] = &[ $( Limit {
                name: stringify!($field), scope: Scope::$scope, default: $default, floor: $floor, ceiling: $ceiling, unit: $unit, reason: $reason,
            }, )* ];

            /// Lowers the limit of this name to `value`. A higher value changes nothing, and neither does a name that is none.
            pub fn lower(&mut self, name: &str, value: u64) {
                match name {
                    $( stringify!($field) => self.$field = self.$field.min(value), )*
                    _ => {}
                }
            }

            /// Each of them as `value` says.
            fn of(value: impl Fn(&Limit) -> u64) -> Self {
                let mut all = Self::ALL.iter();
                Self { $( $field: all.next().map_or($default, &value), )* }
            }
        }

        // A default outside of its own bounds would be refused by our own API.
        const _: () = { $( {
            let (floor, default, ceiling): (u64, u64, u64) = ($floor, $default, $ceiling);
            assert!(floor <= default && default <= ceiling);
        } )* };
    };
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

limits! {
    /// The limits of one execution. [`Limits::default`] is what an app has unless it was given others.
    Limits bounds Execution {
        /// WebAssembly instructions.
        fuel: 1_000_000_000, 1 => 50_000_000_000, "instructions",
            "CPU is counted in work, so that load on the machine does not kill an honest script: about 110 ms";
        /// Linear memory of the sandbox, in bytes.
        memory_bytes: 32 * MIB, MEMORY_FLOOR_BYTES => MEMORY_CEILING_BYTES, "bytes",
            "growth beyond it fails inside the sandbox";
        /// From start to end, host calls included, in milliseconds.
        wall_ms: 10_000, 1 => 60_000, "milliseconds",
            "fuel does not count waiting";
        /// Calls of host functions, log calls apart.
        host_calls: 1_000, 1 => 10_000, "calls",
            "host work is not in the fuel";
        /// Calls of `kv::` among them.
        kv_calls: 500, 1 => 5_000, "calls",
            "each is a question to the database";
        /// One value of `kv::`, as JSON.
        kv_value_bytes: 64 * KIB, 1 => MIB, "bytes",
            "checked before it is kept, and when it is read";
        /// Calls of `files::` among them.
        file_calls: 200, 0 => 5_000, "calls",
            "each is a question to the database, or to the disk";
        /// One file.
        file_bytes: 8 * MIB, 1 => 32 * MIB, "bytes",
            "a script has the whole of a file in its memory";
        /// Calls of other servers among them, redirects not counted.
        http_calls: 50, 0 => 1_000, "calls",
            "each is a connection, and other servers have limits too";
        /// Calls of `queue::` among them.
        queue_calls: 100, 0 => 1_000, "calls",
            "each is a row, and later an execution";
        /// What one job carries, as JSON.
        queue_payload_bytes: 64 * KIB, 1 => MIB, "bytes",
            "it waits in the database until the job runs; what is larger belongs into a file";
        /// Jobs that may lead to one another.
        queue_depth: 16, 0 => 1_000, "jobs",
            "a job that enqueues itself would otherwise go on for ever";
        /// Calls of `pubsub::publish` among them.
        publish_calls: 100, 0 => 1_000, "calls",
            "each is a row, and goes to all who listen";
        /// One message, as JSON.
        message_bytes: 16 * KIB, 1 => 256 * KIB, "bytes",
            "it is sent as often as there are listeners";
        /// Bodies of all that other servers answer one execution.
        http_bytes: 16 * MIB, 0 => 64 * MIB, "bytes",
            "counted while they come; they are in the server's memory until the script has them";
        /// Everything that one execution reads from its app's state and writes to it, files included.
        state_bytes: 16 * MIB, 1 => 64 * MIB, "bytes",
            "it is kept in the server's memory until the execution ends";
        /// Body of a request.
        request_body_bytes: MIB, 1 => 32 * MIB, "bytes",
            "checked while it streams in";
        /// Body of an answer.
        response_body_bytes: 8 * MIB, 1 => 32 * MIB, "bytes",
            "checked before it leaves the sandbox";
        /// Header fields of an answer.
        response_headers: 64, 1 => 64, "headers",
            "what proxies accept";
        /// Names and values of an answer's header fields together.
        response_header_bytes: 32 * KIB, 1 => 32 * KIB, "bytes",
            "what proxies accept";
        /// From the start to the end of an execution that sends its answer in pieces, in milliseconds, if it is more than `wall_ms`.
        stream_ms: 60_000, 1 => 3_600_000, "milliseconds",
            "it holds a sandbox for as long as the visitor takes to read";
        /// From one piece of an answer until the next is taken, beyond `wall_ms`.
        stream_idle_ms: 10_000, 1 => 60_000, "milliseconds",
            "a script that sends nothing, or a visitor who takes nothing, need not be waited for";
        /// All pieces of an answer together.
        stream_bytes: 64 * MIB, 1 => 16 * GIB, "bytes",
            "they are in the server's memory one at a time, but somebody pays for the network";
        /// Pieces of an answer. They don't count as host calls.
        response_writes: 10_000, 0 => 1_000_000, "calls",
            "each wakes the connection";
        /// All log lines of one execution together.
        log_bytes: 64 * KIB, 1 => MIB, "bytes",
            "the rest is dropped and counted";
        /// One log line, fields included.
        log_line_bytes: 4 * KIB, 1 => 4 * KIB, "bytes",
            "a longer line is cut";
        /// Nested calls of script functions.
        call_depth: 64, 1 => 64, "calls",
            "the interpreter recurses on the sandbox's stack";
    }
}

limits! {
    /// The limits of an app as a whole. [`AppLimits::default`] is what it has unless it was given others.
    AppLimits bounds App {
        /// Requests that are past admission at once.
        concurrency: 32, 1 => 1_000, "executions",
            "one app can't take all sandboxes; what comes beyond waits for a second and is then refused";
        /// Requests of all clients together, in the long run.
        requests_per_second: 2_000, 1 => 1_000_000, "requests a second",
            "a flood costs its own app and not its neighbours";
        /// Requests that may come at once after a pause.
        requests_burst: 4_000, 1 => 1_000_000, "requests",
            "honest traffic comes in bursts";
        /// Requests of one client address (of an IPv6 client its /64), in the long run.
        client_requests_per_second: 500, 1 => 1_000_000, "requests a second",
            "one client can't use up what the app has for all";
        /// Requests of one client address that may come at once after a pause.
        client_requests_burst: 1_000, 1 => 1_000_000, "requests",
            "a page brings some hundred requests with it, and an office has one address";
        /// Calls of other servers by all executions together, redirects counted, in the long run.
        http_requests_per_second: 50, 1 => 10_000, "requests a second",
            "an app that is flooded should not flood others";
        /// Calls of other servers that may come at once after a pause.
        http_requests_burst: 100, 1 => 10_000, "requests",
            "one execution may make all its calls at once";
        /// Keys and values of the app's store together.
        kv_bytes: 256 * MIB, 0 => 1024 * GIB, "bytes",
            "the disk is everybody's";
        /// Keys of the app's store.
        kv_keys: 1_000_000, 0 => 100_000_000, "keys",
            "each key costs a row and its place in an index, however short its value";
        /// All files of the app together.
        files_bytes: GIB, 0 => 16 * 1024 * GIB, "bytes",
            "the disk is everybody's";
        /// Files of the app.
        files_count: 10_000, 0 => 10_000_000, "files",
            "file systems run out of inodes before they run out of bytes";
        /// Assets of one deployment.
        assets: 20_000, 0 => 50_000, "assets",
            "each node keeps their paths in memory, and a deployment is read as a whole";
        /// One asset.
        asset_bytes: 25 * MIB, 1 => GIB, "bytes",
            "what is larger belongs where large files are cheap to send";
        /// All distinct assets of the deployments that are kept, together.
        assets_bytes: GIB, 0 => 1024 * GIB, "bytes",
            "the disk is everybody's; an asset that several deployments have counts once";
        /// Jobs of the app that wait, run, or are dead letters.
        queue_jobs: 10_000, 0 => 10_000_000, "jobs",
            "a job that makes two jobs would otherwise fill the disk";
        /// Jobs of the app that run at once on one node.
        queue_concurrency: 8, 1 => 1_000, "jobs",
            "they take places of the app's `concurrency`, and requests should find some";
        /// Schedules of the app.
        schedules: 20, 0 => 1_000, "schedules",
            "each is looked at in each of its slots";
        /// Slots of one schedule within an hour.
        schedule_slots_per_hour: 60, 1 => 3_600, "slots",
            "a minute is what cron has; what is due more often is better a loop of jobs";
        /// Other triggers of the app.
        triggers: 20, 0 => 1_000, "triggers",
            "each write is held against all of them";
        /// Browsers that listen to topics of the app on one node.
        listeners: 500, 0 => 100_000, "connections",
            "each holds a connection and a small queue";
        /// Answers of the app that are being sent in pieces at once on one node.
        streams: 8, 0 => 1_000, "executions",
            "each holds a sandbox, and half of a node's at most may be held so";
        /// Recordings of the app's executions, compressed. Failures are always recorded, while there is room: the oldest make it.
        recordings_bytes: 64 * MIB, 0 => 16 * GIB, "bytes",
            "the disk is everybody's; 0: nothing is recorded";
        /// Of a thousand executions that do not fail so many are recorded.
        recordings_per_mille: 10, 0 => 1_000, "executions in a thousand",
            "what a new deployment is held against; each costs the writing of all that it was told";
        /// Secrets of the app.
        secrets: 100, 0 => 1_000, "secrets",
            "all of them may be opened for one execution";
    }
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
