//! Values as JSON, as the interpreter writes them, but for those that have no form there.

use rhai::{Array, Dynamic, Map};
use serde::{Serialize, Serializer, ser::Error as _};

/// A value to be written. The interpreter would write a range, which is a type of Rust to it, as the name of that type.
pub(super) struct Json<'a>(pub(super) &'a Dynamic);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0;
        if let Some(map) = value.read_lock::<Map>() {
            return serializer.collect_map(map.iter().map(|(name, value)| (name.as_str(), Json(value))));
        }
        if let Some(array) = value.read_lock::<Array>() {
            return serializer.collect_seq(array.iter().map(Json));
        }
        if value.is_shared() {
            return Json(&value.flatten_clone()).serialize(serializer);
        }
        if value.is_variant() {
            return Err(S::Error::custom("there is no JSON for a range or an iterator; put what it yields into an array"));
        }
        value.serialize(serializer)
    }
}
