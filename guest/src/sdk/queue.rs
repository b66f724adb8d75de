//! `queue::`: calls of the app's other scripts, later.

use rhai::{Dynamic, EvalAltResult, Map, Module, NativeCallContext};

use super::{error, options, place};
use crate::{bindings::queue, json};

/// What a job gets unless the script says otherwise.
const ATTEMPTS: u32 = 5;
const BACKOFF_MS: u64 = 10_000;

/// The namespace `queue`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("enqueue", |context: NativeCallContext, script: &str, payload: Dynamic| {
        enqueue(&context, script, &payload, &Map::new())
    });
    module.set_native_fn("enqueue", |context: NativeCallContext, script: &str, payload: Dynamic, options: Map| {
        enqueue(&context, script, &payload, &options)
    });
    module
}

/// The id of the job.
fn enqueue(context: &NativeCallContext, script: &str, payload: &Dynamic, options: &Map) -> Result<String, Box<EvalAltResult>> {
    place::note(context);
    options::known(context, "queue", options, &["attempts", "backoff", "delay"])?;
    let how = queue::Options {
        delay_ms: options::milliseconds(context, "queue", options, "delay")?.unwrap_or(0),
        attempts: attempts(context, options)?,
        backoff_ms: options::milliseconds(context, "queue", options, "backoff")?.unwrap_or(BACKOFF_MS),
    };
    let payload = json::to_text(payload)
        .map_err(|message| error::thrown(context, "queue", "invalid", format!("the payload can't be enqueued: {message}")))?;
    queue::enqueue(script, &payload, how).map_err(|error| thrown(context, error))
}

fn attempts(context: &NativeCallContext, options: &Map) -> Result<u32, Box<EvalAltResult>> {
    let Some(attempts) = options.get("attempts").filter(|attempts| !attempts.is_unit()) else { return Ok(ATTEMPTS) };
    let attempts = attempts.as_int().map_err(|_| options::wrong(context, "queue", "attempts", "a whole number"))?;
    // What is out of range becomes 0, which the host refuses with its reason.
    Ok(u32::try_from(attempts).unwrap_or(0))
}

fn thrown(context: &NativeCallContext, error: queue::Error) -> Box<EvalAltResult> {
    let (case, message) = match error {
        queue::Error::Invalid(message) => ("invalid", message),
        queue::Error::NotFound(message) => ("not_found", message),
        queue::Error::TooLarge(message) => ("too_large", message),
        queue::Error::TooDeep(message) => ("too_deep", message),
        queue::Error::Unavailable(message) => ("unavailable", message),
    };
    error::thrown(context, "queue", case, message)
}
