//! Files and connections that this process may have open: as many as the system lets it, and how many of them are for visitors (S-4.1).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More would be of no use.
const ENOUGH: u64 = 65_536;
/// For everything but visitors: the database, files, calls of scripts. A quarter, where there are few.
const OTHERS: u64 = 4_000;

/// Takes as many as are allowed: shells and services begin with 1,024, which an idle browser for each of would use up.
pub(crate) fn take_all() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
    if current.is_some_and(|current| current < wanted) {
        // What is refused leaves what there was, and `connections` counts with that.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}

/// Connections of visitors that leave enough for everything else.
pub(crate) fn connections(most: usize) -> usize {
    within(getrlimit(Resource::Nofile).current, most)
}

fn within(limit: Option<u64>, most: usize) -> usize {
    let Some(limit) = limit else { return most };
    usize::try_from(limit - OTHERS.min(limit / 4)).unwrap_or(most).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_4_1_connections_leave_descriptors_for_everything_else() {
        let of = |limit| within(Some(limit), 20_000);
        assert_eq!([of(1_024), of(4_096), of(20_000), of(24_000), of(65_536)], [768, 3_072, 16_000, 20_000, 20_000]);
        assert_eq!(within(None, 20_000), 20_000);
    }
}
