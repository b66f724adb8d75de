//! Source to image, in a sandbox of its own: parsing hostile text is running hostile code.

use std::time::Duration;

use execution::{
    BoxFuture, CompileError, CompileErrorKind, Compiled, Execute, Image, Invocation, Limits, Modules, Nobody, Outcome, Services, Source,
    limits::{COMPILE_FUEL, COMPILE_MEMORY_BYTES, COMPILE_WALL_MS, SOURCE_BYTES_MAX},
};
use wasmtime::Trap;

use crate::{Executor, bindings::compiler, engine::TURN_FUEL, state::Origin};

impl Execute for Executor {
    fn compile<'a>(&'a self, source: &'a Source, modules: &'a Modules) -> BoxFuture<'a, Result<Compiled, CompileError>> {
        Box::pin(self.link(source, modules))
    }

    fn execute<'a>(
        &'a self,
        image: &'a Image,
        invocation: &'a Invocation,
        limits: &'a Limits,
        services: Box<dyn Services>,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.run(image, invocation, limits, services))
    }
}

impl Executor {
    /// Parses until nothing that is imported is missing: as often as imports are nested, once for most scripts.
    async fn link(&self, source: &Source, modules: &Modules) -> Result<Compiled, CompileError> {
        demand_size(&source.name, &source.text)?;
        let mut given: Vec<compiler::Module> = Vec::new();
        loop {
            match self.parse(source, &given).await? {
                compiler::Outcome::Image(image) => {
                    let uses = given.into_iter().map(|module| module.name).collect();
                    return Ok(Compiled { image: Image::new(&image), uses });
                }
                compiler::Outcome::Failed(error) => return Err(from_guest(error)),
                compiler::Outcome::Needs(imports) => {
                    let before = given.len();
                    for import in imports {
                        if given.iter().all(|module| module.name != import.module) {
                            given.push(resolve(import, modules)?);
                        }
                    }
                    if given.len() == before {
                        return Err(whole(CompileErrorKind::Unavailable, &source.name, "the compiler asks for the same twice".to_owned()));
                    }
                }
            }
        }
    }

    async fn parse(&self, source: &Source, given: &[compiler::Module]) -> Result<compiler::Outcome, CompileError> {
        // Closed never: the semaphore lives as long as `self`.
        let _slot = self.compilations.acquire().await;
        let limits = Limits {
            fuel: COMPILE_FUEL,
            memory_bytes: COMPILE_MEMORY_BYTES,
            response_body_bytes: COMPILE_MEMORY_BYTES,
            ..Limits::default()
        };
        // Time and chance have no part in parsing.
        let origin = Origin { now_ms: 0, seed: [0; 32], depth: 0, services: Box::new(Nobody { now_ms: 0 }) };
        let mut store = self.store(origin, &limits);
        let call = async {
            store.fuel_async_yield_interval(Some(TURN_FUEL))?;
            let instance = self.guest.instantiate_async(&mut store).await?;
            let compiler = self.compiler.load(&mut store, &instance)?;
            compiler.call_prepare(&mut store).await?;
            compiler.call_compile(&mut store, &source.name, &source.text, given).await
        };
        match tokio::time::timeout(Duration::from_millis(COMPILE_WALL_MS), call).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(trap)) => Err(from_trap(&trap, &source.name)),
            Err(_elapsed) => {
                let message = format!("the script takes longer than {COMPILE_WALL_MS} ms to parse");
                Err(whole(CompileErrorKind::TooLarge, &source.name, message))
            }
        }
    }
}

fn demand_size(name: &str, text: &str) -> Result<(), CompileError> {
    if text.len() as u64 <= SOURCE_BYTES_MAX {
        return Ok(());
    }
    let message = format!("the script has {} bytes, and {SOURCE_BYTES_MAX} are allowed: split it", text.len());
    Err(whole(CompileErrorKind::TooLarge, name, message))
}

fn resolve(import: compiler::Import, modules: &Modules) -> Result<compiler::Module, CompileError> {
    let compiler::Import { module, script, line, column } = import;
    match modules.get(&module) {
        Some(source) => {
            demand_size(&module, source)?;
            Ok(compiler::Module { name: module, source: source.to_owned() })
        }
        None => {
            let message = format!("the app has no module `{module}`: deploy it first, or together with this script");
            Err(CompileError { kind: CompileErrorKind::Import, message, script, line, column })
        }
    }
}

fn from_guest(error: compiler::Error) -> CompileError {
    let kind = match error.kind {
        compiler::ErrorKind::Syntax => CompileErrorKind::Syntax,
        compiler::ErrorKind::TooLarge => CompileErrorKind::TooLarge,
        compiler::ErrorKind::Import => CompileErrorKind::Import,
    };
    let compiler::Error { message, script, line, column, .. } = error;
    CompileError { kind, message, script, line, column }
}

fn from_trap(trap: &wasmtime::Error, script: &str) -> CompileError {
    match trap.downcast_ref::<Trap>() {
        Some(_) => {
            let message = "the script is too large or nested too deep to be parsed within the limits".to_owned();
            whole(CompileErrorKind::TooLarge, script, message)
        }
        None => {
            tracing::error!(error = ?trap, "no sandbox to compile in");
            whole(CompileErrorKind::Unavailable, script, "the script could not be compiled just now: try again".to_owned())
        }
    }
}

fn whole(kind: CompileErrorKind, script: &str, message: String) -> CompileError {
    CompileError { kind, message, script: script.to_owned(), line: 0, column: 0 }
}
