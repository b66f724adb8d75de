//! A JSON body; what is wrong with it is said with a JSON pointer.

use std::marker::PhantomData;

use axum::{
    body::Bytes,
    extract::{FromRequest, OptionalFromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use http_body::Body as _;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, error::Category};
use serde_path_to_error::{Path, Segment};

use crate::api::problem::{FieldError, Problem, ProblemType};

/// A body that is read, or an answer that is written, as JSON.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<S: Sync + Send, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "Send the body with the header Content-Type: application/json.";
            return Err(Problem::new(ProblemType::MediaType, detail));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                return too_large();
            }
            Problem::new(ProblemType::MalformedJson, "The body could not be read to its end.")
        })?;
        parse(&bytes).map(Self)
    }
}

/// A body that may be left out altogether.
impl<S: Sync + Send, T: DeserializeOwned> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// 413.
pub(in crate::api) fn too_large() -> Problem {
    let (most, whole) = (super::super::BODY_BYTES_MAX, super::super::MANIFEST_BYTES_MAX);
    Problem::new(ProblemType::BodyTooLarge, format!("A body has at most {most} bytes, that of a whole deployment {whole}."))
}

/// A requirement of S-8.5 also: a form of another site cannot send this type without being asked first.
fn is_json(headers: &HeaderMap) -> bool {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json") || essence.eq_ignore_ascii_case("application/merge-patch+json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let Object(value) = serde_path_to_error::deserialize(&mut input).map_err(|error| {
        // Whether it is JSON at all comes first: the parser stops at what it meets first, and calls a list where a word is expected a fault
        // of syntax.
        if let Err(fault) = serde_json::from_slice::<Value>(bytes) {
            return malformed(&fault);
        }
        match error.inner().classify() {
            Category::Data => misfit(error.path(), &without_position(&error.inner().to_string())),
            Category::Syntax | Category::Eof | Category::Io => misfit(error.path(), "a value of this type is not taken here"),
        }
    })?;
    input.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// A document that was made of a body, as that type.
pub(in crate::api) fn fits<T: DeserializeOwned>(document: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(document).map_err(|error| misfit(error.path(), &error.inner().to_string()))
}

fn malformed(error: &serde_json::Error) -> Problem {
    let message = without_position(&error.to_string());
    let (line, column) = (error.line(), error.column());
    Problem::new(ProblemType::MalformedJson, format!("The body is not JSON: {message} in line {line}, column {column}."))
}

/// A value of the wrong type, an unknown field or a missing one.
fn misfit(path: &Path, message: &str) -> Problem {
    // What the library says of a name counts its letters.
    let message = if message.starts_with("UUID parsing failed") { "an id is needed here (a UUID), not a name" } else { message };
    let mut pointer = pointer(path);
    // Of a missing field the path is its parent's; only the text has its name.
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        pointer.push('/');
        pointer.push_str(name);
    }
    let error = FieldError { pointer: Some(pointer.clone()), message: format!("{message}."), ..FieldError::default() };
    let place = if pointer.is_empty() { "the body" } else { &pointer };
    Problem::new(ProblemType::InvalidRequest, format!("{place}: {message}.")).with_error(error)
}

/// RFC 6901.
fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |mut text, segment| {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("/{index}")),
            Segment::Map { key } => text.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
        text
    })
}

fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(text, _)| text).to_owned()
}

/// Something that is written as an object and in no other way: what derives [`Deserialize`] would take a list of its fields as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// For a field that is an object.
///
/// # Errors
/// Anything else, and those of its fields.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct OnlyMap<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyMap<T> {
        type Value = T;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(OnlyMap(PhantomData))
}

/// For a field that is an object or null, or not there (with `default`).
///
/// # Errors
/// Anything else, and those of its fields.
pub fn object_or_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map(|Object(value)| value))
}

/// For a list of objects that is refused with its first item beyond `N`, before more of it is read.
///
/// # Errors
/// Those of the items, and a list that is too long.
pub fn at_most<'de, D: Deserializer<'de>, T: Deserialize<'de>, const N: usize>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct AtMost<T, const N: usize>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for AtMost<T, N> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "a list of at most {N} items")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(Object(item)) = items.next_element()? {
                if list.len() == N {
                    return Err(A::Error::invalid_length(N + 1, &self));
                }
                list.push(item);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_seq(AtMost::<T, N>(PhantomData))
}

/// For fields of a PATCH that may be null: absent is `None`, null is `Some(None)`.
///
/// # Errors
/// Those of the value.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        #[expect(dead_code, reason = "only its type matters")]
        name: String,
        #[serde(default, deserialize_with = "at_most::<_, _, 2>")]
        #[expect(dead_code, reason = "only its type matters")]
        tags: Vec<Tag>,
        #[serde(default, deserialize_with = "present")]
        host: Option<Option<String>>,
        #[expect(dead_code, reason = "only its type matters")]
        kind: Option<Kind>,
        #[expect(dead_code, reason = "only its type matters")]
        owner: Option<uuid::Uuid>,
    }

    #[derive(Debug, Deserialize)]
    struct Tag {
        #[expect(dead_code, reason = "only its type matters")]
        n: u8,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Endpoint,
    }

    #[test]
    fn each_misfit_is_named_by_its_pointer() {
        for (text, kind, place) in [
            ("{\"name\":1}", ProblemType::InvalidRequest, "/name: invalid type: integer `1`, expected a string."),
            ("{}", ProblemType::InvalidRequest, "/name: missing field `name`."),
            ("{\"name\":\"a\",\"nmae\":1}", ProblemType::InvalidRequest, "/nmae: unknown field `nmae`"),
            ("{\"name\":\"a\",\"tags\":[{\"n\":1},{\"n\":300}]}", ProblemType::InvalidRequest, "/tags/1/n: invalid value"),
            ("{\"name\":\"a\",\"tags\":[[1]]}", ProblemType::InvalidRequest, "/tags/0: invalid type: sequence, expected an object."),
            ("{\"name\":\"a\",\"tags\":[{\"n\":1},{\"n\":2},{\"n\":3}]}", ProblemType::InvalidRequest, "a list of at most 2 items"),
            ("[\"a\"]", ProblemType::InvalidRequest, "the body: invalid type: sequence, expected an object."),
            ("{\"name\":\"a\",\"kind\":[]}", ProblemType::InvalidRequest, "/kind: a value of this type is not taken here."),
            ("{\"name\":\"a\",\"owner\":\"ada\"}", ProblemType::InvalidRequest, "/owner: an id is needed here (a UUID), not a name."),
            ("{} {}", ProblemType::MalformedJson, "trailing characters"),
            ("{\"name\":", ProblemType::MalformedJson, "line 1, column 8"),
            ("", ProblemType::MalformedJson, "line 1, column 0"),
            ("{\"name\":\"a\"} x", ProblemType::MalformedJson, "trailing characters"),
            ("{\"name\":\"\u{1}\"}", ProblemType::MalformedJson, "control character"),
        ] {
            let problem = parse::<Thing>(text.as_bytes()).unwrap_err();
            assert_eq!(problem.kind(), kind, "{text}");
            assert!(format!("{problem:?}").contains(place), "{text}: {problem:?}");
        }
    }

    #[test]
    fn absent_and_null_differ() {
        assert_eq!(parse::<Thing>(b"{\"name\":\"a\"}").unwrap().host, None);
        assert_eq!(parse::<Thing>(b"{\"name\":\"a\",\"host\":null}").unwrap().host, Some(None));
        assert_eq!(parse::<Thing>(b"{\"name\":\"a\",\"host\":\"h\"}").unwrap().host, Some(Some("h".to_owned())));
    }
}
