//! `/api/v1/admin/domains`.

use manager::DomainProof;
use serde_json::json;

use crate::support::Instance;

const DOMAINS: &str = "/api/v1/admin/domains";

#[tokio::test]
async fn on_loopback_a_claim_is_verified_at_once() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let made = owner.post(DOMAINS, &json!({ "app": "shop", "host": "Shop.Example.com" })).await.expect(201);
    assert_eq!(
        (made.at("/host"), made.at("/status"), made.at("/challenge")),
        (&json!("shop.example.com"), &json!("verified"), &json!(null))
    );
    let wildcard = owner.post(DOMAINS, &json!({ "app": "shop", "host": "*.example.com" })).await.expect(201);
    assert_eq!((wildcard.at("/host"), wildcard.at("/kind")), (&json!("*.example.com"), &json!("wildcard")));
    let path = format!("{DOMAINS}/{}", made.text("/id"));
    assert_eq!(owner.get(&path).await.expect(200).json, made.json);
    owner.send(http::Method::POST, &format!("{path}/verify"), None).await.expect(200);
    assert_eq!(owner.get(&format!("{DOMAINS}?app=shop")).await.expect(200).at("/items").as_array().unwrap().len(), 2);

    owner.app("other").await;
    owner.post(DOMAINS, &json!({ "app": "other", "host": "shop.example.com" })).await.problem(409, "name.taken");
    owner.delete(&path).await.expect(204);
    owner.delete(&path).await.problem(404, "not_found");
    owner.post(DOMAINS, &json!({ "app": "other", "host": "shop.example.com" })).await.expect(201);
}

#[tokio::test]
async fn s_7_2_elsewhere_it_waits_for_its_proof_and_blocks_nobody() {
    let instance = Instance::with(DomainProof::DnsTxt).await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("other").await;
    let made = owner.post(DOMAINS, &json!({ "app": "shop", "host": "shop.example.com" })).await.expect(201);
    assert_eq!((made.at("/status"), made.at("/challenge/name")), (&json!("pending"), &json!("_picloud-challenge.shop.example.com")));
    assert!(made.text("/challenge/value").len() >= 32);
    let verify = format!("{DOMAINS}/{}/verify", made.text("/id"));
    owner.send(http::Method::POST, &verify, None).await.problem(409, "domain.pending");
    owner.post(DOMAINS, &json!({ "app": "other", "host": "shop.example.com" })).await.expect(201);
}

#[tokio::test]
async fn s_7_4_some_hosts_can_not_be_claimed() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    for host in [
        "localhost",
        "LOCALHOST",
        "other.localhost",
        "a.b.localhost",
        "*.localhost",
        "*.com",
        "*.co.uk",
        "a b",
        "",
        "*.",
        "*.*.example.com",
    ] {
        let answer = owner.post(DOMAINS, &json!({ "app": "shop", "host": host })).await.problem(400, "request.invalid");
        assert_eq!(answer.at("/errors/0/pointer"), "/host", "{host}");
    }
}
