//! Apps, members and domains.

use execution::{AllLimits, Ceilings, GivenLimits, Limits};
use sqlx::PgPool;
use store::{
    AppRole, AppUpdate, DomainEvidence, DomainKind, DomainStatus, Error, InstanceRole, LimitsUpdate, NewDomain, Page, Person, Revision,
    Thing,
};

use crate::{
    runs::{execution, log},
    world::{World, create_route, create_script, noon},
};

fn claim(host: &str, kind: DomainKind, status: DomainStatus) -> NewDomain {
    NewDomain { host: host.into(), kind, status, challenge: "proof".into(), now: noon() }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_slug_is_taken_once(pool: PgPool) {
    let world = World::new(pool).await;
    world.app("shop").await;
    let taken = world.instance().await.create_app(&"shop".parse().unwrap(), "Another", noon()).await;
    assert!(matches!(taken, Err(Error::Duplicate { what: Thing::App, name }) if name == "shop"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_app_is_renamed_only_from_the_state_that_was_seen(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let seen = app.app().await.unwrap().unwrap();
    assert_eq!((seen.deployment, seen.limits.clone()), (None, AllLimits::default()));
    let renamed = app.update(&named("Shop"), Some(&seen.revision), noon()).await.unwrap().unwrap();
    assert_eq!(renamed.name, "Shop");
    let stale = app.update(&named("Store"), Some(&seen.revision), noon()).await;
    assert!(matches!(stale, Err(Error::Changed { what: Thing::App, revision }) if revision == renamed.revision));
    let guessed = app.update(&named("Store"), Some(&Revision::parse("guess")), noon()).await;
    assert!(matches!(guessed, Err(Error::Changed { .. })));
    assert_eq!(app.update(&named("Store"), None, noon()).await.unwrap().unwrap().name, "Store");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn limits_change_one_by_one_and_are_given_back(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let change = async |limits: &[(&str, Option<u64>)]| {
        let these = LimitsUpdate::These(limits.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect());
        let update = AppUpdate { limits: Some(these), ..AppUpdate::default() };
        app.update(&update, None, noon()).await.unwrap().unwrap().limits.execution
    };
    let live = async || world.store.snapshots().one(app.app_id()).await.unwrap().unwrap().limits;
    let fuel = Limits { fuel: 5, ..Limits::default() };
    assert_eq!(change(&[("fuel", Some(5))]).await, fuel.clone());
    assert_eq!(live().await, fuel);
    assert_eq!(change(&[("wall_ms", Some(7))]).await, Limits { wall_ms: 7, ..fuel.clone() });
    assert_eq!(change(&[("wall_ms", None)]).await, fuel);
    assert_eq!(change(&[("fuel", None)]).await, Limits::default());
    assert_eq!(live().await, Limits::default());
    change(&[("fuel", Some(5))]).await;
    let defaults = AppUpdate { limits: Some(LimitsUpdate::Defaults), ..AppUpdate::default() };
    assert_eq!(app.update(&defaults, None, noon()).await.unwrap().unwrap().given_limits, GivenLimits::new());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_an_app_has_is_within_what_the_instance_allows(pool: PgPool) {
    let mut world = World::new(pool).await;
    let app = world.opened("shop").await;
    let given = [("fuel".to_owned(), Some(2_000_000_000)), ("concurrency".to_owned(), Some(64)), ("kv_keys".to_owned(), Some(7))];
    let update = AppUpdate { limits: Some(LimitsUpdate::These(given.into())), ..AppUpdate::default() };
    let updated = app.update(&update, None, noon()).await.unwrap().unwrap();
    assert_eq!((updated.limits.app.concurrency, updated.limits.app.kv_keys, updated.limits.app.secrets), (64, 7, 100));

    let mut ceilings = Ceilings::default();
    ceilings.set("fuel", 5).unwrap();
    ceilings.set("concurrency", 16).unwrap();
    ceilings.set("secrets", 3).unwrap();
    world.store = world.store.with_ceilings(ceilings);
    world.control = world.store.control();
    let live = world.store.snapshots().one(app.app_id()).await.unwrap().unwrap();
    assert_eq!((live.limits.fuel, live.app_limits.concurrency, live.app_limits.kv_keys, live.app_limits.secrets), (5, 16, 7, 3));
    let seen = world.open(app.app_id()).await.app().await.unwrap().unwrap();
    assert_eq!((seen.limits.app, seen.given_limits), (live.app_limits, updated.given_limits));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_deleted_app_takes_everything_along(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let (script, make_script) = create_script("hello", "1");
    let (_, make_route) = create_route(script, "/");
    app.deploy(&[make_script, make_route], "first", noon()).await.unwrap();
    app.create_domain(&claim("shop.example", DomainKind::Exact, DomainStatus::Verified)).await.unwrap();
    let ran = execution(app.app_id(), script, noon());
    world.store.runs().append(std::slice::from_ref(&ran), &[log(&ran, "hello")]).await.unwrap();
    let id = app.app_id();
    let twin = world.open(id).await;
    assert!(app.delete(noon()).await.unwrap());

    assert!(twin.app().await.unwrap().is_none());
    assert!(matches!(twin.deploy(&[], "late", noon()).await, Err(Error::Missing { what: Thing::App, .. })));
    assert!(world.store.snapshots().one(id).await.unwrap().is_none());
    assert!(!twin.delete(noon()).await.unwrap());
    let swept = world.store.runs().maintain(noon(), store::Retention::default()).await.unwrap();
    assert_eq!(swept.deleted, 2, "its execution and its log line");
    for table in ["sources", "scripts", "deployments", "deployment_scripts", "deployment_routes", "domains", "members"] {
        let count = format!("select count(*) from {table}");
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&world.pool).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
    world.app("shop").await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn members_come_change_and_go(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let ada = world.admin("ada", InstanceRole::Member).await.admin();
    let viewer = app.add_member(&Person::Username("ADA".into()), AppRole::Viewer, noon()).await.unwrap();
    assert_eq!((viewer.admin, viewer.role), (ada, AppRole::Viewer));
    let twice = app.add_member(&Person::Id(ada), AppRole::AppAdmin, noon()).await;
    assert!(matches!(twice, Err(Error::Duplicate { what: Thing::Member, .. })));
    let editor = app.change_member(ada, AppRole::Editor, Some(&viewer.revision()), noon()).await.unwrap().unwrap();
    assert_eq!(app.member(ada).await.unwrap().unwrap(), editor);
    let stale = app.change_member(ada, AppRole::AppAdmin, Some(&viewer.revision()), noon()).await;
    assert!(matches!(stale, Err(Error::Changed { what: Thing::Member, .. })));
    let roles: Vec<_> =
        app.members(Page::default()).await.unwrap().items.into_iter().map(|member| (member.username, member.role)).collect();
    assert_eq!(roles, [("owner".to_owned(), AppRole::AppAdmin), ("ada".to_owned(), AppRole::Editor)]);
    assert!(app.remove_member(ada, None, noon()).await.unwrap());
    assert!(!app.remove_member(ada, None, noon()).await.unwrap());
    assert_eq!(app.change_member(ada, AppRole::Viewer, None, noon()).await.unwrap(), None);
    for nobody in [Person::Id(store::AdminId::new(noon())), Person::Username("nobody".into())] {
        let refused = app.add_member(&nobody, AppRole::Viewer, noon()).await;
        assert!(matches!(refused, Err(Error::Missing { what: Thing::Admin, .. })));
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_7_2_a_pending_claim_blocks_nobody(pool: PgPool) {
    let world = World::new(pool).await;
    let (squatter, holder) = (world.opened("squatter").await, world.opened("holder").await);
    let pending = squatter.create_domain(&claim("shop.example", DomainKind::Exact, DomainStatus::Pending)).await.unwrap();
    let proved = holder.create_domain(&claim("shop.example", DomainKind::Exact, DomainStatus::Pending)).await.unwrap();
    let proved = holder.verify_domain(proved.id, DomainEvidence::NotNeeded, noon()).await.unwrap().unwrap();
    assert_eq!((proved.status, proved.verified_at), (DomainStatus::Verified, Some(noon())));

    assert!(matches!(
        squatter.verify_domain(pending.id, DomainEvidence::NotNeeded, noon()).await,
        Err(Error::Duplicate { what: Thing::Domain, .. })
    ));
    let late = squatter.create_domain(&claim("shop.example", DomainKind::Exact, DomainStatus::Verified)).await;
    assert!(matches!(late, Err(Error::Duplicate { what: Thing::Domain, .. })));
    let twice = holder.create_domain(&claim("shop.example", DomainKind::Exact, DomainStatus::Pending)).await;
    assert!(matches!(twice, Err(Error::Duplicate { what: Thing::Domain, .. })));
    holder.create_domain(&claim("shop.example", DomainKind::Wildcard, DomainStatus::Verified)).await.unwrap();

    assert!(holder.delete_domain(proved.id, None, noon()).await.unwrap());
    squatter.verify_domain(pending.id, DomainEvidence::NotNeeded, noon()).await.unwrap().unwrap();
}

fn named(name: &str) -> AppUpdate {
    AppUpdate { name: Some(name.to_owned()), ..AppUpdate::default() }
}
