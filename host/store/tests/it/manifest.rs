//! The complete contents in one call, what it changes, and the way back.

use std::collections::BTreeMap;

use sqlx::PgPool;
use store::{
    Activation, AppStore, Cause, Deployed, Deployment, Digest, Error, Manifest, ManifestRoute, ManifestScript, ManifestSource,
    ManifestTarget, Page, ScriptKind, Thing,
};

use crate::world::{World, create_script, noon};

fn script(name: &str, text: &str) -> ManifestScript {
    ManifestScript { name: name.into(), kind: ScriptKind::Endpoint, source: ManifestSource::Text(text.into()) }
}

fn route(script: &str, path: &str) -> ManifestRoute {
    ManifestRoute { target: ManifestTarget::Script(script.into()), method: None, host: None, path: path.into() }
}

fn manifest(scripts: &[(&str, &str)], routes: &[(&str, &str)]) -> Manifest {
    Manifest {
        scripts: scripts.iter().map(|(name, text)| script(name, text)).collect(),
        routes: routes.iter().map(|(name, path)| route(name, path)).collect(),
        ..Manifest::default()
    }
}

async fn deployed(app: &AppStore, manifest: &Manifest, activation: Activation) -> Deployment {
    match app.deploy_manifest(manifest, None, activation, "m", noon()).await.unwrap() {
        Deployed::New(deployment) => deployment,
        Deployed::Unchanged(deployment) => panic!("{deployment:?} is not new"),
    }
}

async fn count(pool: &PgPool, table: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}"))).fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_stays_keeps_its_id_and_what_is_left_out_goes(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let first = deployed(&app, &manifest(&[("a", "1"), ("b", "2")], &[("a", "/a"), ("b", "/b")]), Activation::AtOnce).await;
    let before = app.deployment(first.id).await.unwrap().unwrap();

    let mut next = manifest(&[("c", "3"), ("a", "one")], &[("c", "/c"), ("c", "/a")]);
    next.settings.limits = BTreeMap::from([("fuel".into(), 1000)]);
    let plan = app.plan_manifest(&next, Some(1), noon()).await.unwrap();
    assert_eq!(app.deployments(Page::default()).await.unwrap().items.len(), 1, "a plan writes nothing");
    let second = deployed(&app, &next, Activation::AtOnce).await;
    let after = app.deployment(second.id).await.unwrap().unwrap();

    let id = |contents: &store::DeploymentContents, name: &str| contents.scripts.iter().find(|script| script.name == name).unwrap().id;
    assert_eq!((id(&after, "a"), after.scripts.len()), (id(&before, "a"), 2));
    let of_path =
        |contents: &store::DeploymentContents, path: &str| contents.routes.iter().find(|route| route.path == path).unwrap().clone();
    assert_eq!(of_path(&after, "/a").id, of_path(&before, "/a").id);
    assert_eq!(of_path(&after, "/a").target, id(&after, "c").into());
    assert_eq!(world.store.snapshots().one(app.app_id()).await.unwrap().unwrap().limits.fuel, 1000);

    let difference = app.difference(Some(first.id), second.id).await.unwrap().unwrap();
    let shape = |difference: &store::Difference| {
        let of = |before: bool, after: bool| match (before, after) {
            (false, _) => '+',
            (_, false) => '-',
            _ => '~',
        };
        let mut scripts: Vec<_> = difference.scripts.iter().map(|d| of(d.before.is_some(), d.after.is_some())).collect();
        let mut routes: Vec<_> = difference.routes.iter().map(|d| of(d.before.is_some(), d.after.is_some())).collect();
        scripts.sort_unstable();
        routes.sort_unstable();
        (String::from_iter(scripts), String::from_iter(routes), difference.settings.is_some())
    };
    assert_eq!(shape(&difference), ("+-~".into(), "+-~".into(), true));
    assert_eq!(shape(&plan), shape(&difference), "the plan said it before");
    assert_eq!(shape(&app.difference(None, first.id).await.unwrap().unwrap()), ("++".into(), "++".into(), false));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_same_contents_make_no_deployment(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let contents = manifest(&[("a", "1"), ("b", "2")], &[("a", "/a")]);
    let first = deployed(&app, &contents, Activation::AtOnce).await;
    let again = manifest(&[("b", "2"), ("a", "1")], &[("a", "/a")]);
    assert_eq!(app.deploy_manifest(&again, Some(1), Activation::AtOnce, "", noon()).await.unwrap(), Deployed::Unchanged(first.clone()));

    let mut by_digest = again.clone();
    by_digest.scripts[0].source = ManifestSource::Known(Digest::of(b"2"));
    assert_eq!(app.deploy_manifest(&by_digest, None, Activation::Later, "", noon()).await.unwrap(), Deployed::Unchanged(first));
    assert_eq!((count(&world.pool, "deployments").await, count(&world.pool, "activations").await), (1, 1));

    by_digest.scripts[0].source = ManifestSource::Known(Digest::of(b"never seen"));
    let refused = app.deploy_manifest(&by_digest, None, Activation::AtOnce, "", noon()).await;
    assert!(matches!(refused, Err(Error::Missing { what: Thing::Source, .. })), "{refused:?}");
    let other = world.opened("other").await;
    by_digest.scripts[0].source = ManifestSource::Known(Digest::of(b"2"));
    let refused = other.deploy_manifest(&by_digest, None, Activation::AtOnce, "", noon()).await;
    assert!(matches!(refused, Err(Error::Missing { what: Thing::Source, .. })), "no text of another app: {refused:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_manifest_that_is_refused_leaves_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    deployed(&app, &manifest(&[("a", "1")], &[("a", "/a")]), Activation::AtOnce).await;
    let mut module = manifest(&[("a", "new")], &[("a", "/a")]);
    module.scripts[0].kind = ScriptKind::Module;
    let cases = [
        (manifest(&[("a", "new"), ("a", "2")], &[]), "script `a` exists"),
        (manifest(&[("a", "new")], &[("a", "/x/:y"), ("a", "/x/:z")]), "answers the same requests"),
        (manifest(&[("a", "new")], &[("b", "/b")]), "no script `b`"),
        (module, "is a module"),
    ];
    for (bad, message) in cases {
        let refused = app.deploy_manifest(&bad, None, Activation::AtOnce, "", noon()).await.unwrap_err().to_string();
        assert!(refused.contains(message), "{refused}");
    }
    let moved = app.deploy_manifest(&manifest(&[("a", "new")], &[]), Some(0), Activation::AtOnce, "", noon()).await;
    assert!(matches!(moved, Err(Error::ActiveMoved { active: 1 })));
    assert_eq!((count(&world.pool, "deployments").await, count(&world.pool, "sources").await), (1, 1));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn back_is_where_it_was_before_and_the_history_says_so(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    assert!(app.roll_back(None, "", noon()).await.unwrap().is_none(), "nothing was ever active");
    for text in ["1", "2"] {
        deployed(&app, &manifest(&[("a", text)], &[]), Activation::AtOnce).await;
    }
    let waiting = deployed(&app, &manifest(&[("a", "3")], &[]), Activation::Later).await;
    assert_eq!((waiting.number, waiting.active), (3, false));
    let active = || async { world.store.snapshots().one(app.app_id()).await.unwrap().unwrap().deployment };
    assert_eq!(active().await, 2, "what waits does not run");

    assert_eq!(app.roll_back(None, "it was wrong", noon()).await.unwrap().unwrap().number, 1);
    assert_eq!(active().await, 1);
    assert_eq!(app.roll_back(None, "", noon()).await.unwrap().unwrap().number, 2, "and forth");
    assert_eq!(app.activate(waiting.id, noon()).await.unwrap().unwrap().number, 3);
    app.activate(waiting.id, noon()).await.unwrap().unwrap();
    assert_eq!(app.roll_back(Some(1), "", noon()).await.unwrap().unwrap().number, 1);
    assert!(app.roll_back(Some(9), "", noon()).await.unwrap().is_none());

    let history = app.activations(Page::default()).await.unwrap().items;
    let told: Vec<_> = history.iter().rev().map(|entry| (entry.previous, entry.number, entry.cause)).collect();
    let expected = [
        (None, 1, Cause::Deploy),
        (Some(1), 2, Cause::Deploy),
        (Some(2), 1, Cause::Rollback),
        (Some(1), 2, Cause::Rollback),
        (Some(2), 3, Cause::Activate),
        (Some(3), 1, Cause::Rollback),
    ];
    assert_eq!(told, expected, "activating what is active is no activation");
    assert_eq!(history[3].message, "it was wrong");
    assert_eq!(history[0].author.username.as_deref(), Some("owner"));
    assert_eq!(app.deployment(waiting.id).await.unwrap().unwrap().deployment.author.admin, Some(world.owner.admin()));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_edit_keeps_the_settings(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let mut first = manifest(&[("a", "1")], &[]);
    first.settings.limits.insert("wall_ms".into(), 500);
    deployed(&app, &first, Activation::AtOnce).await;
    let edited = app.deploy(&[create_script("b", "2").1], "", noon()).await.unwrap();
    assert_eq!(edited.settings, first.settings);
    assert_eq!(world.store.snapshots().one(app.app_id()).await.unwrap().unwrap().limits.wall_ms, 500);
}
