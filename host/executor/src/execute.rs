//! One execution, from a fresh sandbox to its outcome.

use std::{sync::Arc, time::Instant};

use execution::{Effects, Failure, Image, Invocation, Limits, Outcome, Response, Services, Usage, stream::Head};
use wasmtime::{Engine, Store};

use crate::{
    Executor,
    bindings::handler,
    engine::TURN_FUEL,
    host::meter,
    invocation,
    outcome::{self, Ending},
    state::{Origin, State},
};

/// What the host may have to allocate for one call of a guest, beside the answer: a log line, the answer's frame.
const TRANSFER_RESERVE_BYTES: u64 = 64 << 10;

impl Executor {
    /// Runs a script once. The sandbox is fresh, and gone when this returns; whoever drops the future ends the execution.
    pub async fn run(&self, image: &Image, invocation: &Invocation, limits: &Limits, services: Box<dyn Services>) -> Outcome {
        // Closed never: the semaphore lives as long as `self`.
        let _slot = self.executions.acquire().await;
        let started = Instant::now();
        let Invocation { now_ms, seed, depth, .. } = *invocation;
        let origin = Origin { now_ms, seed, depth, services };
        let mut store = self.store(origin, limits);
        let deadline = Arc::clone(&store.data().stream.deadline);
        let ended = tokio::select! {
            biased;
            ended = self.call(&mut store, image, invocation, limits) => Some(ended),
            () = deadline.passed() => None,
        };
        let ending = match ended {
            Some(Ok(Ok(response))) => Ending::Answer(answer(response, store.data_mut().stream.head.take())),
            Some(Ok(Err(failure))) => Ending::Failure(failure),
            Some(Err(trap)) => Ending::Trap(trap),
            None => Ending::Deadline,
        };
        finish(store, ending, limits, started)
    }

    /// A store with its limits set, before anything runs in it.
    pub(crate) fn store(&self, origin: Origin, limits: &Limits) -> Store<State> {
        store(&self.engine, origin, limits)
    }

    async fn call(
        &self,
        store: &mut Store<State>,
        image: &Image,
        invocation: &Invocation,
        limits: &Limits,
    ) -> wasmtime::Result<Result<handler::Response, handler::Failure>> {
        store.fuel_async_yield_interval(Some(TURN_FUEL))?;
        let instance = self.guest.instantiate_async(&mut *store).await?;
        self.handler.handle(store, &instance, &image.open(), &invocation::to_guest(invocation, limits)).await
    }
}

/// [`Executor::store`], for an engine whose executor is being made.
pub(crate) fn store(engine: &Engine, origin: Origin, limits: &Limits) -> Store<State> {
    let mut store = Store::new(engine, State::new(origin, limits));
    store.limiter(|state| &mut state.memory);
    // Cannot fail: fuel is on.
    let _fuel_is_on = store.set_fuel(limits.fuel);
    let largest = (limits.response_body_bytes + limits.response_header_bytes).max(limits.file_bytes);
    let transfer = largest + TRANSFER_RESERVE_BYTES;
    store.set_hostcall_fuel(usize::try_from(transfer).unwrap_or(usize::MAX));
    store
}

/// The answer; of one in pieces, its head: the pieces are on their way.
fn answer(response: handler::Response, head: Option<Head>) -> Response {
    match head {
        Some(Head { status, headers }) => Response { status, headers, body: Vec::new() },
        None => Response { status: response.status, headers: response.headers, body: response.body },
    }
}

fn finish(store: Store<State>, ending: Ending, limits: &Limits, started: Instant) -> Outcome {
    let fuel_used = limits.fuel - store.get_fuel().unwrap_or(0).min(limits.fuel);
    // Nothing unwinds from a sandbox that is ended from outside.
    let last_seen = matches!(ending, Ending::Trap(_) | Ending::Deadline).then(|| meter::last_seen(&store)).flatten();
    let state = store.into_data();
    let usage = Usage {
        fuel_used,
        memory_peak_bytes: state.memory.peak,
        wall_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        host_calls: state.host_calls,
    };
    let result = outcome::result(ending, &state, &usage, limits, last_seen.as_deref());
    let result: Result<Response, Failure> = result.map_err(|mut failure| {
        state.mask.apply_to(&mut failure.message);
        failure.bound();
        failure
    });
    let effects = if result.is_ok() { state.transaction.into_effects() } else { Effects::default() };
    Outcome { result, usage, logs: state.logs, calls: state.trace.into_calls(), effects }
}
