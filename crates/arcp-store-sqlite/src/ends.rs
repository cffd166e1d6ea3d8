//! Where streams end, remembered so that an append need not ask: at most so many streams.

use std::collections::HashMap;

use arcp_store::Key;

/// The last number of streams written lately.
///
/// Two generations: when the young one is full it becomes the old one, and what was not used in
/// the meantime is forgotten. INVARIANT: what is remembered is what the open transaction has; the
/// writer forgets whatever a rollback may have changed.
#[derive(Debug)]
pub(crate) struct Ends {
    young: HashMap<Key, u64>,
    old: HashMap<Key, u64>,
    /// How many one generation holds.
    room: usize,
}

impl Ends {
    pub(crate) fn new(room: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), room }
    }

    pub(crate) fn get(&self, stream: &Key) -> Option<u64> {
        self.young.get(stream).or_else(|| self.old.get(stream)).copied()
    }

    pub(crate) fn set(&mut self, stream: &Key, last: u64) {
        if let Some(known) = self.young.get_mut(stream) {
            *known = last;
            return;
        }
        if self.young.len() >= self.room {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(stream.clone(), last);
    }

    pub(crate) fn forget(&mut self, stream: &Key) {
        self.young.remove(stream);
        self.old.remove(stream);
    }

    pub(crate) fn forget_all(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Key {
        Key::new(vec![n])
    }

    #[test]
    fn forgets_what_was_not_used_and_never_tells_an_old_end() {
        let mut ends = Ends::new(2);
        ends.set(&key(1), 1);
        ends.set(&key(2), 1);
        ends.set(&key(3), 1);
        ends.set(&key(1), 2);
        assert_eq!(ends.get(&key(1)), Some(2));
        ends.set(&key(4), 1);
        assert_eq!([1, 2, 3, 4].map(|n| ends.get(&key(n))), [Some(2), None, Some(1), Some(1)]);
        ends.forget(&key(1));
        assert_eq!(ends.get(&key(1)), None);
        ends.forget_all();
        assert_eq!(ends.get(&key(4)), None);
    }
}
