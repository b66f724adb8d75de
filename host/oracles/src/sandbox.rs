//! The executor of this process, and what scripts are run with.

use std::{
    future::Future,
    path::PathBuf,
    pin::pin,
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use execution::{
    Answered, BoxFuture, CompileError, Execute as _, HttpRequest, Image, Invocation, InvocationType, Limits, Modules, Outcome, Question,
    Services, Source,
};
use executor::{Executor, Settings};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

/// One thread does all, so that what it holds of memory is what the input costs.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

/// Where the guest's machine code is kept between runs.
pub(crate) fn cache_dir() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/oracles").into()
}

/// The one executor.
pub(crate) fn executor() -> Arc<Executor> {
    static EXECUTOR: OnceLock<Arc<Executor>> = OnceLock::new();
    let start = || {
        let settings = Settings { cache_dir: cache_dir(), concurrency: 2, compilations: 1 };
        RUNTIME.block_on(Executor::start(&settings)).unwrap()
    };
    Arc::clone(EXECUTOR.get_or_init(start))
}

pub(crate) async fn compile(executor: &Executor, text: &str) -> Result<Image, CompileError> {
    let source = Source { name: "main".to_owned(), text: text.to_owned() };
    Ok(executor.compile(&source, &Modules::default()).await?.image)
}

pub(crate) async fn execute(executor: &Executor, image: &Image, limits: &Limits, services: Box<dyn Services>) -> Outcome {
    executor.execute(image, &invocation(), limits, services).await
}

/// Nothing of the pool is in use.
pub(crate) fn assert_pool_is_free(executor: &Executor) {
    let pool = executor.pool();
    assert_eq!((pool.memories, pool.stacks), (0, 0), "slots of the pool are still in use");
}

/// What each execution is told.
pub(crate) fn invocation() -> Invocation {
    Invocation {
        execution_id: Uuid::from_u128(7),
        request_id: "request-1".to_owned(),
        script_id: Uuid::from_u128(8),
        script_name: "main".to_owned(),
        app: "shop".to_owned(),
        deployment: 3,
        invocation_type: InvocationType::Http,
        request: Some(HttpRequest {
            method: "POST".to_owned(),
            path: "/orders/7".to_owned(),
            host: "shop.localhost".to_owned(),
            scheme: "http".to_owned(),
            client_ip: "192.0.2.7".to_owned(),
            body: b"a body".to_vec(),
            ..HttpRequest::default()
        }),
        event: None,
        depth: 0,
        now_ms: 1_790_000_000_123,
        seed: [7; 32],
    }
}

/// Polls so often and gives up; `None`: it was given up.
pub(crate) async fn at_most<T>(polls: u32, run: impl Future<Output = T>) -> Option<T> {
    let mut run = pin!(run);
    for _ in 0..polls {
        if let Poll::Ready(ended) = run.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(ended);
        }
        // The runtime lets a task that asks too often wait.
        tokio::task::yield_now().await;
    }
    None
}

/// Answers a question when it is asked for the second time, as whoever has to wait would.
pub(crate) struct Waiting<S>(pub(crate) S);

impl<S: Services> Services for Waiting<S> {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        let has_waited = AtomicBool::new(false);
        Box::pin(async move {
            std::future::poll_fn(|context| {
                if has_waited.swap(true, Ordering::Relaxed) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            self.0.ask(question).await
        })
    }
}
