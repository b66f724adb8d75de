//! How an execution ended, in the words of its developer.

use execution::{Failure, FailureKind, Frame, Limits, Response, Usage};
use wasmtime::Trap;

use crate::{
    bindings::handler,
    state::{HostCallsExceeded, State},
};

/// The four ways a call into a sandbox comes back.
pub(crate) enum Ending {
    Answer(Response),
    /// The interpreter says why there is no answer.
    Failure(handler::Failure),
    /// The sandbox was ended from outside.
    Trap(wasmtime::Error),
    Deadline,
}

/// The answer, or the failure with its sentence.
///
/// `last_seen` is the place of the last host call, for a run that was ended from outside.
pub(crate) fn result(ending: Ending, state: &State, usage: &Usage, limits: &Limits, last_seen: Option<&str>) -> Result<Response, Failure> {
    match ending {
        Ending::Answer(response) => Ok(response),
        Ending::Failure(failure) => Err(from_guest(failure, usage, limits)),
        Ending::Trap(trap) => {
            let (kind, message) = from_trap(&trap, state, usage, limits);
            Err(without_place(kind, message, last_seen))
        }
        Ending::Deadline => Err(without_place(FailureKind::Deadline, deadline_message(state, limits), last_seen)),
    }
}

fn from_guest(failure: handler::Failure, usage: &Usage, limits: &Limits) -> Failure {
    let (kind, message) = match failure.kind {
        handler::FailureKind::Error => (FailureKind::Error, failure.message),
        handler::FailureKind::InvalidResponse => (FailureKind::InvalidResponse, failure.message),
        handler::FailureKind::Fuel => (FailureKind::Fuel, fuel_message(usage, limits)),
        handler::FailureKind::Memory => (FailureKind::Memory, memory_message(&failure.message, limits)),
    };
    let trace = failure.trace.into_iter().map(|frame| Frame {
        script: frame.script,
        function: frame.function,
        line: frame.line,
        column: frame.column,
    });
    Failure { kind, message, trace: trace.collect() }
}

/// The table of traps. Only the ones a script can cause have a kind of their own.
fn from_trap(trap: &wasmtime::Error, state: &State, usage: &Usage, limits: &Limits) -> (FailureKind, String) {
    if let Some(HostCallsExceeded { limit, max }) = trap.downcast_ref() {
        return (FailureKind::HostCalls, format!("the script called the host more than {max} times ({limit})"));
    }
    let capacity_overflow = state.panic.as_ref().is_some_and(|message| message.contains("capacity overflow"));
    match trap.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => (FailureKind::Fuel, fuel_message(usage, limits)),
        Some(Trap::StackOverflow | Trap::MemoryOutOfBounds) => {
            (FailureKind::Memory, memory_message("values or calls are nested deeper than the stack", limits))
        }
        _ if state.memory.refused || capacity_overflow => {
            (FailureKind::Memory, memory_message("an allocation would have passed the limit", limits))
        }
        _ => {
            let mut panic = state.panic.clone().unwrap_or_default();
            state.mask.apply_to(&mut panic);
            tracing::error!(error = ?trap, panic, "the interpreter failed: this is a defect of PiCloud");
            (FailureKind::Internal, "the interpreter failed; this is a defect of PiCloud, not of the script".to_owned())
        }
    }
}

fn without_place(kind: FailureKind, message: String, last_seen: Option<&str>) -> Failure {
    let place = match last_seen {
        Some(place) => format!("it was ended from outside, last seen at {place}, where it called the host"),
        None => "it was ended from outside before it called the host, so the place is not known".to_owned(),
    };
    Failure { kind, message: format!("{message}; {place}"), trace: Vec::new() }
}

fn deadline_message(state: &State, limits: &Limits) -> String {
    let Limits { wall_ms, stream_ms, stream_idle_ms, .. } = limits;
    match &state.stream {
        stream if stream.head.is_none() => format!("the script was still running after its {wall_ms} ms (wall_ms)"),
        stream if stream.deadline.is_last() => format!("the script was still sending its answer after {stream_ms} ms (stream_ms)"),
        stream if stream.is_writing => format!("the visitor took no piece of the answer for {stream_idle_ms} ms (stream_idle_ms)"),
        _ => format!("the script sent no piece of its answer for {stream_idle_ms} ms (stream_idle_ms)"),
    }
}

fn fuel_message(usage: &Usage, limits: &Limits) -> String {
    format!("the script used {} of its {} instructions (fuel)", usage.fuel_used, limits.fuel)
}

fn memory_message(what: &str, limits: &Limits) -> String {
    format!("{what}: the script may use {} MiB (memory_bytes)", limits.memory_bytes >> 20)
}
