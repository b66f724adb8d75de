//! The one door to an app's things.

use sqlx::PgPool;
use store::{
    AccessFacts, AppRef, AppRole, AuthorizeError, Digest, DomainKind, DomainStatus, ExecutionFilter, InstanceRole, LogQuery, NewApiKey,
    NewDomain, Page, Person, TargetFacts,
};

use crate::{
    runs::{execution, log},
    world::{World, allow, create_route, create_script, noon},
};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_decision_sees_the_facts_and_decides(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("shop").await;
    let ada = world.admin("ada", InstanceRole::Member).await;
    let key = NewApiKey {
        key: Digest::of(b"key"),
        name: "ci".into(),
        prefix: "pic".into(),
        last4: "wxyz".into(),
        scopes: vec!["script:read".into()],
        app: Some(app.id),
        networks: Vec::new(),
        now: noon(),
        expires_at: None,
    };
    world.control.own(&ada).create_api_key(&key).await.unwrap();
    let by_key = world.by_key(&key.key, noon()).await.unwrap();
    world.open(app.id).await.add_member(&Person::Id(ada.admin()), AppRole::Editor, noon()).await.unwrap();

    let mut seen = None;
    let refuse = |facts: &AccessFacts| {
        seen = Some(facts.clone());
        Err::<(), _>("no")
    };
    let refused = world.control.authorize(&by_key, &AppRef::Slug("shop".into()), refuse).await;
    assert!(matches!(refused, Err(AuthorizeError::Denied("no"))));
    let facts = seen.unwrap();
    assert_eq!(facts.admin, ada.admin());
    assert_eq!(facts.instance_role, InstanceRole::Member);
    assert_eq!(facts.key.as_ref().and_then(|key| key.app), Some(app.id));
    assert_eq!(facts.key.unwrap().scopes, ["script:read"]);
    assert_eq!(facts.target, TargetFacts::App { id: app.id, slug: "shop".into(), role: Some(AppRole::Editor) });
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_app_that_is_not_there_is_decided_too(pool: PgPool) {
    let world = World::new(pool).await;
    let nowhere = AppRef::Slug("nowhere".into());
    let mut asked = false;
    let ask = |facts: &AccessFacts| {
        asked = facts.target == TargetFacts::NoApp;
        Err::<(), _>(())
    };
    assert!(matches!(world.control.authorize(&world.owner, &nowhere, ask).await, Err(AuthorizeError::Denied(()))));
    assert!(asked);
    assert!(matches!(world.control.authorize(&world.owner, &nowhere, allow).await, Err(AuthorizeError::NoSuchApp)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_app_is_found_by_everything_in_it(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let (script, make_script) = create_script("hello", "1");
    let (route, make_route) = create_route(script, "/");
    let deployment = app.deploy(&[make_script, make_route], "first", noon()).await.unwrap();
    let domain = app.create_domain(&new_domain("shop.example", DomainStatus::Pending)).await.unwrap();
    let ran = execution(app.app_id(), script, noon());
    world.store.runs().append(std::slice::from_ref(&ran), &[]).await.unwrap();

    let names = [
        AppRef::parse("shop"),
        AppRef::parse(&app.app_id().to_string()),
        AppRef::Script(script),
        AppRef::Route(route),
        AppRef::Deployment(deployment.id),
        AppRef::Domain(domain.id),
        AppRef::Execution(ran.id),
    ];
    for name in names {
        let opened = world.control.authorize(&world.owner, &name, allow).await.unwrap();
        assert_eq!(opened.app_id(), app.app_id(), "{name:?}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_6_a_handle_never_reaches_another_app(pool: PgPool) {
    let world = World::new(pool).await;
    let (ours, theirs) = (world.opened("ours").await, world.opened("theirs").await);
    let (script, make_script) = create_script("hello", "1");
    let (route, make_route) = create_route(script, "/");
    let deployment = theirs.deploy(&[make_script, make_route], "first", noon()).await.unwrap();
    let domain = theirs.create_domain(&new_domain("theirs.example", DomainStatus::Pending)).await.unwrap();
    let ran = execution(theirs.app_id(), script, noon());
    world.store.runs().append(std::slice::from_ref(&ran), &[log(&ran, "secret")]).await.unwrap();

    assert!(ours.script(script).await.unwrap().is_none());
    assert!(ours.source_at(1, "hello").await.unwrap().is_none());
    assert!(ours.route(route).await.unwrap().is_none());
    assert!(ours.deployment(deployment.id).await.unwrap().is_none());
    assert!(ours.activate(deployment.id, noon()).await.unwrap().is_none());
    assert!(ours.domain(domain.id).await.unwrap().is_none());
    assert!(ours.verify_domain(domain.id, store::DomainEvidence::Dns, noon()).await.unwrap().is_none());
    assert!(!ours.delete_domain(domain.id, None, noon()).await.unwrap());
    assert!(ours.execution(ran.id).await.unwrap().is_none());
    assert!(ours.execution_logs(ran.id).await.unwrap().is_empty());
    assert!(ours.logs(LogQuery::After { id: 0 }, 100).await.unwrap().is_empty());
    assert!(ours.logs(LogQuery::Latest { before: None }, 100).await.unwrap().is_empty());
    assert!(ours.executions(&ExecutionFilter::default(), Page::default()).await.unwrap().items.is_empty());
    let lists = (ours.scripts(Page::default()).await.unwrap().items.len(), ours.routes(Page::default()).await.unwrap().items.len());
    assert_eq!(lists, (0, 0));
    assert!(ours.deployments(Page::default()).await.unwrap().items.is_empty());
    assert!(ours.domains(Page::default()).await.unwrap().items.is_empty());

    assert_eq!(theirs.domain(domain.id).await.unwrap().unwrap().status, DomainStatus::Pending);
    assert_eq!(theirs.execution_logs(ran.id).await.unwrap().len(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_list_of_apps_shows_what_one_may_see(pool: PgPool) {
    let world = World::new(pool).await;
    let (shop, _blog) = (world.app("shop").await, world.app("blog").await);
    let ada = world.admin("ada", InstanceRole::Member).await;
    let slugs = async |principal: &store::Principal| {
        let listed = world.control.own(principal).apps(Page::default()).await.unwrap();
        listed.items.into_iter().map(|app| app.slug).collect::<Vec<_>>()
    };
    assert_eq!(slugs(&world.owner).await, ["shop", "blog"]);
    assert!(slugs(&ada).await.is_empty());
    world.open(shop.id).await.add_member(&Person::Id(ada.admin()), AppRole::Viewer, noon()).await.unwrap();
    assert_eq!(slugs(&ada).await, ["shop"]);

    let key = NewApiKey {
        key: Digest::of(b"key"),
        name: "ci".into(),
        prefix: "pic".into(),
        last4: "wxyz".into(),
        scopes: Vec::new(),
        app: Some(shop.id),
        networks: Vec::new(),
        now: noon(),
        expires_at: None,
    };
    world.control.own(&world.owner).create_api_key(&key).await.unwrap();
    let bound = world.by_key(&key.key, noon()).await.unwrap();
    assert_eq!(slugs(&bound).await, ["shop"], "a bound key narrows even the owner");
}

fn new_domain(host: &str, status: DomainStatus) -> NewDomain {
    NewDomain { host: host.into(), kind: DomainKind::Exact, status, challenge: "proof".into(), now: noon() }
}
