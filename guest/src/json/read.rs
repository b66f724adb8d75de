//! JSON as a value, without the detour of a general reader: a body is read in every execution.
//!
//! It knows well-formed JSON only, and of that neither escapes nor numbers other than short whole ones: those it hands to `serde_json` one by
//! one, and what is malformed as a whole. So both give the same values, and errors have the words of one.

use std::borrow::Cow;

use rhai::{Array, Dynamic, Map};

/// Nested deeper, `serde_json` refuses.
const DEPTH_MAX: u32 = 127;
/// Digits of a whole number that always fits.
const DIGITS_MAX: usize = 18;

/// The value, or `None` if this is not for this reader.
pub(super) fn read(bytes: &[u8]) -> Option<Dynamic> {
    let mut reader = Reader { text: std::str::from_utf8(bytes).ok()?, at: 0, depth: 0 };
    let value = reader.value()?;
    reader.skip_blanks();
    (reader.at == bytes.len()).then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    /// Always between two characters.
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Option<Dynamic> {
        self.skip_blanks();
        match self.peek()? {
            b'"' => self.string().map(|text| text.as_ref().into()),
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b't' => self.word("true", Dynamic::TRUE),
            b'f' => self.word("false", Dynamic::FALSE),
            b'n' => self.word("null", Dynamic::UNIT),
            _ => self.number(),
        }
    }

    fn object(&mut self) -> Option<Dynamic> {
        let mut map = Map::new();
        if self.ends_with(b'}') {
            return Some(Dynamic::from_map(map));
        }
        loop {
            self.skip_blanks();
            let name = self.string()?;
            self.skip_blanks();
            self.take(b':')?;
            let value = self.value()?;
            // Of equal names the last one counts.
            map.insert(name.as_ref().into(), value);
            if self.ends_with(b'}') {
                return Some(Dynamic::from_map(map));
            }
            self.take(b',')?;
        }
    }

    fn array(&mut self) -> Option<Dynamic> {
        let mut array = Array::new();
        if self.ends_with(b']') {
            return Some(Dynamic::from_array(array));
        }
        loop {
            array.push(self.value()?);
            if self.ends_with(b']') {
                return Some(Dynamic::from_array(array));
            }
            self.take(b',')?;
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<Dynamic>) -> Option<Dynamic> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.at += 1;
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        self.take(b'"')?;
        let rest = &self.text[self.at..];
        let length = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let (text, end) = rest.split_at(length);
        if end.starts_with('"') && !text.bytes().any(|byte| byte < b' ') {
            self.at += length + 1;
            return Some(Cow::Borrowed(text));
        }
        // To the quotation mark that has no backslash before it.
        let mut is_escaped = false;
        let length = rest.bytes().position(|byte| {
            let is_end = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            is_end
        })?;
        self.at += length + 1;
        serde_json::from_str(&self.text[start..self.at]).ok().map(Cow::Owned)
    }

    fn number(&mut self) -> Option<Dynamic> {
        let rest = &self.text[self.at..];
        let is_of_number = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.bytes().position(|byte| !is_of_number(byte)).unwrap_or(rest.len());
        let number = &rest[..length];
        self.at += length;
        match number.as_bytes() {
            // Zero has no zeros before it, and with a sign it is a float.
            [b'0'] => Some(Dynamic::ZERO),
            [b'1'..=b'9', digits @ ..] if length <= DIGITS_MAX && digits.iter().all(u8::is_ascii_digit) => {
                Some(number.bytes().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')).into())
            }
            _ => serde_json::from_str(number).ok(),
        }
    }

    fn word(&mut self, word: &str, value: Dynamic) -> Option<Dynamic> {
        self.text[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    /// Whether the bracket comes next; then it is taken.
    fn ends_with(&mut self, bracket: u8) -> bool {
        self.skip_blanks();
        self.take(bracket).is_some()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
