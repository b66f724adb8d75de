//! `pubsub::`: messages to browsers and to the app's other scripts.

use rhai::{Dynamic, EvalAltResult, Module, NativeCallContext};

use super::{error, place};
use crate::{
    bindings::pubsub::{self, Answer, Error, Message, Operation, Subscription},
    json,
};

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
    let message = json::to_text(&message)
        .map_err(|message| error::thrown(&context, "pubsub", "invalid", format!("the message can't be published: {message}")))?;
    perform(&context, Operation::Publish(Message { topic, message: &message })).map(drop)
}

fn token(context: &NativeCallContext, topic: &str, seconds: i64) -> Result<String, Box<EvalAltResult>> {
    // What is no time becomes 0, which the host refuses with its reason.
    let ttl_ms = u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000);
    match perform(context, Operation::Token(Subscription { topic, ttl_ms }))? {
        Answer::Token(token) => Ok(token),
        Answer::Done => Err(error::other_answer(context, "pubsub")),
    }
}

fn perform(context: &NativeCallContext, operation: Operation<'_>) -> Result<Answer, Box<EvalAltResult>> {
    place::note(context);
    pubsub::perform(operation).map_err(|error| {
        let (case, message) = match error {
            Error::Invalid(message) => ("invalid", message),
            Error::TooLarge(message) => ("too_large", message),
            Error::Unavailable(message) => ("unavailable", message),
        };
        error::thrown(context, "pubsub", case, message)
    })
}
