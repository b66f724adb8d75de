//! What the data plane reads.

use execution::Limits;
use sqlx::PgPool;
use store::{Change, Digest, DomainKind, DomainStatus, NewDomain, ScriptKind};

use crate::world::{World, create_route, create_script, edit, noon};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_snapshot_is_the_active_deployment_and_the_proved_hosts(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    world.app("empty").await;
    let (hello, make_hello) = create_script("hello", "1");
    let (route, make_route) = create_route(hello, "/");
    app.deploy(&[make_hello, make_route], "", noon()).await.unwrap();
    let second = app.deploy(&[edit(hello, "2")], "", noon()).await.unwrap();
    for (host, kind, status) in [
        ("shop.example", DomainKind::Exact, DomainStatus::Verified),
        ("shop.example", DomainKind::Wildcard, DomainStatus::Verified),
        ("later.example", DomainKind::Exact, DomainStatus::Pending),
    ] {
        app.create_domain(&NewDomain { host: host.into(), kind, status, challenge: "proof".into(), now: noon() }).await.unwrap();
    }

    let snapshots = world.store.snapshots();
    let shop = snapshots.one(app.app_id()).await.unwrap().unwrap();
    assert_eq!((shop.slug.as_str(), shop.deployment, shop.deployment_id), ("shop", 2, Some(second.id)));
    assert_eq!(shop.limits, Limits::default());
    assert_eq!(shop.hosts, [("shop.example".to_owned(), DomainKind::Exact), ("shop.example".to_owned(), DomainKind::Wildcard)]);
    assert_eq!(shop.routes.len(), 1);
    assert_eq!((shop.routes[0].route, shop.routes[0].target.script().unwrap(), shop.routes[0].path.as_str()), (route, hello, "/"));
    let script = &shop.scripts[0];
    assert_eq!((script.script, script.name.as_str(), script.kind), (hello, "hello", ScriptKind::Endpoint));
    assert_eq!(script.source, Digest::of(b"2"));
    assert_eq!(snapshots.sources(&[script.source, Digest::of(b"?")]).await.unwrap(), [(script.source, "2".to_owned())]);

    let all = snapshots.all().await.unwrap();
    assert_eq!(all.iter().map(|app| (app.slug.as_str(), app.deployment)).collect::<Vec<_>>(), [("shop", 2), ("empty", 0)]);
    assert_eq!(all[0], shop);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn ten_thousand_scripts_are_one_deployment_and_one_snapshot(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let changes: Vec<Change> = (0..10_000)
        .flat_map(|n| {
            let (script, make_script) = create_script(&format!("script-{n}"), &format!("{n}"));
            [make_script, create_route(script, &format!("/{n}")).1]
        })
        .collect();
    let began = std::time::Instant::now();
    app.deploy(&changes, "", noon()).await.unwrap();
    let deployed = began.elapsed();
    let all = world.store.snapshots().all().await.unwrap();
    eprintln!("10,000 scripts: deployed in {deployed:?}, read in {:?}", began.elapsed() - deployed);
    assert_eq!((all[0].scripts.len(), all[0].routes.len()), (10_000, 10_000));
    let digests: Vec<Digest> = all[0].scripts.iter().take(500).map(|script| script.source).collect();
    assert_eq!(world.store.snapshots().sources(&digests).await.unwrap().len(), 500);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_text_that_two_apps_share_comes_once(pool: PgPool) {
    let world = World::new(pool).await;
    for slug in ["one", "two"] {
        world.opened(slug).await.deploy(&[create_script("hello", "same").1], "", noon()).await.unwrap();
    }
    let sources = world.store.snapshots().sources(&[Digest::of(b"same")]).await.unwrap();
    assert_eq!(sources, [(Digest::of(b"same"), "same".to_owned())]);
}
