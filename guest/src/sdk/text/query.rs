//! Query strings and the bodies of forms (`application/x-www-form-urlencoded`), as browsers read and write them.

use form_urlencoded::Serializer;
use rhai::{Array, Dynamic, EvalAltResult, Map, NativeCallContext};

use super::plain;

/// Of equal names the first counts, as in `ctx.request.query`.
pub(super) fn first_values(text: &str) -> Map {
    let mut map = Map::new();
    for (name, value) in pairs(text) {
        map.entry(name.as_ref().into()).or_insert_with(|| value.as_ref().into());
    }
    map
}

/// All values of each name, in order.
pub(super) fn all_values(text: &str) -> Map {
    let mut map = Map::new();
    for (name, value) in pairs(text) {
        let values = map.entry(name.as_ref().into()).or_insert_with(|| Array::new().into());
        if let Some(mut values) = values.write_lock::<Array>() {
            values.push(value.as_ref().into());
        }
    }
    map
}

fn pairs(text: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(text.strip_prefix('?').unwrap_or(text).as_bytes())
}

/// In the order of the names. An array repeats its name; `()` leaves it out.
pub(super) fn build(context: NativeCallContext, pairs: Map) -> Result<String, Box<EvalAltResult>> {
    let mut query = Serializer::new(String::new());
    for (name, value) in &pairs {
        match value.read_lock::<Array>() {
            Some(values) => {
                for value in values.iter() {
                    append(&context, &mut query, name, value)?;
                }
            }
            None => append(&context, &mut query, name, value)?,
        }
    }
    Ok(query.finish())
}

fn append(context: &NativeCallContext, query: &mut Serializer<'_, String>, name: &str, value: &Dynamic) -> Result<(), Box<EvalAltResult>> {
    if !value.is_unit() {
        query.append_pair(name, &plain(context, value)?);
    }
    Ok(())
}
