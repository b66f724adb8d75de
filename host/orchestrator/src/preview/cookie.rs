//! The cookie that lets a browser into a preview: host-only, so that it reaches no other app and no other preview.

use http::{HeaderMap, HeaderValue, header};

/// Over https the browser itself guards the name (`__Host-`), over http it would refuse it.
const NAME: &str = "picloud-preview";
const SECURE_NAME: &str = "__Host-picloud-preview";
/// Cookies of our name that are looked at.
const TRIED_MAX: usize = 4;

/// The field of an answer.
pub(super) fn set(token: &str, seconds: u64, scheme: &str) -> String {
    let secure = if scheme == "https" { "; Secure" } else { "" };
    format!("{}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", name(scheme))
}

/// What the browser sent under our name.
pub(super) fn values<'h>(headers: &'h HeaderMap, scheme: &str) -> impl Iterator<Item = &'h str> {
    let name = name(scheme);
    pairs(headers).filter_map(move |pair| pair.strip_prefix(name)?.strip_prefix('=')).take(TRIED_MAX)
}

/// Takes our cookies out of a request.
pub(super) fn withhold(headers: &mut HeaderMap) {
    let is_ours = |pair: &str| [NAME, SECURE_NAME].contains(&pair.split('=').next().unwrap_or_default());
    let others: Vec<&str> = pairs(headers).filter(|pair| !is_ours(pair)).collect();
    let rest = (!others.is_empty()).then(|| HeaderValue::from_str(&others.join("; ")));
    headers.remove(header::COOKIE);
    if let Some(Ok(rest)) = rest {
        headers.insert(header::COOKIE, rest);
    }
}

fn name(scheme: &str) -> &'static str {
    if scheme == "https" { SECURE_NAME } else { NAME }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_never_sees_it() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", HeaderValue::from_static("a=1; picloud-preview=x; picloud-previews=2"));
        headers.append("cookie", HeaderValue::from_static("__Host-picloud-preview=y"));
        assert_eq!(values(&headers, "http").collect::<Vec<_>>(), ["x"]);
        assert_eq!(values(&headers, "https").collect::<Vec<_>>(), ["y"]);
        withhold(&mut headers);
        assert_eq!(headers.get_all("cookie").iter().collect::<Vec<_>>(), ["a=1; picloud-previews=2"]);
        headers.insert("cookie", HeaderValue::from_static("picloud-preview=x"));
        withhold(&mut headers);
        assert!(headers.is_empty());
    }

    #[test]
    fn s_4_10_it_is_for_one_host() {
        assert_eq!(set("t", 60, "http"), "picloud-preview=t; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        assert_eq!(set("t", 60, "https"), "__Host-picloud-preview=t; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
    }
}
