//! How many connections each client has open (S-4.1).

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::peer::Holder;

/// Connections open at once, by who holds the address. Peers that are trusted proxies speak for many and are not counted.
#[derive(Debug, Default)]
pub(crate) struct Holders(Mutex<HashMap<Holder, usize>>);

/// One of a holder's connections; given back by drop.
pub(crate) struct Counted {
    holders: Arc<Holders>,
    holder: Holder,
}

impl Counted {
    /// `None`: the holder of this address has the `most` open that he may.
    pub(crate) fn enter(holders: &Arc<Holders>, address: IpAddr, most: usize) -> Option<Self> {
        let holder = Holder::of(address);
        let mut counts = holders.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(holder).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Self { holders: Arc::clone(holders), holder })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.holders.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_4_1_connections_per_address_are_bounded() {
        let holders = Arc::new(Holders::default());
        let enter = |last: u8| Counted::enter(&holders, IpAddr::from([203, 0, 113, last]), 2);
        let (first, second) = (enter(1), enter(1));
        assert!(first.is_some() && second.is_some() && enter(1).is_none() && enter(2).is_some());
        drop(first);
        assert!(enter(1).is_some());
        drop(second);
        assert!(holders.0.lock().is_ok_and(|counts| counts.is_empty()));
    }

    #[test]
    fn s_4_1_connections_of_one_holder_of_ipv6_addresses_are_bounded_together() {
        let holders = Arc::new(Holders::default());
        let enter = |network: u16, device: u16| Counted::enter(&holders, [0x2001, 0xdb8, 0, network, 0, 0, 0, device].into(), 2);
        let held = [enter(1, 1), enter(1, 2)];
        assert!(held.iter().all(Option::is_some) && enter(1, 3).is_none() && enter(2, 3).is_some());
    }
}
