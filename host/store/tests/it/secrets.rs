//! Secrets: sealed for their place, opened for their app's executions only, sealed anew by a newer master key.

use execution::Unanswered;
use sqlx::PgPool;
use store::{AppStore, Error, SecretChange, Store};
use vault::MasterKeys;

use crate::world::{World, noon};

async fn set(app: &AppStore, name: &str, value: &str) -> i64 {
    let change = SecretChange { name, value, expected: None, secrets_max: 100, now: noon() };
    app.set_secret(&change).await.unwrap().version
}

/// What a script of the app reads now.
async fn read(store: &Store, app: &AppStore, name: &str) -> Result<Option<String>, Unanswered> {
    let snapshots = store.snapshots();
    let snapshot = snapshots.one(app.app_id()).await.unwrap().unwrap();
    snapshots.data(&snapshot).secret(name).map(|secret| secret.map(|secret| secret.reveal().to_owned()))
}

/// The same database with these keys.
async fn world(pool: PgPool, keys: &MasterKeys) -> World {
    let mut world = World::new(pool).await;
    world.unlock(keys.clone()).await;
    world
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_6_4_a_secret_is_read_by_its_app_only(pool: PgPool) {
    let world = world(pool, &MasterKeys::random().unwrap()).await;
    let (shop, other) = (world.opened("shop").await, world.opened("other").await);
    assert_eq!(read(&world.store, &shop, "TOKEN").await, Ok(None));
    let first = set(&shop, "TOKEN", "one").await;
    set(&shop, "A", "a").await;
    set(&other, "TOKEN", "theirs").await;
    assert!(set(&shop, "TOKEN", "two").await > first);
    assert_eq!(read(&world.store, &shop, "TOKEN").await, Ok(Some("two".to_owned())));
    assert_eq!(read(&world.store, &shop, "A").await, Ok(Some("a".to_owned())));
    assert_eq!(read(&world.store, &shop, "B").await, Ok(None));
    assert_eq!(read(&world.store, &other, "TOKEN").await, Ok(Some("theirs".to_owned())));
    // All come with one reading of all apps.
    let all = world.store.snapshots().all().await.unwrap();
    assert_eq!(all.iter().filter(|app| app.secrets.is_some()).count(), 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_6_4_a_row_that_was_copied_does_not_open(pool: PgPool) {
    let world = world(pool, &MasterKeys::random().unwrap()).await;
    let (shop, other) = (world.opened("shop").await, world.opened("other").await);
    for (app, value) in [(&shop, "ours"), (&other, "theirs")] {
        set(app, "TOKEN", value).await;
        set(app, "NAME", value).await;
    }
    for statement in [
        // To another app, with or without its key; to another name; to another version.
        "update secrets a set sealed = b.sealed, version = b.version from secrets b where a.app_id <> b.app_id and a.name = b.name",
        "update secret_keys a set sealed = b.sealed, id = b.id from secret_keys b where a.app_id <> b.app_id",
        "update secrets a set sealed = b.sealed, version = b.version from secrets b where a.app_id = b.app_id and a.name <> b.name",
        "update secrets set version = version + 100",
        "update secrets set sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1)",
    ] {
        let mut changed = world.pool.begin().await.unwrap();
        sqlx::query("create table kept as select * from secrets").execute(&mut *changed).await.unwrap();
        sqlx::query("create table kept_keys as select * from secret_keys").execute(&mut *changed).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut *changed).await.unwrap();
        changed.commit().await.unwrap();
        assert_eq!(read(&world.store, &shop, "TOKEN").await, Err(Unanswered::Unavailable), "{statement}");
        for back in [
            "delete from secrets",
            "update secret_keys k set sealed = o.sealed, id = o.id from kept_keys o where o.app_id = k.app_id",
            "insert into secrets select * from kept",
            "drop table kept, kept_keys",
        ] {
            sqlx::query(back).execute(&world.pool).await.unwrap();
        }
        assert_eq!(read(&world.store, &shop, "TOKEN").await, Ok(Some("ours".to_owned())));
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_6_4_a_newer_master_key_takes_over(pool: PgPool) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secrets.key");
    let old = MasterKeys::make(&path).unwrap();
    let mut world = world(pool, &old).await;
    let apps = [world.opened("shop").await, world.opened("other").await, world.opened("empty").await];
    set(&apps[0], "TOKEN", "ours").await;
    set(&apps[1], "TOKEN", "theirs").await;
    assert_eq!(world.store.renew_secret_keys().await.unwrap(), 0);

    world.unlock(MasterKeys::rotate(&path).unwrap()).await;
    // Before and after, while other nodes are still at the old one.
    assert_eq!(read(&world.store, &apps[0], "TOKEN").await, Ok(Some("ours".to_owned())));
    assert_eq!(world.store.renew_secret_keys().await.unwrap(), 2);
    assert_eq!(world.store.renew_secret_keys().await.unwrap(), 0);
    assert_eq!(read(&world.store, &apps[1], "TOKEN").await, Ok(Some("theirs".to_owned())));
    let newest = MasterKeys::read(&path).unwrap().unwrap();
    assert_eq!(world.store.master_keys_in_use().await.unwrap(), newest.ids().take(1).collect::<Vec<_>>());

    // Whoever has the old key only, or none, is told so.
    world.unlock(old).await;
    assert_eq!(read(&world.store, &apps[0], "TOKEN").await, Err(Unanswered::Unavailable));
    let refused = world.store.renew_secret_keys().await.unwrap_err();
    assert!(matches!(&refused, Error::Sealing(why) if why.contains("not in the key file")), "{refused}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_deleted_app_leaves_no_secret(pool: PgPool) {
    let world = world(pool, &MasterKeys::random().unwrap()).await;
    let app = world.opened("shop").await;
    set(&app, "TOKEN", "ours").await;
    app.delete(noon()).await.unwrap();
    let left: i64 = sqlx::query_scalar("select (select count(*) from secrets) + (select count(*) from secret_keys)")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}
