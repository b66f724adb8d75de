//! Admins, sessions, keys.

use jiff::SignedDuration;
use sqlx::PgPool;
use store::{AdminUpdate, AppRef, Digest, Error, InstanceRole, Keys, NewApiKey, NewSession, Page, Principal, Thing};

use crate::world::{World, allow, new_admin, noon};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn new_key(text: &str) -> NewApiKey {
    NewApiKey {
        key: Digest::of(text.as_bytes()),
        name: "ci".into(),
        prefix: "pic_live".into(),
        last4: "wxyz".into(),
        scopes: vec!["script:read".into(), "log:read".into()],
        app: None,
        networks: Vec::new(),
        now: noon(),
        expires_at: Some(noon() + HOUR),
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_8_the_first_owner_is_made_once(pool: PgPool) {
    let world = World::new(pool).await;
    assert_eq!(world.control.create_first_owner(&new_admin("second", InstanceRole::Owner)).await.unwrap(), None);
    assert_eq!(world.control.owners().await.unwrap(), 1);
    let facts = world.control.whoami(&world.owner).await.unwrap().unwrap();
    assert_eq!((facts.username.as_str(), facts.display_name.as_str(), facts.instance_role), ("owner", "Owner", InstanceRole::Owner));
    let id = world.control.instance(noon()).await.unwrap();
    assert_eq!(world.control.instance(noon() + HOUR).await.unwrap(), id);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_username_is_one_in_any_case(pool: PgPool) {
    let world = World::new(pool).await;
    let instance = world.instance().await;
    let ada = instance.create_admin(&new_admin("Ada", InstanceRole::Member)).await.unwrap();
    let taken = instance.create_admin(&new_admin("aDA", InstanceRole::Member)).await;
    assert!(matches!(taken, Err(Error::Duplicate { what: Thing::Admin, name }) if name == "ada"));
    let facts = world.control.login_facts("ADA").await.unwrap().unwrap();
    assert_eq!((facts.admin, facts.active), (ada.id, true));
    assert!(world.control.login_facts("nobody").await.unwrap().is_none());
    assert!(!format!("{facts:?}").contains("argon2"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_last_owner_stays(pool: PgPool) {
    let world = World::new(pool).await;
    let instance = world.instance().await;
    let owner = world.owner.admin();
    let demote = AdminUpdate { role: Some(InstanceRole::Member), ..AdminUpdate::default() };
    let disable = AdminUpdate { active: Some(false), ..AdminUpdate::default() };
    assert!(matches!(instance.update_admin(owner, &demote, None, noon()).await, Err(Error::LastOwner)));
    assert!(matches!(instance.update_admin(owner, &disable, None, noon()).await, Err(Error::LastOwner)));

    let second = instance.create_admin(&new_admin("second", InstanceRole::Owner)).await.unwrap();
    let (one, two) =
        tokio::join!(instance.update_admin(owner, &demote, None, noon()), instance.update_admin(second.id, &demote, None, noon()));
    assert_eq!([one.is_err(), two.is_err()].iter().filter(|refused| **refused).count(), 1, "one of two mutual demotions is refused");
    assert_eq!(world.control.owners().await.unwrap(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_4_a_session_ends_by_time_by_idleness_and_by_logout(pool: PgPool) {
    let world = World::new(pool).await;
    let (token, idle) = (Digest::of(b"token"), HOUR * 12);
    let session = NewSession {
        admin: world.owner.admin(),
        token,
        ip: "::1".into(),
        user_agent: "test".into(),
        request_id: None,
        now: noon(),
        expires_at: noon() + HOUR * 24,
    };
    let made = world.control.create_session(&session).await.unwrap();
    let find = async |at| world.control.session(&token, at, idle).await.unwrap().map(|state| state.principal);
    assert_eq!(find(noon() + HOUR * 11).await, Some(made.principal.clone()));
    assert_eq!(find(noon() + HOUR * 22).await, Some(made.principal.clone()), "the look before counts as activity");
    assert_eq!(find(noon() + HOUR * 24).await, None, "the absolute end");

    world.control.create_session(&NewSession { token: Digest::of(b"idle"), ..session.clone() }).await.unwrap();
    let unused = world.control.session(&Digest::of(b"idle"), noon() + HOUR * 12, idle).await.unwrap();
    assert!(unused.is_none(), "idle for too long");

    assert!(world.control.delete_session(&token).await.unwrap());
    assert!(!world.control.delete_session(&token).await.unwrap());
    assert_eq!(world.control.whoami(&made.principal).await.unwrap(), None, "a principal does not outlive its session");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_4_a_password_change_ends_all_other_sessions(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.admin("ada", InstanceRole::Member).await;
    let elsewhere = NewSession {
        admin: ada.admin(),
        token: Digest::of(b"elsewhere"),
        ip: "::1".into(),
        user_agent: "test".into(),
        request_id: None,
        now: noon(),
        expires_at: noon() + HOUR,
    };
    world.control.create_session(&elsewhere).await.unwrap();
    let own = world.control.own(&ada);
    assert_eq!(own.sessions(noon(), HOUR).await.unwrap().len(), 2);
    own.set_password("$argon2id$new", &Digest::of(b"rotated"), noon()).await.unwrap();
    let left = own.sessions(noon(), HOUR).await.unwrap();
    assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [ada.session().unwrap()]);
    assert!(world.control.session(&Digest::of(b"ada"), noon(), HOUR).await.unwrap().is_none(), "the old token");
    assert!(world.control.session(&Digest::of(b"rotated"), noon(), HOUR).await.unwrap().is_some(), "the new one");
    assert!(!world.control.own(&world.owner).delete_session(left[0].id, noon()).await.unwrap(), "nobody ends another's session");
    assert!(own.delete_session(left[0].id, noon()).await.unwrap());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_8_7_a_key_ends_by_time_by_revocation_and_with_its_maker(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.admin("ada", InstanceRole::Admin).await;
    let own = world.control.own(&ada);
    let key = own.create_api_key(&new_key("secret")).await.unwrap();
    assert_eq!(key.last_used_at, None);
    let find = async |text: &str, at| world.by_key(&Digest::of(text.as_bytes()), at).await;

    let principal = find("secret", noon()).await.unwrap();
    assert_eq!((principal.admin(), principal.key()), (ada.admin(), Some(key.id)));
    assert_eq!(own.api_keys(Page::default()).await.unwrap().items[0].last_used_at, Some(noon()));
    assert_eq!(find("secret", noon() + HOUR).await, None, "expired");
    assert_eq!(find("guess", noon()).await, None);

    let instance = world.instance().await;
    let facts = world.control.whoami(&principal).await.unwrap().unwrap();
    assert_eq!(facts.instance_role, InstanceRole::Admin);
    assert_eq!(facts.key.unwrap().scopes, key.scopes);
    let demote = AdminUpdate { role: Some(InstanceRole::Member), ..AdminUpdate::default() };
    instance.update_admin(ada.admin(), &demote, None, noon()).await.unwrap();
    let facts = world.control.whoami(&principal).await.unwrap().unwrap();
    assert_eq!(facts.instance_role, InstanceRole::Member, "a key has its maker's role of now");

    assert!(world.control.own(&world.owner).revoke_api_key(key.id, None, noon()).await.unwrap().is_none(), "not his own");
    let revoked = own.revoke_api_key(key.id, None, noon()).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(noon()));
    let again = instance.revoke_api_key(key.id, None, noon() + HOUR).await.unwrap().unwrap();
    assert_eq!(again.revoked_at, Some(noon()), "the first revocation counts");
    assert_eq!(find("secret", noon()).await, None);
    assert_eq!(world.control.whoami(&principal).await.unwrap(), None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_inactive_admin_has_no_credentials(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.admin("ada", InstanceRole::Admin).await;
    world.control.own(&ada).create_api_key(&new_key("secret")).await.unwrap();
    let by_key: Principal = world.by_key(&Digest::of(b"secret"), noon()).await.unwrap();
    let disable = AdminUpdate { active: Some(false), ..AdminUpdate::default() };
    world.instance().await.update_admin(ada.admin(), &disable, None, noon()).await.unwrap();

    assert!(world.control.session(&Digest::of(b"ada"), noon(), HOUR).await.unwrap().is_none());
    assert!(world.by_key(&Digest::of(b"secret"), noon()).await.is_none());
    let app = world.app("shop").await;
    for principal in [ada, by_key] {
        let refused = world.control.authorize(&principal, &AppRef::Id(app.id), allow).await;
        assert!(matches!(refused, Err(store::AuthorizeError::Revoked)));
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_key_can_only_be_bound_to_an_app_that_exists(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("shop").await;
    let own = world.control.own(&world.owner);
    let bound = NewApiKey { app: Some(app.id), ..new_key("bound") };
    assert_eq!(own.create_api_key(&bound).await.unwrap().app, Some(app.id));
    world.open(app.id).await.delete(noon()).await.unwrap();
    assert!(world.by_key(&bound.key, noon()).await.is_none(), "the key goes with its app");
    let late = own.create_api_key(&NewApiKey { app: Some(app.id), ..new_key("late") }).await;
    assert!(matches!(late, Err(Error::Missing { what: Thing::App, .. })));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_password_reset_on_the_machine_lets_only_the_new_password_in(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.admin("ada", InstanceRole::Admin).await;
    let own = world.control.own(&ada);
    own.create_api_key(&new_key("secret")).await.unwrap();
    assert!(world.control.reset_password("ADA", "$argon2id$first", Keys::Keep, noon()).await.unwrap());
    assert!(world.by_key(&Digest::of(b"secret"), noon()).await.is_some());
    assert!(world.control.reset_password("ADA", "$argon2id$reset", Keys::Revoke, noon()).await.unwrap());
    assert!(world.by_key(&Digest::of(b"secret"), noon()).await.is_none());
    assert_eq!(world.control.login_facts("ada").await.unwrap().unwrap().password_hash, "$argon2id$reset");
    assert_eq!(world.control.whoami(&ada).await.unwrap(), None, "sessions ended");
    assert!(!world.control.reset_password("nobody", "$argon2id$reset", Keys::Keep, noon()).await.unwrap());
}
