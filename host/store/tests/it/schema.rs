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

/// Queries that name a table of apps and no app, by their beginning: what a node does for all apps at once, and rows that are found by a key of their own.
const FOR_ALL_APPS: &[&str] = &[
    // When the next job or slot comes, and what a restart or the clock ends.
    "select (extract(epoch from (select min(due_at) from jobs",
    "select (select count(*) from (select 1 from jobs",
    "update jobs set due_at = now() where execution_id is not null",
    "delete from messages where published_at",
    "delete from schedule_runs where made_at",
    "select exists (select from messages where (xact, id)",
    // A restored instance without its key file forgets all secrets; a new master key is sealed for all apps.
    "delete from secrets",
    "delete from secret_keys",
    "select distinct master from secret_keys",
    // Sources are read by their digest when all apps are loaded: alike texts are alike.
    "select distinct on (digest) digest",
    // A slug that was an app's, whoever's.
    "select max(deleted_at)",
    // A row for the audit's hash, under the lock of the action that has opened it.
    "select to_jsonb(t) as \"row!\" from egress_rules t where id",
    "select to_jsonb(t) - '{checked_at",
];

/// What a script or a person names is a key within an app; no query can leave the app out (S-6.2).
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_6_2_every_query_on_a_table_of_apps_names_the_app(pool: PgPool) {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'app_id' and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> all($1)",
    )
    .bind(NOT_BOUND)
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(tables.len() > 20, "{tables:?}");
    let mut found = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.sqlx")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let described: serde_json::Value = serde_json::from_str(&text).unwrap();
        let words: Vec<&str> = described["query"].as_str().unwrap().split_whitespace().collect();
        let query = words.join(" ");
        let is_named = |pair: &[&str]| {
            let table = pair[1].trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
            ["from", "join", "into", "update"].contains(&pair[0].trim_start_matches('(')) && tables.iter().any(|name| name == table)
        };
        if query.contains("app_id") || !words.windows(2).any(is_named) {
            continue;
        }
        let reason = FOR_ALL_APPS.iter().position(|beginning| query.starts_with(beginning));
        found.insert(reason.unwrap_or_else(|| panic!("name the app, or say why not: {query}")));
    }
    assert_eq!(found.len(), FOR_ALL_APPS.len(), "what is not there any more is taken off the list");
}
