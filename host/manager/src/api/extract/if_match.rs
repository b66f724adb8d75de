//! `If-Match`, `If-None-Match: *` and `ETag`: honoured when sent, not demanded.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderValue, header, header::HeaderName, request::Parts};
use store::Revision;
use utoipa::{
    PartialSchema,
    openapi::path::{Parameter, ParameterBuilder, ParameterIn},
};

use crate::api::problem::{Problem, ProblemType};

/// The condition of a change. `If-None-Match: *`, "only if it is not there yet", is the condition that it is at the revision of what is absent.
#[derive(Debug, Clone)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// The one revision that the caller saw; `None` if he sent none or `*`.
    ///
    /// # Errors
    /// 412 if he sent something that can't be the tag of a present version: a weak tag, several, or none that is quoted.
    pub fn revision(&self) -> Result<Option<&str>, Problem> {
        let Some(sent) = self.0.as_deref().map(str::trim) else { return Ok(None) };
        if sent == "*" {
            return Ok(None);
        }
        let tag = sent.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|tag| !tag.contains('"'));
        tag.map(Some).ok_or_else(|| {
            changed("If-Match takes one strong ETag, in its quotes, as a GET of the same thing sent it; a change with If-None-Match takes * alone.")
        })
    }

    /// This condition, or, if none was sent, that the thing is still at `present`.
    #[must_use]
    pub fn or(self, present: &str) -> Self {
        Self(self.0.or_else(|| Some(format!("\"{present}\""))))
    }

    /// Compares with the present revision.
    ///
    /// # Errors
    /// 412 if it is another one.
    pub fn check(&self, present: &str) -> Result<(), Problem> {
        match self.revision()? {
            Some(seen) if seen != present && seen == Revision::ABSENT => {
                Err(changed("It is there already, and If-None-Match: * asked that it is not."))
            }
            Some(seen) if seen != present => {
                Err(changed("It was changed since you read it. Read it again, and repeat what is still wanted."))
            }
            _ => Ok(()),
        }
    }
}

/// 412.
pub(in crate::api) fn changed(detail: &str) -> Problem {
    Problem::new(ProblemType::PreconditionFailed, detail)
}

/// The header field of a single thing's answer.
#[must_use]
pub fn etag(revision: &str) -> [(header::HeaderName, HeaderValue); 1] {
    let value = HeaderValue::from_str(&format!("\"{revision}\"")).unwrap_or(HeaderValue::from_static("\"\""));
    [(header::ETAG, value)]
}

/// How the description names the header.
impl utoipa::IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let header = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .description(Some("The ETag that the caller saw: 412 if it was changed since. Without it, the last writer wins."))
            .schema(Some(String::schema()));
        vec![header.build()]
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(match (field(parts, header::IF_MATCH), field(parts, header::IF_NONE_MATCH)) {
            (seen, None) => seen.map(str::to_owned),
            (None, Some(none)) if none.trim() == "*" => Some(format!("\"{}\"", Revision::ABSENT)),
            // Both, or a tag that it must not have: refused by `revision`.
            (_, Some(_)) => Some(String::new()),
        }))
    }
}

/// A field that is sent once. Several are one list, which is no condition here.
fn field(parts: &Parts, name: HeaderName) -> Option<&str> {
    let mut values = parts.headers.get_all(name).iter();
    let first = values.next()?;
    Some(if values.next().is_some() { "" } else { first.to_str().unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_present_version_passes() {
        let sent = |text: &str| IfMatch(Some(text.to_owned()));
        assert!(IfMatch(None).check("a").is_ok());
        for good in ["\"a\"", " \"a\" ", "*"] {
            assert!(sent(good).check("a").is_ok(), "{good}");
        }
        for bad in ["\"b\"", "a", "W/\"a\"", "\"a\", \"b\"", ""] {
            assert!(sent(bad).check("a").is_err(), "{bad}");
        }
    }
}
