//! Names that a person takes for the instance's own (S-7.4): what looks alike by Unicode's table of confusable characters (UTS 39).
//!
//! Two names look alike if their skeletons are equal. A host of the instance is what people type passwords into, so no app may answer under a
//! name that reads like it.

use std::net::IpAddr;

use store::RESERVED_SLUGS;
use unicode_security::skeleton;

use crate::State;

/// The host of the instance, or its base domain, that a canonical host looks like, or looks as if it were below; `None`: nobody confuses them.
pub(super) fn of_host<'s>(state: &'s State, host: &str) -> Option<&'s str> {
    let seen = seen(host);
    let own = own_names(state).chain([state.base_domain.as_str()]);
    own.into_iter().find(|own| is_or_is_below(&seen, &self::seen(own)))
}

/// What the host `<slug>.<base domain>` would be taken for; `None`: for nothing but an app.
pub(super) fn of_slug(state: &State, slug: &str) -> Option<String> {
    let host = format!("{slug}.{}", state.base_domain);
    let first_label = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let (seen_host, seen_slug) = (seen(&host), seen(slug));
    let own = own_names(state).find(|own| seen(own) == seen_host || seen(&first_label(own)) == seen_slug).map(str::to_owned);
    own.or_else(|| RESERVED_SLUGS.iter().find(|reserved| seen(reserved) == seen_slug).map(|reserved| (*reserved).to_owned()))
        .or_else(|| (psl::suffix_str(&host) == Some(host.as_str())).then(|| format!("the public suffix {host}")))
}

/// Addresses look like no name.
fn own_names(state: &State) -> impl Iterator<Item = &str> {
    let is_address = |host: &str| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    state.instance_hosts.iter().map(String::as_str).filter(move |host| !is_address(host))
}

/// What somebody sees who reads a host: the skeleton of its characters, and no difference between upper and lower case.
fn seen(host: &str) -> String {
    let (unicode, _) = idna::domain_to_unicode(host);
    skeleton(&unicode).flat_map(char::to_lowercase).collect()
}

fn is_or_is_below(host: &str, own: &str) -> bool {
    host.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_7_4_names_that_look_alike_have_one_skeleton() {
        for (one, other) in [
            ("picloud.example", "p\u{456}cloud.example"),
            ("picloud.example", "xn--pcloud-pvf.example"),
            ("cloud.example", "c1oud.example"),
            ("mail", "rnail"),
            ("cool", "c00l"),
        ] {
            assert_eq!(seen(one), seen(other), "{one} {other}");
        }
        for (one, other) in [("cloud", "clout"), ("shop", "shops"), ("a.b", "ab"), ("m\u{fc}ller", "muller")] {
            assert_ne!(seen(one), seen(other), "{one} {other}");
        }
    }

    #[test]
    fn below_is_behind_a_dot() {
        assert!(is_or_is_below("a.b", "a.b") && is_or_is_below("x.a.b", "a.b"));
        assert!(!is_or_is_below("xa.b", "a.b") && !is_or_is_below("b", "a.b"));
    }
}
