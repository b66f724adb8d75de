//! The guest's two exports on the path of a request, called without comparing their types again.
//!
//! Their types are those of the component, which is the same in every instance: [`Handler::find`] compares them once, in an instance made for
//! it. What bindgen generates compares them in every instance, and that took 3 % of an execution.
#![expect(unsafe_code, reason = "the types were compared when the guest was loaded")]

use wasmtime::{
    Store,
    component::{ComponentExportIndex, Instance, InstancePre, TypedFunc},
};

use crate::{bindings::handler, state::State};

const INTERFACE: &str = "picloud:script/handler@0.1.0";

/// Where the exports are.
pub(crate) struct Handler {
    load: ComponentExportIndex,
    handle: ComponentExportIndex,
}

/// What `handle` answers.
type Answered = Result<handler::Response, handler::Failure>;

impl Handler {
    /// Finds both and compares their types with `wit/`, in `store`, which is of no use afterwards.
    pub(crate) fn find(guest: &InstancePre<State>, store: &mut Store<State>) -> wasmtime::Result<Self> {
        let instance = guest.instantiate(&mut *store)?;
        handler::GuestIndices::new(guest)?.load(&mut *store, &instance)?;
        let component = guest.component();
        let interface = component.get_export_index(None, INTERFACE);
        let find = |name: &str| {
            let index = interface.as_ref().and_then(|interface| component.get_export_index(Some(interface), name));
            index.ok_or_else(|| wasmtime::format_err!("the guest has no `{name}`"))
        };
        Ok(Self { load: find("load")?, handle: find("handle")? })
    }

    /// Places an image in a fresh instance of the guest.
    pub(crate) fn load(&self, store: &mut Store<State>, instance: &Instance, image: &[u8]) -> wasmtime::Result<()> {
        let load = function(store, instance, &self.load)?;
        // SAFETY: `find` compared this signature with that of the same export of the same component.
        let load = unsafe { TypedFunc::<(&[u8],), ()>::new_unchecked(load) };
        load.call(store, (image,))
    }

    /// Runs the loaded image.
    pub(crate) async fn handle(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        call: &handler::Invocation,
    ) -> wasmtime::Result<Answered> {
        let handle = function(store, instance, &self.handle)?;
        // SAFETY: as in `load`.
        let handle = unsafe { TypedFunc::<(&handler::Invocation,), (Answered,)>::new_unchecked(handle) };
        let (answered,) = handle.call_async(store, (call,)).await?;
        Ok(answered)
    }
}

fn function(store: &mut Store<State>, instance: &Instance, index: &ComponentExportIndex) -> wasmtime::Result<wasmtime::component::Func> {
    instance.get_func(store, index).ok_or_else(|| wasmtime::format_err!("the export of the guest is no function"))
}
