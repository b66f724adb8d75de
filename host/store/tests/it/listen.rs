//! Changes as other nodes hear of them.

use sqlx::PgPool;
use store::{Digest, Event, InstanceRole, Listener, NewApiKey, Revoked};

use crate::world::{World, create_script, noon};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_change_is_heard(pool: PgPool) {
    let world = World::new(pool).await;
    let mut listener = world.store.listener();
    assert_eq!(listener.next().await, Event::Resync);

    let app = world.opened("shop").await;
    assert_eq!(listener.next().await, Event::App(app.app_id()));
    let first = app.deploy(&[create_script("hello", "1").1], "", noon()).await.unwrap();
    assert_eq!(listener.next().await, Event::App(app.app_id()));
    app.activate(first.id, noon()).await.unwrap();
    assert_eq!(listener.next().await, Event::App(app.app_id()));

    let own = world.control.own(&world.owner);
    let key = NewApiKey {
        key: Digest::of(b"key"),
        name: "ci".into(),
        prefix: "pic".into(),
        last4: "wxyz".into(),
        scopes: Vec::new(),
        app: None,
        networks: Vec::new(),
        now: noon(),
        expires_at: None,
    };
    let key = own.create_api_key(&key).await.unwrap();
    own.revoke_api_key(key.id, None, noon()).await.unwrap();
    assert_eq!(listener.next().await, Event::Revoked(Revoked::Key(key.id)));
    let ada = world.admin("ada", InstanceRole::Member).await;
    world.control.delete_session(&Digest::of(b"ada")).await.unwrap();
    assert_eq!(listener.next().await, Event::Revoked(Revoked::Session(ada.session().unwrap())));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_9_3_a_lost_connection_is_a_resync_and_then_goes_on(pool: PgPool) {
    let world = World::new(pool).await;
    let mut listener = world.store.listener();
    assert_eq!(listener.next().await, Event::Resync);
    cut_all_listeners(&world.pool).await;
    assert_eq!(listener.next().await, Event::Resync);
    let app = world.app("shop").await;
    assert_eq!(next_app(&mut listener).await, Event::App(app.id));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_refused_change_is_not_heard(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let mut listener = world.store.listener();
    assert_eq!(listener.next().await, Event::Resync);
    let (_, one) = create_script("hello", "1");
    let (_, two) = create_script("hello", "2");
    app.deploy(&[one, two], "", noon()).await.unwrap_err();
    let other = world.app("other").await;
    assert_eq!(listener.next().await, Event::App(other.id));
}

/// Ends every connection of this database that waits for notifications, as a restart of the server would.
async fn cut_all_listeners(pool: &PgPool) {
    sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen %'")
        .execute(pool)
        .await
        .unwrap();
}

async fn next_app(listener: &mut Listener) -> Event {
    loop {
        match listener.next().await {
            Event::Resync => {}
            event => return event,
        }
    }
}
