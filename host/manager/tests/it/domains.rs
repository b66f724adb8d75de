//! `/api/v1/admin/domains`.

use manager::{DomainProof, dns::Resolvers};
use serde_json::json;

use crate::{
    dns_server::DnsServer,
    support::{Caller, Instance},
};

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

#[tokio::test]
async fn s_7_4_nobody_is_taken_for_the_instance() {
    let instance = Instance::new().await.at("cloud.example.com", "apps.example.net");
    let owner = instance.owner().await;
    owner.app("shop").await;
    for host in [
        // The instance's own, and what would cover it.
        "cloud.example.com",
        "login.cloud.example.com",
        "*.example.com",
        "x.apps.example.net",
        // Letters of another alphabet, and digits for letters.
        "xn--clud-65d.example.com",
        "c1oud.example.com",
        "shop.xn--pps-5cd.example.net",
        "*.xn--app-hhd.example.net",
    ] {
        let answer = owner.post(DOMAINS, &json!({ "app": "shop", "host": host })).await.problem(400, "request.invalid");
        assert_eq!(answer.at("/errors/0/pointer"), "/host", "{host}");
    }
    for host in ["clouds.example.com", "xn--mller-kva.example.org", "*.shop.example.com", "www.example.com"] {
        owner.post(DOMAINS, &json!({ "app": "shop", "host": host })).await.expect(201);
    }
    for slug in ["cloud", "c1oud", "c10ud", "rnail", "wpad", "mta-sts"] {
        let answer = owner.post("/api/v1/admin/apps", &json!({ "slug": slug })).await.problem(400, "request.invalid");
        assert_eq!(answer.at("/errors/0/pointer"), "/slug", "{slug}");
    }
    owner.app("clouds").await;
}

#[tokio::test]
async fn s_7_4_no_app_is_a_public_suffix() {
    let instance = Instance::new().await.at("cloud.example.com", "uk");
    let owner = instance.owner().await;
    owner.post("/api/v1/admin/apps", &json!({ "slug": "co" })).await.problem(400, "request.invalid");
    owner.app("shop").await;
}

#[tokio::test]
async fn s_7_2_claims_that_nobody_proves_are_bounded() {
    let instance = Instance::with(DomainProof::DnsTxt).await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("other").await;
    let mut last = String::new();
    for number in 0..store::PENDING_CLAIMS_MAX {
        last = owner.post(DOMAINS, &json!({ "app": "shop", "host": format!("s{number}.example.com") })).await.expect(201).text("/id");
    }
    let one_more = json!({ "app": "shop", "host": "one-more.example.com" });
    let refused = owner.post(DOMAINS, &one_more).await.problem(409, "limit.reached");
    assert!(refused.text("/detail").contains("50 claims"), "{}", refused.json);
    owner.post(DOMAINS, &json!({ "app": "other", "host": "one-more.example.com" })).await.expect(201);
    owner.delete(&format!("{DOMAINS}/{last}")).await.expect(204);
    owner.post(DOMAINS, &one_more).await.expect(201);
}

/// An instance that asks this server for proofs.
async fn asking(servers: &[&DnsServer]) -> Instance {
    let resolvers = Resolvers::new(servers.iter().map(|server| server.address).collect());
    Instance::asking(DomainProof::DnsTxt, resolvers).await
}

/// A claim: the path of its verification, the name and the value of its record.
async fn claim(owner: &Caller<'_>, app: &str, host: &str) -> (String, String, String) {
    let made = owner.post(DOMAINS, &json!({ "app": app, "host": host })).await.expect(201);
    (format!("{DOMAINS}/{}", made.text("/id")), made.text("/challenge/name"), made.text("/challenge/value"))
}

async fn verify(owner: &Caller<'_>, path: &str) -> crate::support::Answer {
    owner.instance.pass_seconds(10);
    owner.send(http::Method::POST, &format!("{path}/verify"), None).await
}

#[tokio::test]
async fn s_7_2_a_claim_is_proved_by_its_record_at_every_resolver() {
    let (one, two) = (DnsServer::start().await, DnsServer::start().await);
    let instance = asking(&[&one, &two]).await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let (path, name, value) = claim(&owner, "shop", "*.shop.example.com").await;
    assert_eq!(name, "_picloud-challenge.shop.example.com");

    let refused = verify(&owner, &path).await.problem(409, "domain.pending");
    let told = refused.text("/detail");
    assert!(told.contains(&name) && told.contains("has no such record") && told.contains(&value), "{told}");
    owner.send(http::Method::POST, &format!("{path}/verify"), None).await.problem(429, "rate.limited");

    one.put(&name, &["something else", &value]);
    two.put(&name, &["some\u{7}thing else"]);
    let told = verify(&owner, &path).await.problem(409, "domain.pending").text("/detail");
    assert!(told.contains("\"something else\""), "{told}");
    assert_eq!(owner.get(&path).await.expect(200).at("/status"), "pending");
    assert!(owner.get(&path).await.expect(200).text("/check_result").contains("something else"));

    two.put(&name, &[&value]);
    let proved = verify(&owner, &path).await.expect(200);
    assert_eq!((proved.at("/status"), proved.at("/failing_since")), (&json!("verified"), &json!(null)));
    assert!(proved.at("/verified_at").is_string() && proved.at("/next_check_at").is_string());
    let log = owner.get("/api/v1/admin/audit?action=domain.verified").await.expect(200);
    assert_eq!(log.at("/items").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn s_7_2_a_long_answer_comes_by_tcp_and_a_broken_one_proves_nothing() {
    let server = DnsServer::start().await;
    let instance = asking(&[&server]).await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let (path, name, value) = claim(&owner, "shop", "long.example.com").await;
    let other = "x".repeat(200);
    let mut texts = vec![other.as_str(); 10];
    texts.push(&value);
    server.put(&name, &texts);
    verify(&owner, &path).await.expect(200);

    for (host, why) in [("broken.example.com", "no answer"), ("refused.example.com", "ServerFailure")] {
        let (path, _, _) = claim(&owner, "shop", host).await;
        let told = verify(&owner, &path).await.problem(409, "domain.pending").text("/detail");
        assert!(told.contains(why), "{told}");
    }
    let nobody = Instance::with(DomainProof::DnsTxt).await;
    let owner = nobody.owner().await;
    owner.app("shop").await;
    let (path, _, _) = claim(&owner, "shop", "x.example.com").await;
    let told = verify(&owner, &path).await.problem(409, "domain.pending").text("/detail");
    assert!(told.contains("dns_resolvers"), "{told}");
}

#[tokio::test]
async fn s_7_2_the_newest_proof_wins_and_the_loser_is_told() {
    let server = DnsServer::start().await;
    let instance = asking(&[&server]).await;
    let owner = instance.owner().await;
    owner.app("first").await;
    owner.app("second").await;
    let (first, name, first_value) = claim(&owner, "first", "shop.example.com").await;
    server.put(&name, &[&first_value]);
    verify(&owner, &first).await.expect(200);
    let (second, _, second_value) = claim(&owner, "second", "shop.example.com").await;
    verify(&owner, &second).await.problem(409, "domain.pending");
    assert_eq!(owner.get(&first).await.expect(200).at("/status"), "verified", "a claim without proof takes nothing");

    server.put(&name, &[&second_value]);
    verify(&owner, &second).await.expect(200);
    let lost = owner.get(&first).await.expect(200);
    assert_eq!(lost.at("/status"), "superseded");
    assert!(lost.text("/check_result").contains("Another app"), "{}", lost.json);
    let log = owner.get("/api/v1/admin/audit?app=first&action=domain.superseded").await.expect(200);
    assert_eq!(log.at("/items/0/details/host"), "shop.example.com");
}

#[tokio::test]
async fn s_7_3_a_proof_that_is_gone_for_a_week_suspends_and_its_return_restores() {
    let server = DnsServer::start().await;
    let instance = asking(&[&server]).await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let (path, name, value) = claim(&owner, "shop", "shop.example.com").await;
    server.put(&name, &[&value]);
    verify(&owner, &path).await.expect(200);
    assert!(!manager::prove_next(&instance.state).await.unwrap(), "not due yet");

    server.put(&name, &[]);
    instance.pass_seconds(25 * 3600);
    assert!(manager::prove_next(&instance.state).await.unwrap());
    assert!(!manager::prove_next(&instance.state).await.unwrap(), "once");
    let owner = instance.owner().await;
    let failing = owner.get(&path).await.expect(200);
    assert_eq!(failing.at("/status"), "verified");
    assert!(failing.at("/failing_since").is_string() && failing.text("/check_result").contains("no such record"));

    instance.pass_seconds(8 * 24 * 3600);
    assert!(manager::prove_next(&instance.state).await.unwrap());
    let owner = instance.owner().await;
    assert_eq!(owner.get(&path).await.expect(200).at("/status"), "suspended");
    let snapshot = instance.database.store.snapshots().all().await.unwrap();
    assert!(snapshot.iter().all(|app| app.hosts.is_empty()), "it serves nothing");

    server.put(&name, &[&value]);
    instance.pass_seconds(7 * 3600);
    assert!(manager::prove_next(&instance.state).await.unwrap());
    assert_eq!(owner.get(&path).await.expect(200).at("/status"), "verified");
    let log = owner.get("/api/v1/admin/audit?app=shop").await.expect(200);
    let actions: Vec<_> = log.at("/items").as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions[..3], ["domain.restored", "domain.suspended", "domain.verified"]);
    assert_eq!(log.at("/items/0/actor"), "picloud");
}

#[tokio::test]
async fn s_7_3_two_nodes_look_at_a_domain_once() {
    let server = DnsServer::start().await;
    let instance = asking(&[&server]).await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    for host in ["a.example.com", "b.example.com"] {
        let (path, name, value) = claim(&owner, "shop", host).await;
        server.put(&name, &[&value]);
        verify(&owner, &path).await.expect(200);
    }
    instance.pass_seconds(25 * 3600);
    let now = instance.state.now();
    let (one, two) = tokio::join!(instance.state.control.due_domain(now), instance.state.control.due_domain(now));
    let (one, two) = (one.unwrap().unwrap(), two.unwrap().unwrap());
    assert_ne!(one.host, two.host);
    assert!(instance.state.control.due_domain(now).await.unwrap().is_none());
    // Both nodes die: after the lease others look.
    instance.pass_seconds(11 * 60);
    assert!(manager::prove_next(&instance.state).await.unwrap());
}

#[tokio::test]
async fn s_7_4_some_hosts_can_never_be_proved() {
    let instance = Instance::with(DomainProof::DnsTxt).await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    for host in ["printer.local", "db.internal", "x.y.internal", "co.uk", "_dmarc.example.com", "intranet"] {
        let answer = owner.post(DOMAINS, &json!({ "app": "shop", "host": host })).await.problem(400, "request.invalid");
        assert_eq!(answer.at("/errors/0/pointer"), "/host", "{host}");
    }
}
