//! Files of an app, looked at and put there by people.

use axum::body::Body;
use http::{Method, header};
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Instance};

const FILES: &str = "/api/v1/admin/files";

fn at(path: &str) -> String {
    format!("{FILES}/{path}?app=shop")
}

fn content(path: &str) -> String {
    format!("{FILES}/{path}/content?app=shop")
}

async fn put(caller: &Caller<'_>, path: &str, body: impl Into<Body>) -> Answer {
    let mut request = caller.request(Method::PUT, &content(path), None);
    *request.body_mut() = body.into();
    caller.instance.send(request).await
}

#[tokio::test]
async fn files_are_put_read_listed_and_removed() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let bytes: Vec<u8> = (0..=255).collect();
    let made = put(&owner, "img%2Flogo.png", bytes.clone()).await.expect(200);
    assert_eq!((made.text("/path").as_str(), made.at("/size")), ("img/logo.png", &json!(256)));
    assert_eq!(made.text("/digest"), store::Digest::of(&bytes).to_string());
    let read = owner.get(&at("img%2Flogo.png")).await.expect(200);
    assert_eq!((read.json.clone(), read.etag()), (made.json.clone(), made.etag()));

    // An app's bytes on the instance's host: never shown as a page.
    let down = owner.get(&content("img%2Flogo.png")).await.expect(200);
    assert_eq!((down.bytes.as_slice(), down.etag()), (bytes.as_slice(), made.etag()));
    assert_eq!(
        (&down.headers[header::CONTENT_TYPE], &down.headers[header::CONTENT_DISPOSITION]),
        (&"application/octet-stream".parse().unwrap(), &"attachment".parse().unwrap())
    );
    assert_eq!(down.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    owner.clone().with("if-none-match", &made.etag()).get(&content("img%2Flogo.png")).await.expect(304);

    // A change of what was seen, and of what was not; only what is not there yet.
    let changed = put(&owner.clone().with("if-match", &made.etag()), "img%2Flogo.png", "x").await.expect(200);
    assert_ne!(changed.etag(), made.etag());
    put(&owner.clone().with("if-match", &made.etag()), "img%2Flogo.png", "y").await.problem(412, "precondition.failed");
    owner.clone().with("if-match", &made.etag()).delete(&at("img%2Flogo.png")).await.problem(412, "precondition.failed");
    for path in ["img%2Fa", "img%2Fb", "other"] {
        put(&owner.clone().with("if-none-match", "*"), path, "").await.expect(200);
        put(&owner.clone().with("if-none-match", "*"), path, "").await.problem(412, "precondition.failed");
    }
    let paths = |listed: &Answer| {
        listed.at("/items").as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = owner.get(&format!("{FILES}?app=shop&prefix=img/&limit=2")).await.expect(200);
    assert_eq!((paths(&first), first.text("/next_cursor").as_str()), (vec!["img/a".into(), "img/b".into()], "img/b"));
    let rest = owner.get(&format!("{FILES}?app=shop&prefix=img/&limit=2&cursor=img/b")).await.expect(200);
    assert_eq!((paths(&rest), rest.at("/next_cursor")), (vec!["img/logo.png".into()], &Value::Null));

    owner.delete(&at("img%2Fa")).await.expect(204);
    owner.delete(&at("img%2Fa")).await.problem(404, "not_found");
    owner.get(&content("img%2Fa")).await.problem(404, "not_found");
    owner.get(&at("img%2Fa")).await.problem(404, "not_found");
}

#[tokio::test]
async fn s_6_1_what_is_no_path_is_refused() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    for path in [
        "..%2Fa",
        "a%2F..%2F..%2Fb",
        "%2Fetc%2Fpasswd",
        "a%2F",
        "a%2F%2Fb",
        "a%00",
        "a%5Cb",
        "C%3A",
        ".",
        "a%0A",
        "nul",
        "a.",
        &"n".repeat(256),
    ] {
        // A dot alone is a path of the router's in a URL that is written so.
        let path = if path == "." { "%2E%2Fa" } else { path };
        put(&owner, path, "x").await.problem(400, "request.invalid");
        owner.get(&at(path)).await.problem(400, "request.invalid");
        owner.get(&content(path)).await.problem(400, "request.invalid");
        owner.delete(&at(path)).await.problem(400, "request.invalid");
    }
    for query in ["limit=0", "limit=201", "prefix=a%00", "cursor=%0A", "prefx=a"] {
        owner.get(&format!("{FILES}?app=shop&{query}")).await.problem(400, "request.invalid");
    }
}

#[tokio::test]
async fn s_3_5_files_are_bounded_by_their_limits() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let limits = json!({ "limits": { "file_bytes": 2_000_000, "files_bytes": 3_000_000, "files_count": 2 } });
    owner.patch("/api/v1/admin/apps/shop", &limits).await.expect(200);
    // More than any JSON body.
    put(&owner, "a", vec![1; 2_000_000]).await.expect(200);
    let refused = put(&owner, "b", vec![1; 2_000_001]).await.problem(413, "request.too_large");
    assert!(refused.text("/detail").contains("2000000 bytes (file_bytes)"));
    // Of a length that is not told before.
    let pieces = futures_util::stream::iter((0..201).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 10_000])));
    put(&owner, "b", Body::from_stream(pieces)).await.problem(413, "request.too_large");
    let cut = futures_util::stream::iter([Ok(vec![0_u8; 10]), Err(std::io::Error::other("gone"))]);
    put(&owner, "b", Body::from_stream(cut)).await.problem(400, "request.malformed");
    put(&owner, "b", vec![1; 1_500_000]).await.problem(507, "execution.quota");
    put(&owner, "b", "x").await.expect(200);
    put(&owner, "c", "").await.problem(507, "execution.quota");
    put(&owner, "a", "less").await.expect(200);
    assert_eq!(owner.get(&format!("{FILES}?app=shop")).await.expect(200).at("/items").as_array().unwrap().len(), 2);
}
