//! `picloud:script/meter`: linked by hand, since `fuel-left` reads the store itself.

use wasmtime::{
    Store, StoreContextMut,
    component::{Linker, WasmList},
};

use crate::state::State;

/// Where the guest writes down its place before it calls the host.
pub(crate) struct Watched {
    script: String,
    /// Line and column, in the guest's memory.
    place: WasmList<u32>,
}

/// Longest name of a script that is kept: they have at most 64 bytes.
const NAME_BYTES_MAX: usize = 256;
/// Longest report of a panic that is kept.
const PANIC_BYTES_MAX: usize = 1024;

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut meter = linker.instance("picloud:script/meter@0.1.0")?;
    meter.func_wrap("fuel-left", |store: StoreContextMut<'_, State>, ()| {
        let reserve = store.data().fuel_reserve;
        Ok((store.get_fuel()?.saturating_sub(reserve),))
    })?;
    meter.func_wrap("watch", |mut store: StoreContextMut<'_, State>, (mut script, place): (String, WasmList<u32>)| {
        script.truncate(script.floor_char_boundary(NAME_BYTES_MAX));
        store.data_mut().watched = Some(Watched { script, place });
        Ok(())
    })?;
    meter.func_wrap("panicked", |mut store: StoreContextMut<'_, State>, (mut message,): (String,)| {
        message.truncate(message.floor_char_boundary(PANIC_BYTES_MAX));
        message.shrink_to_fit();
        store.data_mut().panic = Some(message);
        Ok(())
    })
}

/// The place of the last call of the host, as `script:line:column`. Whatever a guest left there, it is two numbers.
pub(crate) fn last_seen(store: &Store<State>) -> Option<String> {
    let Watched { script, place } = store.data().watched.as_ref()?;
    match place.as_le_slice(store) {
        [line, column, ..] if *line > 0 => Some(format!("{script}:{line}:{column}")),
        _ => None,
    }
}
