//! The audit log: one row for each change, in a chain that shows what was tampered with.

use sqlx::{AssertSqlSafe, PgPool};
use store::{AppUpdate, AuditEntry, AuditFilter, AuditPosition, Digest, Origin, Page};

use crate::world::{World, create_script, edit, noon};

/// Everything, newest first.
async fn all(world: &World) -> Vec<AuditEntry> {
    world.instance().await.audit(None, &AuditFilter::default(), Page::default()).await.unwrap().items
}

fn actions(entries: &[AuditEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.content.action.as_str()).collect()
}

/// What somebody with all rights on the database could do.
async fn tamper(pool: &PgPool, statement: &str) {
    let statement = format!("set session_replication_role = replica; {statement}; set session_replication_role = default");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(pool).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_9_a_row_names_actor_action_and_origin(pool: PgPool) {
    let world = World::new(pool).await;
    let origin = Origin { ip: Some("192.0.2.1".into()), request_id: Some("r-1".into()) };
    let owner = world.owner.clone().from_origin(origin);
    let instance = world.control.authorize_instance(&owner, crate::world::allow).await.unwrap();
    let app = instance.create_app(&"shop".parse().unwrap(), "Shop", noon()).await.unwrap();
    let (script, change) = create_script("main", "1");
    let store = world.control.authorize(&owner, &store::AppRef::Id(app.id), crate::world::allow).await.unwrap();
    let deployment = store.deploy(&[change], "first", noon()).await.unwrap();

    let rows = store.audit(&AuditFilter::default(), Page::default()).await.unwrap().items;
    assert_eq!(actions(&rows), ["deployment.created", "app.created"]);
    let row = &rows[0].content;
    assert_eq!((row.app_id, row.seq, row.at, row.actor_id), (Some(app.id), 2, noon(), owner.admin()));
    assert_eq!((row.actor.as_str(), row.ip.as_deref(), row.request_id.as_deref()), ("owner", Some("192.0.2.1"), Some("r-1")));
    assert_eq!(row.target, Some(deployment.id.to_string()));
    assert_eq!(row.details["changes"][0]["create_script"], script.to_string());
    assert_eq!(rows[1].previous_hash, Digest::from([0; 32]));
    assert_eq!(rows[0].previous_hash, rows[1].hash);
    assert_eq!(actions(&all(&world).await), ["deployment.created", "app.created", "admin.created"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_9_a_change_that_fails_leaves_no_row_and_a_row_that_fails_no_change(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    world.app("shop").await;
    world.instance().await.create_app(&"shop".parse().unwrap(), "again", noon()).await.unwrap_err();
    assert_eq!(actions(&all(&world).await), ["app.created", "admin.created"]);

    sqlx::raw_sql("alter table audit add constraint audit_full check (false) not valid").execute(&pool).await.unwrap();
    world.instance().await.create_app(&"other".parse().unwrap(), "other", noon()).await.unwrap_err();
    let apps: i64 = sqlx::query_scalar("select count(*) from apps").fetch_one(&pool).await.unwrap();
    assert_eq!(apps, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_9_rows_can_be_neither_changed_nor_removed(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    world.app("shop").await;
    for statement in [
        "update audit set action = 'x'",
        "delete from audit",
        "truncate audit",
        "delete from audit_chains",
        "truncate audit_chains",
        "update audit_chains set last_seq = last_seq - 1",
        "update audit_chains set last_hash = decode(repeat('00', 32), 'hex')",
    ] {
        let refused = sqlx::query(statement).execute(&pool).await.unwrap_err();
        assert!(refused.to_string().contains("append only"), "{statement}: {refused}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_9_rows_outlive_their_app(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let id = app.app_id();
    assert!(app.delete(noon()).await.unwrap());
    let instance = world.instance().await;
    assert!(instance.has_audit(id).await.unwrap());
    let rows = instance.audit(Some(id), &AuditFilter::default(), Page::default()).await.unwrap().items;
    assert_eq!(actions(&rows), ["app.deleted", "app.created"]);
    assert!(instance.verify_audit(None, None, 1_000).await.unwrap().broken.is_none());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_9_what_was_tampered_with_is_found(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let app = world.opened("shop").await;
    for name in ["a", "b", "c", "d"] {
        app.update(&named(name), None, noon()).await.unwrap().unwrap();
    }
    let whole = world.instance().await.verify_audit(None, None, 1_000).await.unwrap();
    assert_eq!((whole.chains, whole.rows, whole.broken), (2, 6, None));
    assert_eq!(app.verify_audit(None, 1_000).await.unwrap().rows, 5);

    let of_app = format!("app_id = '{}'", app.app_id());
    let backup = "create table kept as table audit; create table kept_chains as table audit_chains";
    sqlx::raw_sql(backup).execute(&pool).await.unwrap();
    for (statement, seq, why) in [
        ("update audit set details = '{\"name\":\"z\"}' where {app} and seq = 3", 3, "changed"),
        ("update audit set actor = 'somebody' where {app} and seq = 1", 1, "changed"),
        ("update audit set at = at + interval '1 microsecond' where {app} and seq = 5", 5, "changed"),
        ("delete from audit where {app} and seq = 2", 2, "missing"),
        ("delete from audit where {app} and seq = 5", 5, "missing"),
        ("delete from audit where {app}", 1, "missing"),
        ("delete from audit_chains where {app}", 1, "end of the chain"),
        ("update audit set previous_hash = hash where {app} and seq = 2", 2, "continue"),
        ("update audit_chains set last_hash = decode(repeat('00', 32), 'hex') where {app}", 5, "ended"),
        ("update audit_chains set last_seq = 4 where {app}", 4, "ended"),
    ] {
        tamper(&pool, &statement.replace("{app}", &of_app)).await;
        let fault = world
            .instance()
            .await
            .verify_audit(None, None, 1_000)
            .await
            .unwrap()
            .broken
            .unwrap_or_else(|| panic!("unnoticed: {statement}"));
        assert_eq!((fault.app, fault.seq), (Some(app.app_id()), seq), "{statement}: {fault:?}");
        assert!(fault.why.contains(why), "{statement}: {fault:?}");
        assert_eq!(app.verify_audit(None, 1_000).await.unwrap().broken, Some(fault));
        let restore =
            "delete from audit; insert into audit table kept; delete from audit_chains; insert into audit_chains table kept_chains";
        tamper(&pool, restore).await;
        assert_eq!(world.instance().await.verify_audit(None, None, 1_000).await.unwrap().broken, None);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_9_a_chain_is_followed_a_bounded_number_of_rows_at_a_time(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let app = world.opened("shop").await;
    for number in 0..9 {
        app.update(&named(&format!("name {number}")), None, noon()).await.unwrap().unwrap();
    }
    // Over all chains, four rows a call.
    let instance = world.instance().await;
    let (mut from, mut rows, mut calls) = (None, 0, 0);
    loop {
        let verdict = instance.verify_audit(None, from, 4).await.unwrap();
        assert!(verdict.rows <= 4 && verdict.broken.is_none(), "{verdict:?}");
        // As the API gives and takes it.
        from = verdict.checkpoint.map(|checkpoint| checkpoint.to_string().parse().unwrap());
        (rows, calls) = (rows + verdict.rows, calls + 1);
        if verdict.complete {
            break;
        }
    }
    assert_eq!((rows, calls), (11, 3));

    // From a checkpoint on, only what came since.
    let kept = app.verify_audit(None, 1_000).await.unwrap().checkpoint;
    assert_eq!(app.verify_audit(kept, 1_000).await.unwrap().rows, 0);
    app.update(&named("later"), None, noon()).await.unwrap().unwrap();
    let verdict = app.verify_audit(kept, 1_000).await.unwrap();
    assert_eq!((verdict.rows, verdict.complete, verdict.broken), (1, true, None));
    // A chain that was cut off, or written anew, does not go on from there.
    let of_app = format!("app_id = '{}'", app.app_id());
    for (statement, why) in [
        (
            format!("update audit_chains set last_seq = 8, last_hash = (select hash from audit where {of_app} and seq = 8) where {of_app}"),
            "missing",
        ),
        (format!("update audit set previous_hash = hash where {of_app} and seq = 11"), "continue"),
    ] {
        tamper(&pool, &statement).await;
        let fault = app.verify_audit(kept, 1_000).await.unwrap().broken.unwrap_or_else(|| panic!("unnoticed: {statement}"));
        assert!(fault.why.contains(why), "{statement}: {fault:?}");
        let end = format!(
            "update audit_chains set last_seq = 11, last_hash = (select hash from audit where {of_app} and seq = 11) where {of_app}"
        );
        tamper(&pool, &end).await;
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_9_rows_tell_what_the_thing_was_and_is(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let app = world.opened("shop").await;
    app.update(&named("one"), None, noon()).await.unwrap().unwrap();
    app.update(&named("two"), None, noon()).await.unwrap().unwrap();
    app.update(&named("one"), None, noon()).await.unwrap().unwrap();
    let states = async || -> Vec<_> {
        let rows = app.audit(&AuditFilter { action: Some("app.updated".into()), ..AuditFilter::default() }, Page::default()).await.unwrap();
        rows.items.into_iter().rev().map(|row| (row.content.before_sha256.unwrap(), row.content.after_sha256.unwrap())).collect()
    };
    let seen = states().await;
    assert_eq!((seen[0].1, seen[1].1), (seen[1].0, seen[2].0), "each begins where the one before ended");
    assert_eq!(seen[0].1, seen[2].1, "equal things have equal hashes");
    assert_ne!(seen[0].1, seen[1].1);
    // What was changed past the program shows at the next change.
    sqlx::raw_sql("update apps set name = 'by hand'").execute(&pool).await.unwrap();
    app.update(&named("three"), None, noon()).await.unwrap().unwrap();
    let seen = states().await;
    assert_ne!(seen[2].1, seen[3].0);
    // Anybody with the row can make the hash.
    let row: serde_json::Value =
        sqlx::query_scalar("select to_jsonb(a) - '{active_deployment_id,previous_deployment_id,last_deployment}'::text[] from apps a")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(seen[3].1, Digest::of(row.to_string().as_bytes()));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_9_a_deployment_is_hashed_with_what_it_runs(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let app = world.opened("shop").await;
    let (script, make) = create_script("hello", "1");
    app.deploy(&[make], "", noon()).await.unwrap();
    app.deploy(&[edit(script, "2")], "", noon()).await.unwrap();
    app.deploy(&[edit(script, "1")], "", noon()).await.unwrap();
    app.roll_back(Some(2), "", noon()).await.unwrap().unwrap();
    let contents: Vec<Digest> =
        sqlx::query_scalar("select contents_sha256 from deployments order by number").fetch_all(&pool).await.unwrap();
    assert!(contents[0] == contents[2] && contents[0] != contents[1], "{contents:?}");
    let rows = app.audit(&AuditFilter::default(), Page::default()).await.unwrap().items;
    let of = |at: usize| (rows[at].content.before_sha256, rows[at].content.after_sha256);
    // Newest first: the rollback, three deployments, the app itself.
    assert_eq!(actions(&rows)[0], "app.rolled_back");
    assert_eq!((of(3).0, of(2).0, of(1).0, of(0).0), (None, of(3).1, of(2).1, of(1).1));
    assert_eq!(of(0).1, of(2).1, "the same deployment again");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_9_writers_at_once_make_one_chain(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let names: Vec<_> = (0..20).map(|number| named(&format!("name {number}"))).collect();
    futures_join(names.iter().map(|name| app.update(name, None, noon()))).await;
    let verdict = app.verify_audit(None, 1_000).await.unwrap();
    assert_eq!((verdict.rows, verdict.broken), (21, None));
}

/// Waits for all of them, at once.
async fn futures_join<T, E: std::fmt::Debug>(futures: impl Iterator<Item = impl Future<Output = Result<T, E>>>) {
    let mut waiting: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(result) => {
                result.unwrap();
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn rows_are_filtered_paged_and_exported_in_order(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    for number in 0..6 {
        app.update(&named(&format!("name {number}")), None, noon() + jiff::SignedDuration::from_secs(number)).await.unwrap().unwrap();
    }
    let of = async |filter: AuditFilter| app.audit(&filter, Page::default()).await.unwrap().items.len();
    assert_eq!(of(AuditFilter { action: Some("app.updated".into()), ..AuditFilter::default() }).await, 6);
    assert_eq!(of(AuditFilter { actor: Some("OWNER".into()), ..AuditFilter::default() }).await, 7);
    assert_eq!(of(AuditFilter { actor: Some(world.owner.admin().to_string()), ..AuditFilter::default() }).await, 7);
    assert_eq!(of(AuditFilter { actor: Some("ada".into()), ..AuditFilter::default() }).await, 0);
    let (from, to) = (noon() + jiff::SignedDuration::from_secs(1), noon() + jiff::SignedDuration::from_secs(3));
    assert_eq!(of(AuditFilter { from: Some(from), to: Some(to), ..AuditFilter::default() }).await, 2);

    let first = app.audit(&AuditFilter::default(), Page::new(Some(5), None).unwrap()).await.unwrap();
    let second = Page::new(Some(5), first.next_cursor.as_deref()).unwrap();
    let second = app.audit(&AuditFilter::default(), second).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next_cursor), (5, 2, None));

    let (mut position, mut exported) = (AuditPosition::default(), Vec::new());
    loop {
        let (rows, next) = world.instance().await.audit_after(None, position, 3).await.unwrap();
        if rows.is_empty() {
            break;
        }
        exported.extend(rows);
        position = next;
    }
    let order: Vec<_> = exported.iter().map(|row| (row.content.app_id, row.content.seq)).collect();
    assert_eq!(order.len(), 8);
    assert!(order.is_sorted(), "{order:?}");
    let of_app = app.audit_after(AuditPosition::default(), 100).await.unwrap().0;
    assert_eq!(of_app.len(), 7);
}

fn named(name: &str) -> AppUpdate {
    AppUpdate { name: Some(name.to_owned()), ..AppUpdate::default() }
}
