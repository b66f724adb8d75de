//! The guest's one export on the path of a request, called without comparing its type again.
//!
//! Its type is that of the component, which is the same in every instance: [`Handler::find`] compares it once, in an instance made for
//! it. What bindgen generates compares the types of the exports in every instance, and that took 3 % of an execution.
#![expect(unsafe_code, reason = "the type was compared when the guest was loaded")]

use wasmtime::{
    Store,
    component::{ComponentExportIndex, Instance, InstancePre, TypedFunc},
};

use crate::{bindings::handler, state::State};

const INTERFACE: &str = "picloud:script/handler@0.1.0";

/// Where the export is.
pub(crate) struct Handler {
    handle: ComponentExportIndex,
}

/// What `handle` answers.
type Answered = Result<handler::Response, handler::Failure>;

impl Handler {
    /// Finds it and compares its type with `wit/`, in `store`, which is of no use afterwards.
    pub(crate) async fn find(guest: &InstancePre<State>, store: &mut Store<State>) -> wasmtime::Result<Self> {
        let instance = guest.instantiate_async(&mut *store).await?;
        handler::GuestIndices::new(guest)?.load(&mut *store, &instance)?;
        let component = guest.component();
        let interface = component.get_export_index(None, INTERFACE);
        let handle = interface.as_ref().and_then(|interface| component.get_export_index(Some(interface), "handle"));
        Ok(Self { handle: handle.ok_or_else(|| wasmtime::format_err!("the guest has no `handle`"))? })
    }

    /// Runs an image in a fresh instance of the guest.
    pub(crate) async fn handle(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        image: &[u8],
        call: &handler::Invocation,
    ) -> wasmtime::Result<Answered> {
        let handle = instance.get_func(&mut *store, self.handle);
        let handle = handle.ok_or_else(|| wasmtime::format_err!("the export of the guest is no function"))?;
        // SAFETY: `find` compared this signature with that of the same export of the same component.
        let handle = unsafe { TypedFunc::<(&[u8], &handler::Invocation), (Answered,)>::new_unchecked(handle) };
        let (answered,) = handle.call_async(store, (image, call)).await?;
        Ok(answered)
    }
}
