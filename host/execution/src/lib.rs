//! What is asked of an executor and what it answers: the wire between the data plane and the sandbox.
//!
//! Owns the types of one execution ([`Invocation`], [`Limits`], [`Outcome`]), of a compiled script ([`Source`], [`Image`],
//! [`CompileError`]) and the two narrow traits between them: [`Execute`], which runs, and [`Services`], which answers what the
//! running script asks. The orchestrator and the manager know only this crate,
//! so that they build, and can be deployed, without Wasmtime; `executor` implements it.
//!
//! Deliberately absent: SQL, HTTP servers, Wasmtime, and any app id that a sandbox could use.

pub mod assets;
mod bytes;
pub mod dead_letters;
mod effects;
mod execute;
pub mod files;
pub mod http;
mod image;
mod invocation;
pub mod kv;
pub mod limits;
mod outcome;
pub mod pubsub;
pub mod queue;
pub mod replay;
mod script;
mod secret;
pub mod secret_name;
mod services;
pub mod stream;

pub use effects::Effects;
pub use execute::{BoxFuture, Execute};
pub use image::Image;
pub use invocation::{Body, HttpRequest, Invocation, InvocationType};
pub use limits::{AllLimits, AppLimits, Ceilings, GivenLimits, Limit, Limits};
pub use outcome::{
    FAILURE_FRAMES_MAX, FAILURE_MESSAGE_BYTES_MAX, FAILURE_NAME_BYTES_MAX, Failure, FailureKind, Frame, Level, LogLine, Logs, Outcome,
    Response, TracedCall, Usage,
};
pub use replay::{Call, Course, Divergence, Ended, Recorder, Recording, Replay, Replayed, Tape};
pub use script::{CompileError, CompileErrorKind, Compiled, Modules, Source};
pub use secret::{REDACTED_BYTES_MIN, Secret, SecretVersion};
pub use services::{Answer, Answered, Nobody, Question, Services, Unanswered};
