//! An instance with an owner, and short ways to make things in it.

use std::{convert::Infallible, net::Ipv4Addr};

use jiff::{SignedDuration, Timestamp};
use sqlx::{ConnectOptions, PgPool};
use store::{
    AccessFacts, App, AppId, AppRef, AppStore, Change, Control, Digest, InstanceRole, InstanceStore, KeyUse, NewAdmin, NewSession,
    PoolSizes, Principal, RouteId, ScriptId, ScriptKind, Store,
};

/// 2026-11-20T12:00:00Z: the moment at which every test starts.
pub(crate) fn noon() -> Timestamp {
    Timestamp::from_second(1_795_176_000).unwrap()
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) control: Control,
    pub(crate) owner: Principal,
    /// For what only a test asks.
    pub(crate) pool: PgPool,
}

impl World {
    pub(crate) async fn new(pool: PgPool) -> Self {
        let url = pool.connect_options().to_url_lossy();
        let store = Store::connect(url.as_str(), PoolSizes::default()).await.unwrap();
        let control = store.control();
        let owner = control.create_first_owner(&new_admin("Owner", InstanceRole::Owner)).await.unwrap().unwrap();
        Self { store, control, owner, pool }
    }

    /// From now on these keys open the secrets.
    pub(crate) async fn unlock(&mut self, keys: vault::MasterKeys) {
        let instance = self.control.instance(noon()).await.unwrap();
        self.store = self.store.clone().with_vault(vault::Vault::new(keys, instance));
        self.control = self.store.control();
    }

    pub(crate) async fn instance(&self) -> InstanceStore {
        self.control.authorize_instance(&self.owner, allow).await.unwrap()
    }

    pub(crate) async fn app(&self, slug: &str) -> App {
        self.instance().await.create_app(&slug.parse().unwrap(), slug, noon()).await.unwrap()
    }

    pub(crate) async fn open(&self, app: AppId) -> AppStore {
        self.control.authorize(&self.owner, &AppRef::Id(app), allow).await.unwrap()
    }

    /// A new app and its handle.
    pub(crate) async fn opened(&self, slug: &str) -> AppStore {
        let app = self.app(slug).await;
        self.open(app.id).await
    }

    /// Who uses this key, from an address of its networks.
    pub(crate) async fn by_key(&self, key: &Digest, at: Timestamp) -> Option<Principal> {
        let used = self.control.api_key(key, Ipv4Addr::LOCALHOST.into(), at).await.unwrap();
        used.map(|used| match used {
            KeyUse::By(principal) => principal,
            KeyUse::FromElsewhere => panic!("not from here"),
        })
    }

    /// A new admin, logged in.
    pub(crate) async fn admin(&self, username: &str, role: InstanceRole) -> Principal {
        let admin = self.instance().await.create_admin(&new_admin(username, role)).await.unwrap();
        let session = NewSession {
            admin: admin.id,
            token: Digest::of(username.as_bytes()),
            ip: "127.0.0.1".into(),
            user_agent: "test".into(),
            request_id: None,
            now: noon(),
            expires_at: noon() + SignedDuration::from_hours(24),
        };
        self.control.create_session(&session).await.unwrap().principal
    }
}

/// The decision of tests that are not about decisions.
pub(crate) fn allow(_: &AccessFacts) -> Result<(), Infallible> {
    Ok(())
}

pub(crate) fn new_admin(username: &str, role: InstanceRole) -> NewAdmin {
    NewAdmin { username: username.into(), display_name: username.into(), password_hash: "$argon2id$".into(), role, now: noon() }
}

pub(crate) fn create_script(name: &str, source: &str) -> (ScriptId, Change) {
    let id = ScriptId::new(noon());
    (id, Change::CreateScript { id, name: name.into(), kind: ScriptKind::Endpoint, source: source.into() })
}

pub(crate) fn edit(id: ScriptId, source: &str) -> Change {
    Change::UpdateScript { id, name: None, kind: None, source: Some(source.into()), expected: None }
}

pub(crate) fn create_route(script: ScriptId, path: &str) -> (RouteId, Change) {
    let id = RouteId::new(noon());
    (id, Change::CreateRoute { id, target: script.into(), method: None, host: None, path: path.into() })
}
