//! `pubsub::`: messages to browsers and to the app's other scripts.

use rhai::{Dynamic, EvalAltResult, Module, NativeCallContext};

use super::{error, place};
use crate::{bindings::pubsub, json};

/// How long a token lives unless the script says otherwise: an hour.
const TTL_SECONDS: i64 = 3_600;

/// The namespace `pubsub`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("publish", publish);
    module.set_native_fn("token", |context: NativeCallContext, topic: &str| token(&context, topic, TTL_SECONDS));
    module.set_native_fn("token", |context: NativeCallContext, topic: &str, seconds: i64| token(&context, topic, seconds));
    module
}

fn publish(context: NativeCallContext, topic: &str, message: Dynamic) -> Result<(), Box<EvalAltResult>> {
    place::note(&context);
    let message = json::to_text(&message)
        .map_err(|message| error::thrown(&context, "pubsub", "invalid", format!("the message can't be published: {message}")))?;
    pubsub::publish(topic, &message).map_err(|error| thrown(&context, error))
}

fn token(context: &NativeCallContext, topic: &str, seconds: i64) -> Result<String, Box<EvalAltResult>> {
    place::note(context);
    // What is no time becomes 0, which the host refuses with its reason.
    let ttl_ms = u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000);
    pubsub::token(topic, ttl_ms).map_err(|error| thrown(context, error))
}

fn thrown(context: &NativeCallContext, error: pubsub::Error) -> Box<EvalAltResult> {
    let (case, message) = match error {
        pubsub::Error::Invalid(message) => ("invalid", message),
        pubsub::Error::TooLarge(message) => ("too_large", message),
        pubsub::Error::Unavailable(message) => ("unavailable", message),
    };
    error::thrown(context, "pubsub", case, message)
}
