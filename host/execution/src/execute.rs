//! The seam between the one who asks for executions and the one who runs them.

use std::{future::Future, pin::Pin};

use crate::{CompileError, Compiled, Image, Invocation, Limits, Modules, Outcome, Services, Source};

/// A future that an object-safe trait can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Compiles scripts and runs them: in this process today, on another node in a cluster.
pub trait Execute: Send + Sync + 'static {
    /// Parses a script, with those of `modules` that it imports, inside a sandbox and returns its image. Called at deploy and at
    /// start, never on the path of a request.
    ///
    /// # Errors
    /// [`CompileError`]: a source does not parse (with line and column), an import does not resolve, or the image is larger than
    /// the arena.
    fn compile<'a>(&'a self, source: &'a Source, modules: &'a Modules) -> BoxFuture<'a, Result<Compiled, CompileError>>;

    /// Runs a script once in a fresh sandbox. Failure is a value: the outcome always carries usage and logs. What the script writes is
    /// not written here: it is in the outcome's effects, for the caller to commit. Dropping the future ends the execution.
    fn execute<'a>(
        &'a self,
        image: &'a Image,
        invocation: &'a Invocation,
        limits: &'a Limits,
        services: Box<dyn Services>,
    ) -> BoxFuture<'a, Outcome>;
}
