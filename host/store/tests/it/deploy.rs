//! Everything that changes what runs.

use sqlx::PgPool;
use store::{Activation, Change, Error, Manifest, ManifestScript, ManifestSource, Page, ScriptKind, SplitTerms, Thing};

use crate::world::{World, create_route, create_script, edit, noon};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_change_makes_the_next_number_and_keeps_the_rest(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let (hello, make_hello) = create_script("hello", "1");
    let (other, make_other) = create_script("other", "2");
    let (route, make_route) = create_route(hello, "/users/:id");
    let first = app.deploy(&[make_hello, make_other, make_route], "first", noon()).await.unwrap();
    assert_eq!((first.number, first.active, first.author.admin), (1, true, Some(world.owner.admin())));

    let later = noon() + jiff::SignedDuration::from_secs(1);
    let second = app.deploy(&[edit(hello, "one")], "", later).await.unwrap();
    assert_eq!(second.number, 2);
    let (script, source) = app.script(hello).await.unwrap().unwrap();
    assert_eq!((script.name.as_str(), source.as_str(), script.created_at, script.changed_at), ("hello", "one", noon(), later));
    assert_eq!(app.script(other).await.unwrap().unwrap().0.changed_at, noon(), "untouched");
    assert_eq!(app.route(route).await.unwrap().unwrap().path, "/users/:id");
    assert_eq!(app.all_routes().await.unwrap().len(), 1);
    assert_eq!(app.source_at(1, "hello").await.unwrap().as_deref(), Some("1"));
    assert_eq!(app.source_at(2, "hello").await.unwrap().as_deref(), Some("one"));
    let listed = app.deployments(Page::default()).await.unwrap().items;
    assert_eq!(listed.iter().map(|d| (d.number, d.active)).collect::<Vec<_>>(), [(2, true), (1, false)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn activation_brings_an_earlier_state_back(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let (hello, make) = create_script("hello", "1");
    let first = app.deploy(&[make], "first", noon()).await.unwrap();
    app.deploy(&[edit(hello, "2")], "second", noon()).await.unwrap();
    let back = app.activate(first.id, noon()).await.unwrap().unwrap();
    assert!(back.active);
    assert_eq!(app.script(hello).await.unwrap().unwrap().1, "1");
    assert_eq!(world.store.snapshots().one(app.app_id()).await.unwrap().unwrap().deployment, 1);

    let (_, make) = create_script("new", "3");
    let third = app.deploy(&[make], "from the first", noon()).await.unwrap();
    assert_eq!(third.number, 3, "numbers are never reused");
    let contents = app.deployment(third.id).await.unwrap().unwrap();
    assert_eq!(contents.scripts.len(), 2);
    assert_eq!(app.script(hello).await.unwrap().unwrap().1, "1", "an edit starts from the active deployment");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_refused_change_leaves_nothing_behind(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let (hello, make_hello) = create_script("hello", "1");
    let (there, make_route) = create_route(hello, "/a/:x");
    app.deploy(&[make_hello, make_route], "first", noon()).await.unwrap();

    let (other, make_other) = create_script("other", "unwanted");
    let (_, conflicting) = create_route(other, "/a/:y");
    let refused = app.deploy(&[make_other, conflicting], "second", noon()).await;
    assert!(matches!(refused, Err(Error::RouteConflict { other, .. }) if other == there));
    let (_, same_name) = create_script("hello", "unwanted");
    assert!(matches!(app.deploy(&[same_name], "", noon()).await, Err(Error::Duplicate { what: Thing::Script, .. })));
    let module = Change::UpdateScript { id: hello, name: None, kind: Some(ScriptKind::Module), source: None, expected: None };
    assert!(matches!(app.deploy(&[module], "", noon()).await, Err(Error::NotAnEndpoint { .. })));

    assert_eq!(app.deployments(Page::default()).await.unwrap().items.len(), 1);
    let sources: i64 = sqlx::query_scalar("select count(*) from sources").fetch_one(&world.pool).await.unwrap();
    assert_eq!(sources, 1);
    let (_, next) = create_script("next", "3");
    assert_eq!(app.deploy(&[next], "", noon()).await.unwrap().number, 2, "a refused one takes no number");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn concurrent_deploys_give_gapless_numbers_and_lose_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let app = std::sync::Arc::new(world.opened("shop").await);
    let tasks: Vec<_> = (0..24)
        .map(|n| {
            let app = app.clone();
            tokio::spawn(async move {
                let (_, make) = create_script(&format!("script-{n}"), "same source");
                app.deploy(&[make], "", noon()).await.unwrap().number
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.push(task.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=24).collect::<Vec<_>>());
    assert_eq!(app.scripts(Page::default()).await.unwrap().items.len(), 24);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_hundred_deployments_are_kept_beside_the_active_one(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let (hello, make) = create_script("hello", "0");
    let (gone, make_gone) = create_script("gone", "soon removed");
    let first = app.deploy(&[make, make_gone], "", noon()).await.unwrap();
    app.deploy(&[Change::RemoveScript { id: gone, expected: None }], "", noon()).await.unwrap();
    for n in 3..=105 {
        app.deploy(&[edit(hello, &n.to_string())], "", noon()).await.unwrap();
    }
    let page = Page::new(Some(200), None).unwrap();
    let numbers: Vec<u32> = app.deployments(page).await.unwrap().items.iter().map(|deployment| deployment.number).collect();
    assert_eq!(numbers, (5..=105).rev().collect::<Vec<_>>(), "the active one and a hundred more");
    assert!(app.activate(first.id, noon()).await.unwrap().is_none(), "pruned");
    let left: i64 = sqlx::query_scalar("select count(*) from sources").fetch_one(&world.pool).await.unwrap();
    assert_eq!(left, 101, "sources that no deployment names went too");
    let left: i64 = sqlx::query_scalar("select count(*) from scripts").fetch_one(&world.pool).await.unwrap();
    assert_eq!(left, 1);

    let oldest = app.deployments(page).await.unwrap().items.pop().unwrap();
    app.activate(oldest.id, noon()).await.unwrap().unwrap();
    app.deploy(&[edit(hello, "again")], "", noon()).await.unwrap();
    let numbers: Vec<u32> = app.deployments(page).await.unwrap().items.iter().map(|deployment| deployment.number).collect();
    assert_eq!((numbers.len(), numbers[0], numbers[100], numbers[101]), (102, 106, 6, 5), "a rollback finds what was active before");
    app.deploy(&[edit(hello, "once more")], "", noon()).await.unwrap();
    let numbers: Vec<u32> = app.deployments(page).await.unwrap().items.iter().map(|deployment| deployment.number).collect();
    assert_eq!((numbers.len(), numbers[0], numbers[100]), (101, 107, 7), "what was active is not kept for ever");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn lists_go_on_where_they_ended(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let made: Vec<Change> = (0..7).map(|n| create_script(&format!("script-{n}"), "1").1).collect();
    app.deploy(&made, "", noon()).await.unwrap();
    for n in 0..4 {
        app.deploy(&[create_script(&format!("more-{n}"), "1").1], "", noon()).await.unwrap();
    }

    let (mut names, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let listed = app.scripts(Page::new(Some(3), cursor.as_deref()).unwrap()).await.unwrap();
        names.extend(listed.items.into_iter().map(|script| script.name));
        cursor = listed.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 11);

    let first = app.deployments(Page::new(Some(2), None).unwrap()).await.unwrap();
    let rest = app.deployments(Page::new(Some(200), first.next_cursor.as_deref()).unwrap()).await.unwrap();
    let numbers: Vec<u32> = first.items.iter().chain(&rest.items).map(|deployment| deployment.number).collect();
    assert_eq!((numbers, rest.next_cursor), (vec![5, 4, 3, 2, 1], None));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_has_a_share_of_the_visitors_is_kept_and_ends_once(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let (hello, make) = create_script("hello", "1");
    app.deploy(&[make], "", noon()).await.unwrap();
    let manifest = Manifest {
        scripts: vec![ManifestScript { name: "hello".into(), kind: ScriptKind::Endpoint, source: ManifestSource::Text("tried".into()) }],
        ..Manifest::default()
    };
    app.deploy_manifest(&manifest, None, Activation::Later, "", noon()).await.unwrap();
    let terms = SplitTerms { percent: 5, sticky: "cookie:visitor".parse().unwrap(), stop_above: Some(5), window_requests: 100 };
    let first = app.set_split(2, &terms, None, noon()).await.unwrap().unwrap();
    let snapshot = world.store.snapshots().one(app.app_id()).await.unwrap().unwrap();
    let running = snapshot.split.unwrap();
    assert_eq!((running.id, running.terms, running.version.deployment, running.version.scripts.len()), (first.id, terms.clone(), 2, 1));
    assert_eq!(snapshot.deployment, 1);

    // A hundred newer ones that do not become active: the split runs on, and keeps its deployment.
    for n in 0..105 {
        let mut next = manifest.clone();
        next.scripts[0].source = ManifestSource::Text(n.to_string());
        app.deploy_manifest(&next, None, Activation::Later, "", noon()).await.unwrap();
    }
    assert!(app.split().await.unwrap().unwrap().ended.is_none());
    let second = app.set_split(2, &terms, None, noon()).await.unwrap().unwrap();
    let runs = world.store.runs();
    runs.stop_split(app.app_id(), first.id, "too late", noon()).await.unwrap();
    assert!(app.split().await.unwrap().unwrap().ended.is_none(), "it was another one");
    runs.stop_split(app.app_id(), second.id, "It failed.", noon()).await.unwrap();
    runs.stop_split(app.app_id(), second.id, "again", noon()).await.unwrap();
    assert_eq!(app.split().await.unwrap().unwrap().ended, Some((noon(), "It failed.".to_owned())));
    assert!(world.store.snapshots().one(app.app_id()).await.unwrap().unwrap().split.is_none());

    app.set_split(2, &terms, None, noon()).await.unwrap().unwrap();
    app.deploy(&[edit(hello, "3")], "", noon()).await.unwrap();
    assert_eq!(app.split().await.unwrap(), None, "another activation ends it, and then its deployment is too old to be kept");
}
