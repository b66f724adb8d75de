//! Source to image, in a sandbox of its own: parsing hostile text is running hostile code.

use std::{sync::Arc, time::Duration};

use execution::{
    BoxFuture, CompileError, CompileErrorKind, Execute, Image, Invocation, Limits, Outcome, Source,
    limits::{COMPILE_FUEL, COMPILE_MEMORY_BYTES, COMPILE_WALL_MS, SOURCE_BYTES_MAX},
};
use wasmtime::Trap;

use crate::{Executor, Live, bindings::compiler, engine::TURN_FUEL};

impl Execute for Executor {
    fn compile<'a>(&'a self, source: &'a Source) -> BoxFuture<'a, Result<Image, CompileError>> {
        Box::pin(self.parse(source))
    }

    fn execute<'a>(&'a self, image: &'a Image, invocation: Invocation, limits: &'a Limits) -> BoxFuture<'a, Outcome> {
        let services = Live::new(invocation.now_ms, invocation.seed);
        Box::pin(self.run(image, invocation, limits, Box::new(services)))
    }
}

impl Executor {
    async fn parse(&self, source: &Source) -> Result<Image, CompileError> {
        if source.text.len() as u64 > SOURCE_BYTES_MAX {
            let message = format!("the script has {} bytes, and {SOURCE_BYTES_MAX} are allowed: split it", source.text.len());
            return Err(whole(CompileErrorKind::TooLarge, message));
        }
        // Closed never: the semaphore lives as long as `self`.
        let _slot = self.compilations.acquire().await;
        let limits = Limits {
            fuel: COMPILE_FUEL,
            memory_bytes: COMPILE_MEMORY_BYTES,
            response_body_bytes: COMPILE_MEMORY_BYTES,
            ..Limits::default()
        };
        // Time and chance have no part in parsing.
        let mut store = self.store(Box::new(Live::new(0, [0; 32])), &limits);
        let call = async {
            let instance = self.guest.instantiate(&mut store)?;
            let compiler = self.compiler.load(&mut store, &instance)?;
            compiler.call_prepare(&mut store)?;
            store.fuel_async_yield_interval(Some(TURN_FUEL))?;
            compiler.call_compile(&mut store, &source.name, &source.text).await
        };
        match tokio::time::timeout(Duration::from_millis(COMPILE_WALL_MS), call).await {
            Ok(Ok(Ok(image))) => Ok(Image::new(Arc::from(image))),
            Ok(Ok(Err(error))) => Err(from_guest(error)),
            Ok(Err(trap)) => Err(from_trap(&trap)),
            Err(_elapsed) => Err(whole(CompileErrorKind::TooLarge, format!("the script takes longer than {COMPILE_WALL_MS} ms to parse"))),
        }
    }
}

fn from_guest(error: compiler::Error) -> CompileError {
    let kind = match error.kind {
        compiler::ErrorKind::Syntax => CompileErrorKind::Syntax,
        compiler::ErrorKind::TooLarge => CompileErrorKind::TooLarge,
    };
    CompileError { kind, message: error.message, line: error.line, column: error.column }
}

fn from_trap(trap: &wasmtime::Error) -> CompileError {
    match trap.downcast_ref::<Trap>() {
        Some(_) => {
            whole(CompileErrorKind::TooLarge, "the script is too large or nested too deep to be parsed within the limits".to_owned())
        }
        None => {
            tracing::error!(error = ?trap, "no sandbox to compile in");
            whole(CompileErrorKind::Unavailable, "the script could not be compiled just now: try again".to_owned())
        }
    }
}

fn whole(kind: CompileErrorKind, message: String) -> CompileError {
    CompileError { kind, message, line: 0, column: 0 }
}
