//! Where an execution stands in a trace: W3C Trace Context, level 1, of which `traceparent` is read and written.
//!
//! `tracestate` is not handed on: it is text of whoever sent the request, and would go to every server that an app calls.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The field.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Bit of the flags: the sender has recorded it.
const SAMPLED: u8 = 1;

/// What a request says about the trace that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) trace: u128,
    pub(crate) span: u64,
    pub(crate) is_sampled: bool,
}

/// The trace of one execution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// The parent's, or the execution's own id.
    pub(crate) trace: u128,
    /// Of this execution. Spans of its calls follow it: see [`TraceContext::of_call`].
    pub(crate) span: u64,
    pub(crate) parent: Option<u64>,
    /// Whether spans are exported, and those who are called are told so.
    pub(crate) is_sampled: bool,
}

impl Parent {
    /// What the field says; `None` if there is none, more than one, or it is not as it should be: then the trace begins here.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let value = values.next()?.to_str().ok()?;
        if values.next().is_some() { None } else { Self::parse(value) }
    }

    /// What its value says; `None`: it is not as it should be.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.splitn(5, '-');
        let [version, trace, span, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let version = u8::try_from(hex(version, 2)?).ok()?;
        // What later versions add comes behind, after another hyphen.
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let trace = hex(trace, 32).filter(|trace| *trace != 0)?;
        let span = hex(span, 16).and_then(|span| u64::try_from(span).ok()).filter(|span| *span != 0)?;
        let flags = u8::try_from(hex(flags, 2)?).ok()?;
        Some(Self { trace, span, is_sampled: flags & SAMPLED != 0 })
    }
}

/// Exactly so many digits, lower-case as the standard has it.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == digits && text.bytes().all(is_digit)).then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

impl TraceContext {
    /// The span of the call of this number, of those to other servers: they are told it before anything is exported. Never zero.
    pub(crate) fn of_call(self, number: u32) -> u64 {
        let span = self.span.wrapping_add(u64::from(number)).wrapping_add(1);
        if span == 0 { u64::MAX } else { span }
    }

    /// What the server of such a call is told; nothing if the calls belong to no execution.
    pub(crate) fn traceparent(self, number: u32) -> Option<HeaderValue> {
        if self.trace == 0 {
            return None;
        }
        self.text(self.of_call(number)).try_into().ok()
    }

    /// What those are told that go on from this execution.
    pub(crate) fn as_parent(self) -> String {
        self.text(self.span)
    }

    fn text(self, span: u64) -> String {
        let mut text = String::with_capacity(55);
        // Writing to a string can't fail.
        let _ = write!(text, "00-{:032x}-{span:016x}-{:02x}", self.trace, u8::from(self.is_sampled));
        text
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn read(values: &[&str]) -> Option<Parent> {
        Parent::read(&values.iter().map(|value| (TRACEPARENT, HeaderValue::from_str(value).unwrap())).collect())
    }

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_parent_is_read() {
        let parent = Parent { trace: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c, span: 0xb7ad_6b71_6920_3331, is_sampled: true };
        assert_eq!(read(&[GOOD]), Some(parent));
        assert_eq!(read(&[&GOOD.replace("-01", "-00")]), Some(Parent { is_sampled: false, ..parent }));
        // Flags that are not known yet, and a version that is not.
        assert_eq!(read(&[&GOOD.replace("-01", "-fe")]), Some(Parent { is_sampled: false, ..parent }));
        assert_eq!(read(&[&GOOD.replacen("00-", "cc-", 1)]), Some(parent));
        assert_eq!(read(&[&format!("{}-what-comes", GOOD.replacen("00-", "cc-", 1))]), Some(parent));
    }

    #[test]
    fn what_is_malformed_is_no_parent() {
        let malformed = [
            String::new(),
            GOOD.to_uppercase(),
            GOOD.replacen("00-", "ff-", 1),
            GOOD.replacen("00-", "0-", 1),
            format!("{GOOD}-"),
            format!("{GOOD}-more"),
            format!("{GOOD} "),
            format!(" {GOOD}"),
            GOOD.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            GOOD.replace("b7ad6b7169203331", &"0".repeat(16)),
            GOOD.replace("0af", "+af"),
            GOOD.replace("0af7", "af7"),
            GOOD.replace("-01", ""),
            GOOD.replace("-01", "-1"),
            GOOD.replace("-01", "-0g"),
            GOOD.replace('-', "_"),
        ];
        for value in malformed {
            assert_eq!(read(&[&value]), None, "{value:?}");
        }
        assert_eq!((read(&[]), read(&[GOOD, GOOD])), (None, None));
    }

    #[test]
    fn what_is_written_is_read() {
        let context = TraceContext { trace: 7, span: u64::MAX - 1, parent: None, is_sampled: true };
        for number in 0..3 {
            let value = context.traceparent(number).unwrap();
            let parent = read(&[value.to_str().unwrap()]).unwrap();
            assert_eq!(parent, Parent { trace: 7, span: context.of_call(number), is_sampled: true });
        }
        assert_eq!(Parent::parse(&context.as_parent()), Some(Parent { trace: 7, span: u64::MAX - 1, is_sampled: true }));
    }
}
