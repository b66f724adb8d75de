//! Another component where the guest would be, for all that an executor does.

use std::sync::Arc;

use execution::Limits;
use wasmtime::component::{Component, Linker};

use super::nobody;
use crate::{
    Executor, StartError,
    bindings::compiler,
    execute,
    handler::Handler,
    host,
    state::{Origin, State},
};

impl Executor {
    /// The same engine, pool and limits, with a component of the same world in the guest's place. Its machine code is made here and kept nowhere.
    ///
    /// # Errors
    /// [`StartError::Wasmtime`]: it is no component, or of another world.
    pub async fn with_guest(&self, component: &[u8]) -> Result<Arc<Self>, StartError> {
        let mut linker = Linker::<State>::new(&self.engine);
        host::add_to_linker(&mut linker).map_err(StartError::wasmtime("linking the host"))?;
        let component = Component::new(&self.engine, component).map_err(StartError::wasmtime("compiling the guest"))?;
        let guest = linker.instantiate_pre(&component).map_err(StartError::wasmtime("linking the guest"))?;
        let origin = Origin { now_ms: 0, seed: [0; 32], depth: 0, services: nobody() };
        let mut trial = execute::store(&self.engine, origin, &Limits::default());
        let handler = Handler::find(&guest, &mut trial).await.map_err(StartError::wasmtime("finding the guest's exports"))?;
        let compiler = compiler::GuestIndices::new(&guest).map_err(StartError::wasmtime("finding the guest's exports"))?;
        Ok(Arc::new(Self {
            engine: self.engine.clone(),
            guest,
            handler,
            compiler,
            guest_digest: "of a test".to_owned(),
            executions: Arc::clone(&self.executions),
            compilations: Arc::clone(&self.compilations),
        }))
    }
}
