//! Where requests begin and end on a connection, read strictly (S-4.6).
//!
//! hyper parses the requests; this looks at the same bytes before it and refuses what another server in front might divide differently:
//! `Content-Length` beside `Transfer-Encoding`, a repeated one of either, any coding but `chunked`, and a line feed without carriage return.
//! hyper accepts these. All else that is malformed is refused by hyper itself. A chunked request is the last of its connection, so its
//! chunks need no second reading here.

/// Longest line of a head that is kept while it is incomplete: what hyper's own buffer holds.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Digits of a length; more could overflow somewhere.
const LENGTH_DIGITS_MAX: usize = 15;

/// Follows one connection.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    state: State,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    head: Head,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No request, or one that has been received completely.
    Between,
    Head,
    Body,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Between,
    Head,
    Body(u64),
    /// A chunked body and whatever follows it.
    Last,
}

/// What the lines of a head have said so far.
#[derive(Debug, Default)]
struct Head {
    has_request_line: bool,
    length: Option<u64>,
    is_chunked: bool,
}

/// The head can be read in more than one way.
struct Ambiguous;

impl Framing {
    pub(crate) fn phase(&self) -> Phase {
        match self.state {
            State::Between => Phase::Between,
            State::Head => Phase::Head,
            State::Body(_) | State::Last => Phase::Body,
        }
    }

    /// Follows bytes in the order in which they arrive.
    ///
    /// # Errors
    /// How many of them may pass: the one after them must not, and nothing later.
    pub(crate) fn accept(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut at = 0;
        while at < bytes.len() {
            at = match self.state {
                State::Last => return Ok(()),
                State::Body(left) => self.body(left, at, bytes.len()),
                State::Between | State::Head => self.line(at, bytes)?,
            };
        }
        Ok(())
    }

    fn body(&mut self, left: u64, at: usize, end: usize) -> usize {
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(end - at);
        let left = left - here as u64;
        self.state = if left == 0 { State::Between } else { State::Body(left) };
        at + here
    }

    /// Takes one line of a head, or the part of it that is there, and returns where the next begins.
    fn line(&mut self, at: usize, bytes: &[u8]) -> Result<usize, usize> {
        self.state = State::Head;
        let rest = &bytes[at..];
        let Some(length) = rest.iter().position(|&byte| byte == b'\n') else {
            if self.line.len() + rest.len() > LINE_BYTES_MAX {
                return Err(at);
            }
            self.line.extend_from_slice(rest);
            return Ok(bytes.len());
        };
        let end = at + length;
        let is_last = if self.line.is_empty() {
            self.head.line(&rest[..length])
        } else {
            self.line.extend_from_slice(&rest[..length]);
            let is_last = self.head.line(&self.line);
            self.line.clear();
            is_last
        };
        if is_last.map_err(|Ambiguous| end)? {
            let head = std::mem::take(&mut self.head);
            self.state = match head.length {
                _ if head.is_chunked => State::Last,
                None | Some(0) => State::Between,
                Some(length) => State::Body(length),
            };
        }
        Ok(end + 1)
    }
}

impl Head {
    /// Takes a line without its line feed and says whether the head ends with it.
    fn line(&mut self, line: &[u8]) -> Result<bool, Ambiguous> {
        let line = line.strip_suffix(b"\r").ok_or(Ambiguous)?;
        if !self.has_request_line {
            self.has_request_line = true;
            return if line.is_empty() { Err(Ambiguous) } else { Ok(false) };
        }
        if line.is_empty() {
            return Ok(true);
        }
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { return Ok(false) };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let has_framing = self.is_chunked || self.length.is_some();
        if name.eq_ignore_ascii_case(b"content-length") {
            self.length = Some(decimal(value).filter(|_| !has_framing).ok_or(Ambiguous)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if has_framing || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Ambiguous);
            }
            self.is_chunked = true;
        }
        Ok(false)
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > LENGTH_DIGITS_MAX || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    fn post(fields: &str, body: &str) -> String {
        format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}")
    }

    /// The verdict, and the phase afterwards.
    fn follow(pieces: &[&[u8]]) -> (Result<(), usize>, Phase) {
        let mut framing = Framing::default();
        let mut passed = 0;
        for piece in pieces {
            if let Err(more) = framing.accept(piece) {
                return (Err(passed + more), framing.phase());
            }
            passed += piece.len();
        }
        (Ok(()), framing.phase())
    }

    #[test]
    fn s_4_6_requests_with_one_reading_pass() {
        let whole = [
            (GET.repeat(3), Phase::Between),
            (post("Content-Length: 3\r\n", "abc") + GET, Phase::Between),
            (post("content-length:3\r\n", "\n\n\n") + GET, Phase::Between),
            (post("Content-Length: 0\r\n", "") + GET, Phase::Between),
            (post("Content-Length: 5\r\n", "abc"), Phase::Body),
            (post("Transfer-Encoding: Chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), Phase::Body),
            ("GET / HTTP".to_owned(), Phase::Head),
        ];
        for (text, phase) in whole {
            assert_eq!(follow(&[text.as_bytes()]), (Ok(()), phase), "{text:?}");
        }
    }

    #[test]
    fn s_4_6_requests_with_two_readings_end_there() {
        for fields in [
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
            "Content-Length: 3\r\nContent-Length: 4\r\n",
            "Content-Length: 3\r\nContent-Length: 3\r\n",
            "Content-Length: 3, 3\r\n",
            "Content-Length: +3\r\n",
            "Content-Length: -3\r\n",
            "Content-Length: 0x3\r\n",
            "Content-Length: 3 3\r\n",
            "Content-Length: \r\n",
            "Content-Length: 9999999999999999\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: identity\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: \x0bchunked\r\n",
            "Transfer-Encoding: chunked\n",
            "X: a\nY: b\r\n",
            "\n",
        ] {
            let text = post(fields, "abc");
            assert!(follow(&[text.as_bytes()]).0.is_err(), "{fields:?}");
        }
        assert_eq!(follow(&[b"\r\n"]).0, Err(1));
        assert_eq!(follow(&[b"GET / HTTP/1.1\nHost: a\r\n\r\n"]).0, Err(14));
        assert!(follow(&[&[b'a'; LINE_BYTES_MAX], b"a"]).0.is_err());
    }

    proptest! {
        #[test]
        fn s_4_6_the_verdict_does_not_depend_on_the_packets(
            text in "(GET / HTTP/1.1\r\n|Content-Length: 2\r\n|Transfer-Encoding: chunked\r\n|X: y\r\n|\r\n|\n|ab){0,12}",
            cut in any::<prop::sample::Index>(),
            second in any::<prop::sample::Index>(),
        ) {
            let bytes = text.as_bytes();
            let whole = follow(&[bytes]);
            let cut = cut.index(bytes.len() + 1);
            let second = cut + second.index(bytes.len() - cut + 1);
            prop_assert_eq!(follow(&[&bytes[..cut], &bytes[cut..second], &bytes[second..]]).0, whole.0);
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(follow(&single), whole);
        }
    }
}
