//! The files of the dashboard beside the API, on one host.

use manager::PageFile;

use crate::support::Instance;

/// As much of a dashboard as can be told apart.
pub(crate) static FILES: &[PageFile] = &[
    PageFile { path: "_app/immutable/a.js", digest: "a1", plain: b"plain", gzip: Some(b"gzip"), brotli: Some(b"br") },
    PageFile {
        path: "index.html",
        digest: "b2",
        plain: b"<meta http-equiv=\"content-security-policy\" content=\"default-src 'none'; script-src 'self'\">the page",
        gzip: None,
        brotli: None,
    },
];

#[tokio::test]
async fn every_page_can_be_opened_and_programs_get_their_404() {
    let instance = Instance::new().await;
    for path in ["/", "/apps/shop", "/apps/shop/scripts/01?x=1", "/index.html"] {
        let page = instance.stranger().with("accept", "text/html,*/*;q=0.8").get(path).await.expect(200);
        assert!(page.bytes.ends_with(b"the page"), "{path}");
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(page.headers["cache-control"], "no-cache");
        assert_eq!(page.headers["content-security-policy"], "default-src 'none'; script-src 'self'; frame-ancestors 'none'");
    }
    for path in ["/", "/apps/shop", "/robots.txt"] {
        instance.stranger().with("accept", "application/json").get(path).await.problem(404, "not_found");
    }
    for path in ["/api/v1/admin/nothing", "/api/v2", "/api/"] {
        instance.stranger().with("accept", "text/html").get(path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn files_come_as_small_as_can_be_and_are_kept() {
    let instance = Instance::new().await;
    for (accepted, bytes, encoding, tag) in [
        ("gzip, deflate, br", &b"br"[..], Some("br"), "\"a1br\""),
        ("gzip;q=0.5, br;q=0", b"gzip", Some("gzip"), "\"a1gzip\""),
        ("GZIP", b"gzip", Some("gzip"), "\"a1gzip\""),
        ("identity", b"plain", None, "\"a1\""),
    ] {
        let file = instance.stranger().with("accept-encoding", accepted).get("/_app/immutable/a.js").await.expect(200);
        assert_eq!(file.bytes, bytes, "{accepted}");
        assert_eq!(file.headers.get("content-encoding").map(|value| value.to_str().unwrap()), encoding);
        assert_eq!((&file.headers["etag"], &file.headers["vary"]), (&tag.parse().unwrap(), &"accept-encoding".parse().unwrap()));
        assert_eq!(file.headers["cache-control"], "public, max-age=31536000, immutable");
        let known = instance.stranger().with("accept-encoding", accepted).with("if-none-match", tag).get("/_app/immutable/a.js").await;
        assert_eq!((known.status.as_u16(), known.bytes.len()), (304, 0));
    }
}
