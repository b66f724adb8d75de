//! `picloud:script/meter`: linked by hand, since `fuel-left` reads the store itself.

use wasmtime::{StoreContextMut, component::Linker};

use crate::state::State;

/// Longest report of a panic that is kept.
const PANIC_BYTES_MAX: usize = 1024;

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut meter = linker.instance("picloud:script/meter@0.1.0")?;
    meter.func_wrap("fuel-left", |store: StoreContextMut<'_, State>, ()| {
        let reserve = store.data().fuel_reserve;
        Ok((store.get_fuel()?.saturating_sub(reserve),))
    })?;
    meter.func_wrap("panicked", |mut store: StoreContextMut<'_, State>, (mut message,): (String,)| {
        message.truncate(message.floor_char_boundary(PANIC_BYTES_MAX));
        store.data_mut().panic = Some(message);
        Ok(())
    })
}
