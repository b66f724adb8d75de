//! `rand::`: numbers from the generator that the host seeds once per execution, and what is drawn with them.

use rhai::{Array, Blob, Dynamic, EvalAltResult, Module, NativeCallContext};

use super::{error, place};
use crate::bindings::random::{get_random_bytes, get_random_u64};

/// Most bytes of one call: the host refuses more.
const BYTES_MAX: usize = 64 << 10;
/// Most characters of `string`: their numbers are drawn in one call.
const STRING_MAX: usize = BYTES_MAX / NUMBER_BYTES;
const NUMBER_BYTES: usize = size_of::<u64>();
const LETTERS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

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
    module.set_native_fn("choice", choice);
    module.set_native_fn("shuffle", shuffle);
    module.set_native_fn("string", |context: NativeCallContext, length: i64| string(&context, length, LETTERS_AND_DIGITS));
    module.set_native_fn("string", |context: NativeCallContext, length: i64, alphabet: &str| string(&context, length, alphabet));
    module
}

/// A whole number from `from` to `to`, both included.
fn int(context: NativeCallContext, from: i64, to: i64) -> Result<i64, Box<EvalAltResult>> {
    if from > to {
        return Err(invalid(&context, format!("{from} is greater than {to}")));
    }
    place::note(&context);
    let count = u128::from(to.wrapping_sub(from) as u64) + 1;
    Ok(from.wrapping_add(below(get_random_u64(), count) as i64))
}

fn bytes(context: NativeCallContext, count: i64) -> Result<Blob, Box<EvalAltResult>> {
    let count = checked(&context, count, BYTES_MAX)?;
    place::note(&context);
    Ok(get_random_bytes(count as u64))
}

fn choice(context: NativeCallContext, items: Array) -> Result<Dynamic, Box<EvalAltResult>> {
    if items.is_empty() {
        return Err(invalid(&context, "there is nothing to choose from".to_owned()));
    }
    place::note(&context);
    let index = below(get_random_u64(), items.len() as u128) as usize;
    Ok(items.into_iter().nth(index).unwrap_or_default())
}

/// A copy in random order.
fn shuffle(context: NativeCallContext, mut items: Array) -> Result<Array, Box<EvalAltResult>> {
    place::note(&context);
    let mut numbers = numbers();
    // Each item is put where it stays, from the last: whatever is before it may come there.
    for last in (1..items.len()).rev() {
        let index = below(numbers(last), last as u128 + 1) as usize;
        items.swap(index, last);
    }
    Ok(items)
}

fn string(context: &NativeCallContext, length: i64, alphabet: &str) -> Result<String, Box<EvalAltResult>> {
    let length = checked(context, length, STRING_MAX)?;
    let alphabet: Vec<char> = alphabet.chars().collect();
    if alphabet.is_empty() {
        return Err(invalid(context, "there are no characters to choose from".to_owned()));
    }
    place::note(context);
    let mut numbers = numbers();
    Ok((0..length).rev().map(|left| alphabet[below(numbers(left + 1), alphabet.len() as u128) as usize]).collect())
}

/// Draws numbers, many with one call of the host: told how many are still wanted, it gives the next one.
fn numbers() -> impl FnMut(usize) -> u64 {
    let mut drawn = Vec::new().into_iter();
    move |wanted| {
        if drawn.len() == 0 {
            drawn = get_random_bytes((wanted * NUMBER_BYTES).min(BYTES_MAX) as u64).into_iter();
        }
        let number = std::array::from_fn(|_| drawn.next().unwrap_or_default());
        u64::from_le_bytes(number)
    }
}

/// One of the numbers below `count`. The high half of a product is uniform enough for any range a script asks for: the bias is below 2^-64 * range.
fn below(number: u64, count: u128) -> u64 {
    ((u128::from(number) * count) >> 64) as u64
}

fn checked(context: &NativeCallContext, count: i64, max: usize) -> Result<usize, Box<EvalAltResult>> {
    let checked = usize::try_from(count).ok().filter(|count| *count <= max);
    checked.ok_or_else(|| invalid(context, format!("{count} is not from 0 to {max}")))
}

fn invalid(context: &NativeCallContext, message: String) -> Box<EvalAltResult> {
    error::thrown(context, "rand", "invalid", message)
}
