//! `rand::float()`, `rand::int(from, to)`, `rand::bytes(count)`: from the generator that the host seeds once per execution.

use rhai::{Blob, EvalAltResult, Module, NativeCallContext};

use super::place;
use crate::bindings::random::{get_random_bytes, get_random_u64};

/// Most bytes of one call: the host refuses more.
const BYTES_MAX: i64 = 64 << 10;

/// The namespace `rand`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    // 53 bits are what a float in [0, 1) can hold.
    module.set_native_fn("float", |context: NativeCallContext| {
        place::note(&context);
        Ok((get_random_u64() >> 11) as f64 / (1u64 << 53) as f64)
    });
    module.set_native_fn("int", int);
    module.set_native_fn("bytes", bytes);
    module
}

/// A whole number from `from` to `to`, both included.
fn int(context: NativeCallContext, from: i64, to: i64) -> Result<i64, Box<EvalAltResult>> {
    if from > to {
        return Err(format!("rand::int: {from} is greater than {to}").into());
    }
    place::note(&context);
    let count = to.wrapping_sub(from) as u64;
    // The high half of a product is uniform enough for any range a script asks for: the bias is below 2^-64 * range.
    let offset = (u128::from(get_random_u64()) * (u128::from(count) + 1)) >> 64;
    Ok(from.wrapping_add(offset as i64))
}

fn bytes(context: NativeCallContext, count: i64) -> Result<Blob, Box<EvalAltResult>> {
    if !(0..=BYTES_MAX).contains(&count) {
        return Err(format!("rand::bytes: {count} is not from 0 to {BYTES_MAX}").into());
    }
    place::note(&context);
    Ok(get_random_bytes(count as u64))
}
