//! What is tried from inside: with components that are not the guest, and with what only this crate sees.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "a variable tells how long a soak is")]
#![expect(clippy::print_stdout, reason = "figures for whoever looks at a soak's output")]

mod cancelled;
mod hostile;
mod imports;
mod recycled;

use std::sync::Arc;

use execution::{Execute, Image, Invocation, InvocationType, Modules, Source};

use crate::{
    Executor,
    engine::Reset,
    testing::{self, Counting},
};

#[global_allocator]
static COUNTING: Counting = Counting;

const CACHE: &str = concat!(env!("OUT_DIR"), "/guest-image");

async fn start(concurrency: u32, compilations: u32, reset: Reset) -> Arc<Executor> {
    testing::start(CACHE.as_ref(), concurrency, compilations, reset).await
}

async fn compile(executor: &Executor, text: &str) -> Image {
    executor.compile(&Source { name: "main".into(), text: text.into() }, &Modules::default()).await.unwrap().image
}

/// How often a long test turns: `make soak` sets the variable.
fn turns(usual: u32, soak: u32) -> u32 {
    if std::env::var_os("SOAK_TURNS").is_some() { soak } else { usual }
}

fn invocation() -> Invocation {
    Invocation {
        execution_id: uuid::Uuid::from_u128(7),
        request_id: "request-1".into(),
        script_id: uuid::Uuid::from_u128(8),
        script_name: "main".into(),
        app: "shop".into(),
        deployment: 3,
        invocation_type: InvocationType::Test,
        request: None,
        event: None,
        depth: 0,
        now_ms: 1_790_000_000_123,
        seed: [7; 32],
    }
}
