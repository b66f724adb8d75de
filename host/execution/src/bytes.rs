//! Bodies in JSON: text as text, so that people can read it, and everything else as base64.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
    ser::SerializeMap as _,
};

/// The only member of the map that is not text.
pub(crate) const BASE64: &str = "base64";

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.serialize(serializer),
        Err(_) => {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(BASE64, &STANDARD.encode(bytes))?;
            map.end()
        }
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    deserializer.deserialize_any(Bytes)
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, or a map with base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        Ok(text.into())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Vec<u8>, M::Error> {
        match map.next_entry::<String, String>()? {
            Some((key, text)) if key == BASE64 => decode(&text).ok_or_else(|| Error::custom("not base64")),
            _ => Err(Error::custom("a body is text, or a map with base64")),
        }
    }
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use crate::Response;

    #[test]
    fn every_body_survives_and_text_can_be_read() {
        for (body, shown) in [(&b"hello"[..], r#""hello""#), (b"", r#""""#), (&[0xff, 0], r#"{"base64":"/wA="}"#)] {
            let response = Response { status: 200, headers: Vec::new(), body: body.to_vec() };
            let json = serde_json::to_string(&response).unwrap();
            assert!(json.contains(shown), "{json}");
            assert_eq!(serde_json::from_str::<Response>(&json).unwrap(), response);
        }
    }
}
