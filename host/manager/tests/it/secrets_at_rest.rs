//! Whoever gets a copy of the database gets no credential (S-8.7).

use http::header;
use serde_json::json;
use store::{AppRole, Digest, InstanceRole};

use crate::support::{Instance, ORIGIN, PASSWORD};

#[tokio::test]
async fn s_8_7_a_dump_holds_no_usable_credential() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    instance.member("eve", "shop", AppRole::AppAdmin).await;
    let log_in = json!({ "username": "eve", "password": PASSWORD });
    let session = instance.stranger().post("/api/v1/admin/session", &log_in).await.expect(201);
    let cookie = session.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let eve = instance.stranger().with("cookie", &cookie).with("origin", ORIGIN);
    let key = json!({ "name": "x", "scopes": ["script:read"], "app": "shop" });
    let invitation = json!({ "note": "x", "app": "shop", "app_role": "viewer" });
    let made = owner.post("/api/v1/admin/admins", &json!({ "username": "ada", "role": "member" })).await.expect(201);
    let ada = instance.admin("bob", InstanceRole::Member).await.id;
    let reset = owner.send(http::Method::POST, &format!("/api/v1/admin/admins/{ada}/reset-password"), None).await.expect(200);
    let own = "the password that he chose";
    let joined = owner.post("/api/v1/admin/invitations", &invitation).await.expect(201);
    let acceptance = json!({ "token": joined.text("/token"), "username": "joined", "password": own });
    instance.stranger().post("/api/v1/admin/invitations/accept", &acceptance).await.expect(201);
    let tokens = [
        cookie.split('=').nth(1).unwrap().to_owned(),
        eve.post("/api/v1/admin/api-keys", &key).await.expect(201).text("/key"),
        eve.post("/api/v1/admin/invitations", &invitation).await.expect(201).text("/token"),
        joined.text("/token"),
    ];
    let passwords = [PASSWORD.to_owned(), made.text("/password"), reset.text("/password"), own.to_owned()];

    let dump = instance.database.dump().await;
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    for token in &tokens {
        assert!(dump.contains(&Digest::of(token.as_bytes()).to_string()), "the dump is complete");
        // What is shown of a key is four random characters at its beginning and the last four; no more of it may be there.
        let secret = token.get(14..38).unwrap_or(token);
        assert!(!dump.contains(token) && !dump.contains(secret) && !dump.contains(&hex(token)), "{token}");
    }
    assert!(dump.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "the dump is complete");
    for password in &passwords {
        assert!(!dump.contains(password) && !dump.contains(&hex(password)), "{password}");
        let fast = Digest::of(password.as_bytes()).to_string();
        assert!(!dump.contains(&fast), "a fast hash of a password");
    }
    // Nor does a digest open anything.
    for token in &tokens {
        let digest = Digest::of(token.as_bytes()).to_string();
        let by_cookie = instance.stranger().with("cookie", &format!("sid-dev={digest}"));
        by_cookie.get("/api/v1/admin/session").await.problem(401, "auth.required");
    }
}
