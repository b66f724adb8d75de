//! Tables: what is asked, and what comes of it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use http::HeaderMap;
use store::{Asset, AssetSet, Digest, StaticTerms};

use super::{Found, Reason, cache_control, conditions, look_up, range, range::Asked, redirect};
use crate::served::Why;

fn asset(path: &str) -> Asset {
    Asset { digest: Digest::of(path.as_bytes()), size: 10 }
}

fn site(paths: &[&str]) -> AssetSet {
    paths.iter().map(|path| ((*path).to_owned(), asset(path))).collect()
}

fn terms(fallback: Option<&str>, not_found: Option<&str>) -> StaticTerms {
    StaticTerms { fallback: fallback.map(str::to_owned), not_found: not_found.map(str::to_owned), max_age_seconds: None }
}

/// In one word.
fn found(assets: &AssetSet, terms: &StaticTerms, path: &str) -> String {
    match look_up(assets, terms, path) {
        None => "400".to_owned(),
        Some(Found::Nothing) => "404".to_owned(),
        Some(Found::Directory { path }) => format!("308 {path}/"),
        Some(Found::Asset { path, asset: found, reason }) => {
            assert_eq!(found, asset(&path));
            let why = match reason {
                Reason::Exact => "exact",
                Reason::Index => "index",
                Reason::Fallback => "fallback",
                Reason::NotFound => "404",
            };
            format!("{why} {path}")
        }
    }
}

#[test]
fn the_order_of_the_look_up() {
    let assets =
        site(&["/index.html", "/404.html", "/app.js", "/docs/index.html", "/docs/a b.html", "/docs", "/blog/index.html", "/ü.txt", "/%41"]);
    let (none, spa, page) = (terms(None, None), terms(Some("/index.html"), Some("/404.html")), terms(None, Some("/404.html")));
    for (path, with_none, with_spa, with_page) in [
        ("/", "index /index.html", "index /index.html", "index /index.html"),
        ("/index.html", "exact /index.html", "exact /index.html", "exact /index.html"),
        ("/app.js", "exact /app.js", "exact /app.js", "exact /app.js"),
        ("/%61pp.js", "exact /app.js", "exact /app.js", "exact /app.js"),
        ("/APP.js", "404", "fallback /index.html", "404 /404.html"),
        // A file and a directory of one name: the file is what was asked for.
        ("/docs", "exact /docs", "exact /docs", "exact /docs"),
        ("/docs/", "index /docs/index.html", "index /docs/index.html", "index /docs/index.html"),
        ("/docs/a%20b.html", "exact /docs/a b.html", "exact /docs/a b.html", "exact /docs/a b.html"),
        ("/docs/a+b.html", "404", "fallback /index.html", "404 /404.html"),
        ("/blog", "308 /blog/", "308 /blog/", "308 /blog/"),
        ("/blog/", "index /blog/index.html", "index /blog/index.html", "index /blog/index.html"),
        ("/blog/none", "404", "fallback /index.html", "404 /404.html"),
        ("/%C3%BC.txt", "exact /ü.txt", "exact /ü.txt", "exact /ü.txt"),
        // Decoded once and no more.
        ("/%2541", "exact /%41", "exact /%41", "exact /%41"),
        ("/%41", "404", "fallback /index.html", "404 /404.html"),
        ("/none/", "404", "fallback /index.html", "404 /404.html"),
    ] {
        assert_eq!(found(&assets, &none, path), with_none, "{path}");
        assert_eq!(found(&assets, &spa, path), with_spa, "{path}");
        assert_eq!(found(&assets, &page, path), with_page, "{path}");
    }
}

#[test]
fn s_6_1_no_path_is_more_than_a_key() {
    let assets = site(&["/index.html", "/x", "/etc/passwd"]);
    let none = terms(None, None);
    for (path, expected) in [
        ("/../x", "400"),
        ("/a/../x", "400"),
        ("/./x", "400"),
        ("/%2e%2e/x", "400"),
        ("/%2E./x", "400"),
        ("/..%2fx", "400"),
        ("/a%2Fb", "400"),
        ("/%2Fx", "400"),
        ("/a\\x", "400"),
        ("/%5cx", "400"),
        ("/..%5c..%5cx", "400"),
        ("/x%00", "400"),
        ("/x%00.html", "400"),
        ("/%ff", "400"),
        ("/%zz", "400"),
        ("x", "400"),
        ("", "400"),
        // Not the same as without: an empty name is a name.
        ("//x", "404"),
        ("//", "404"),
        ("/x/", "404"),
        ("//etc/passwd", "404"),
        ("/%252e%252e/x", "404"),
    ] {
        assert_eq!(found(&assets, &none, path), expected, "{path}");
    }
    assert_eq!(found(&assets, &none, &format!("/{}", "x".repeat(16_000))), "404");
    assert_eq!(found(&assets, &none, &"/x".repeat(8_000)), "404");
    // What stands for others is no exception.
    assert_eq!(found(&assets, &terms(Some("/index.html"), None), "/../x"), "400");
    assert_eq!(found(&assets, &terms(Some("/gone.html"), Some("/gone.html")), "/none"), "404", "a set that does not have it");
}

#[test]
fn a_redirect_stays_on_its_host() {
    let assets = site(&["/a b%/index.html", "/ü/index.html"]);
    for (path, location) in [("/a%20b%25", "/a%20b%25/"), ("/%C3%BC", "/%C3%BC/"), ("/%c3%bc", "/%C3%BC/")] {
        let Some(Found::Directory { path }) = look_up(&assets, &terms(None, None), path) else { panic!("{path}") };
        let response = redirect(&path, None, Why::Active);
        assert_eq!((response.status().as_u16(), &response.headers()["location"]), (308, &location.parse().unwrap()));
        assert_eq!(response.headers()["cache-control"], "public, max-age=0, must-revalidate");
        let with_query = redirect(&path, Some("a=1&b=//evil"), Why::Preview);
        assert_eq!(with_query.headers()["location"], format!("{location}?a=1&b=//evil"));
        assert_eq!(with_query.headers()["cache-control"], "private, no-store");
    }
}

#[test]
fn ranges_as_rfc_9110_has_them() {
    use Asked::{Unsatisfiable, Whole};
    let part = |first, last| Asked::Part { first, last };
    for (range, size, expected) in [
        ("bytes=0-0", 10, part(0, 0)),
        ("bytes=0-9", 10, part(0, 9)),
        ("bytes=2-5", 10, part(2, 5)),
        ("bytes=2-", 10, part(2, 9)),
        ("bytes=9-100", 10, part(9, 9)),
        ("bytes=0-99999999999999999999999", 10, part(0, 9)),
        ("bytes=-3", 10, part(7, 9)),
        ("bytes=-10", 10, part(0, 9)),
        ("bytes=-100", 10, part(0, 9)),
        ("Bytes = 1-2 ", 10, part(1, 2)),
        ("bytes=10-", 10, Unsatisfiable),
        ("bytes=10-20", 10, Unsatisfiable),
        ("bytes=99999999999999999999999-", 10, Unsatisfiable),
        ("bytes=-0", 10, Unsatisfiable),
        ("bytes=0-", 0, Unsatisfiable),
        ("bytes=0-0", 0, Unsatisfiable),
        ("bytes=-1", 0, Unsatisfiable),
        // Several, backwards, of another unit, or nothing at all.
        ("bytes=0-1,3-4", 10, Whole),
        ("bytes=0-1,", 10, Whole),
        ("bytes=5-2", 10, Whole),
        ("bytes=-", 10, Whole),
        ("bytes=", 10, Whole),
        ("bytes", 10, Whole),
        ("bytes=a-b", 10, Whole),
        ("bytes=+1-2", 10, Whole),
        ("bytes=1--2", 10, Whole),
        ("bytes=0x1-2", 10, Whole),
        ("bytes=1 - 2", 10, Whole),
        ("lines=0-1", 10, Whole),
        ("", 10, Whole),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("range", range.parse().unwrap());
        assert_eq!(range::asked(&headers, size), expected, "{range} of {size}");
    }
    let mut headers = HeaderMap::new();
    assert_eq!(range::asked(&headers, 10), Whole);
    headers.append("range", "bytes=0-0".parse().unwrap());
    headers.append("range", "bytes=1-1".parse().unwrap());
    assert_eq!(range::asked(&headers, 10), Whole);
}

#[test]
fn what_a_client_knows_already() {
    let etag = conditions::etag(asset("/x"));
    let other = conditions::etag(asset("/y"));
    assert!(etag.len() == 66 && etag.starts_with('"') && etag.ends_with('"'));
    for (value, is_known) in [
        (etag.clone(), true),
        (format!("W/{etag}"), true),
        (format!("{other}, W/{etag} , \"z\""), true),
        ("*".to_owned(), true),
        (other.clone(), false),
        (etag.trim_matches('"').to_owned(), false),
        (format!("w/{etag}"), false),
        ("\"a,b\"".to_owned(), false),
        (String::new(), false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("if-none-match", value.parse().unwrap());
        assert_eq!(conditions::is_known(&headers, &etag), is_known, "{value}");
    }
    let mut headers = HeaderMap::new();
    assert!(!conditions::is_known(&headers, &etag) && conditions::wants_ranges_of(&headers, &etag));
    headers.append("if-none-match", other.parse().unwrap());
    headers.append("if-none-match", etag.parse().unwrap());
    assert!(conditions::is_known(&headers, &etag));
    for (value, wants) in
        [(etag.clone(), true), (format!("W/{etag}"), false), (other, false), ("Wed, 21 Oct 2026 07:28:00 GMT".to_owned(), false)]
    {
        headers.insert("if-range", value.parse().unwrap());
        assert_eq!(conditions::wants_ranges_of(&headers, &etag), wants, "{value}");
    }
}

#[test]
fn who_may_keep_what_for_how_long() {
    let hour = StaticTerms { max_age_seconds: Some(3600), ..terms(None, None) };
    for (terms, reason, why, expected) in [
        (terms(None, None), Reason::Exact, Why::Active, "public, max-age=0, must-revalidate"),
        (hour.clone(), Reason::Exact, Why::Active, "public, max-age=3600"),
        (hour.clone(), Reason::Index, Why::Active, "public, max-age=3600"),
        (hour.clone(), Reason::Fallback, Why::Active, "public, max-age=0, must-revalidate"),
        (hour.clone(), Reason::NotFound, Why::Active, "public, max-age=0, must-revalidate"),
        (hour.clone(), Reason::Exact, Why::Kept, "private, max-age=3600"),
        (hour, Reason::Exact, Why::Preview, "private, no-store"),
    ] {
        assert_eq!(cache_control(&terms, reason, why), expected);
    }
}
