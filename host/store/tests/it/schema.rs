//! Rules that every migration must keep, read from the catalogue.

use sqlx::PgPool;
use store::{Error, PoolSizes, Store};

/// Tables whose `app_id` is not the isolation boundary: a key may be bound to no app, an invitation lead to none. By name.
const NOT_BOUND: [&str; 2] = ["api_keys", "invitations"];
/// Tables whose rows outlive their app.
const OUTLIVING: [&str; 5] = ["app_tombstones", "asset_blobs", "audit", "audit_chains", "file_blobs"];

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_table_with_an_app_id_has_it_first_in_an_index(pool: PgPool) {
    let bare: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'app_id' and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
            and not exists (select from pg_index i where i.indrelid = c.oid and i.indkey[0] = a.attnum)",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(bare.is_empty(), "put app_id first in the primary key of {bare:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_app_id_cascades_from_its_app(pool: PgPool) {
    let loose: Vec<String> = sqlx::query_scalar(
        "with recursive bound as (
            select 'apps'::regclass::oid as id
            union
            select f.conrelid from pg_constraint f join bound b on b.id = f.confrelid where f.contype = 'f' and f.confdeltype = 'c'
        )
        select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'app_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relispartition
            and c.oid not in (select id from bound) and c.relname <> all($1)",
    )
    .bind(OUTLIVING)
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(loose.is_empty(), "give app_id of {loose:?} a foreign key on delete cascade");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_app_id_is_required(pool: PgPool) {
    let nullable: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.columns
        where table_schema = 'public' and column_name = 'app_id' and is_nullable = 'YES'
            and table_name not in (select table_name from information_schema.views) order by table_name",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(nullable, NOT_BOUND);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_foreign_key_is_indexed(pool: PgPool) {
    let bare: Vec<String> = sqlx::query_scalar(
        "select f.conname::text from pg_constraint f where f.contype = 'f'
            and not exists (
                select from pg_index i where i.indrelid = f.conrelid and f.conkey @> (i.indkey::int2[])[0:cardinality(f.conkey) - 1]
            )
            and not exists (
                select from pg_index i where i.indrelid = f.conrelid and cardinality(f.conkey) = 2 and i.indkey[0] = f.conkey[2]
            )",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(bare.is_empty(), "a delete of the parent would scan the table: index the columns of {bare:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn constraints_are_named_by_us_and_times_have_zones(pool: PgPool) {
    let unnamed: Vec<String> = sqlx::query_scalar(
        "select conname::text from pg_constraint where connamespace = 'public'::regnamespace and conname ~ '_(fkey|check|key)[0-9]+$'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(unnamed.is_empty(), "name the constraints {unnamed:?}");
    let zoneless: Vec<String> = sqlx::query_scalar(
        "select table_name || '.' || column_name from information_schema.columns
        where table_schema = 'public' and table_name not like '\\_sqlx%'
            and (data_type = 'timestamp without time zone' or data_type = 'json' and column_name <> 'error_trace')",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(zoneless.is_empty(), "use timestamptz and jsonb in {zoneless:?}");
}

#[sqlx::test(migrations = false)]
async fn s_9_1_nodes_that_start_at_once_migrate_once(pool: PgPool) {
    let url = sqlx::ConnectOptions::to_url_lossy(&*pool.connect_options());
    let one = Store::connect(url.as_str(), PoolSizes::default()).await.unwrap();
    let two = Store::connect(url.as_str(), PoolSizes::default()).await.unwrap();
    tokio::try_join!(one.migrate(), two.migrate(), one.migrate()).unwrap();
    let applied: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations where success").fetch_one(&pool).await.unwrap();
    assert_eq!(usize::try_from(applied).unwrap(), store::MIGRATOR.iter().count());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_9_1_a_newer_schema_is_refused_if_it_takes_away(pool: PgPool) {
    let known = Store::schema_version();
    sqlx::query("insert into _sqlx_migrations (version, description, success, checksum, execution_time) values ($1, 'later', true, '', 0)")
        .bind(known + 2)
        .execute(&pool)
        .await
        .unwrap();
    let url = sqlx::ConnectOptions::to_url_lossy(&*pool.connect_options());
    let store = Store::connect(url.as_str(), PoolSizes::default()).await.unwrap();
    store.migrate().await.unwrap();
    for (schema_min, is_good) in [(known, true), (known + 1, false), (known + 2, false)] {
        sqlx::query("update compatibility set schema_min = $1").bind(schema_min).execute(&pool).await.unwrap();
        let migrated = store.migrate().await;
        let expected = (known + 2, known, schema_min);
        assert!(
            match migrated {
                Ok(()) => is_good,
                Err(Error::NewerSchema { found, known, oldest }) => !is_good && (found, known, oldest) == expected,
                Err(_) => false,
            },
            "{schema_min}"
        );
    }
    // Nobody knows what it is good for.
    sqlx::query("delete from compatibility").execute(&pool).await.unwrap();
    assert!(matches!(store.migrate().await, Err(Error::NewerSchema { oldest, .. }) if oldest == known + 2));
}
