//! F13: what the vault has sealed, changed and moved.
//!
//! Must hold: what is as it was opens to what was sealed; what was changed, cut, lengthened, put together of two, or brought to another name, version,
//! app, app key or instance does not open.

use std::sync::LazyLock;

use uuid::Uuid;
use vault::{AppKey, MasterKeys, Vault, Wrapped};

use crate::given::Given;

/// Two instances with the same master key.
struct World {
    vaults: [Vault; 2],
    /// Of two apps of the first.
    wrapped: [Wrapped; 2],
    keys: [AppKey; 2],
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let masters = MasterKeys::random().unwrap();
    let vaults = [1, 2].map(|instance| Vault::new(masters.clone(), Uuid::from_u128(instance)));
    let wrapped = [3, 4].map(|app| vaults[0].make(Uuid::from_u128(app), Uuid::from_u128(app + 10)).unwrap());
    let keys = [0, 1].map(|at| vaults[0].open(APPS[at], &wrapped[at]).unwrap());
    World { vaults, wrapped, keys }
});
const APPS: [Uuid; 2] = [Uuid::from_u128(3), Uuid::from_u128(4)];

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let mut given = Given::new(bytes);
    if given.is_set() { secret(&mut given) } else { key(&mut given) }
}

fn secret(given: &mut Given<'_>) {
    let (name, version, text) = (given.text(20), i64::from(given.byte()), given.bytes(200));
    let sealed = WORLD.keys[0].seal(&name, version, text).unwrap();
    assert_eq!(WORLD.keys[0].open(&name, version, &sealed).unwrap().as_slice(), text);
    let other = WORLD.keys[0].seal(&name, version, b"another text").unwrap();
    let changed = changed(given, &sealed, &other);
    let (key, at_name, at_version) = (given.below(2), given.text(20), i64::from(given.byte()));
    let place = [(0, name.clone(), version), (key, name.clone(), version), (0, at_name, version), (0, name.clone(), at_version)];
    for (key, at_name, at_version) in place {
        let is_at_home = key == 0 && at_name == name && at_version == version;
        let opened = WORLD.keys[key].open(&at_name, at_version, &changed);
        let whole = [(&sealed, text), (&other, b"another text".as_slice())];
        match whole.into_iter().find(|(sealed, _)| changed == **sealed && is_at_home).map(|(_, text)| text) {
            Some(text) => assert_eq!(opened.unwrap().as_slice(), text),
            None => assert!(opened.is_err(), "opened at {at_name:?} {at_version}: {opened:?}"),
        }
    }
}

/// The key of an app, in another place or changed.
fn key(given: &mut Given<'_>) {
    let World { vaults, wrapped, .. } = &*WORLD;
    let original = &wrapped[0];
    let (vault, app) = (given.below(2), given.below(2));
    let id = if given.is_set() { original.id } else { Uuid::from_u128(u128::from(given.long())) };
    let master = if given.byte() < 200 { original.master.clone() } else { given.text(20) };
    let moved = Wrapped { id, master, sealed: changed(given, &original.sealed, &wrapped[1].sealed) };
    let is_the_same = vault == 0 && app == 0 && moved == *original;
    let is_the_other = vault == 0 && app == 1 && moved == wrapped[1];
    assert_eq!(vaults[vault].open(APPS[app], &moved).is_ok(), is_the_same || is_the_other, "{moved:?}");
    assert_eq!(vaults[vault].renew(APPS[app], &moved).is_ok(), is_the_same || is_the_other, "{moved:?}");
}

fn changed(given: &mut Given<'_>, sealed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut changed = sealed.to_vec();
    for _ in 0..given.below(4) {
        let at = usize::from(given.short()) % (changed.len() + 1);
        match given.below(6) {
            0 => changed.truncate(at),
            1 => changed.extend_from_slice(given.bytes(16)),
            2 => changed = [&changed[..at], &other[at.min(other.len())..]].concat(),
            3 => changed = other.to_vec(),
            _ => {
                if let Some(byte) = changed.get_mut(at) {
                    *byte ^= given.byte();
                }
            }
        }
    }
    changed
}
