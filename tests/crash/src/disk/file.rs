//! One file of a disk: what is certainly on it, and what may be.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::StdRng;

/// A file's bytes, and what has been done to them since the last sync.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct File {
    durable: Vec<u8>,
    /// In the order in which it was done, each with its number.
    pending: Vec<(u64, Edit)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    Write(u64, Vec<u8>),
    Cut(u64),
}

impl File {
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self { durable: bytes, pending: Vec::new() }
    }

    /// Something was done, and is in the cache.
    pub(crate) fn edit(&mut self, number: u64, edit: Edit) {
        self.pending.push((number, edit));
    }

    /// A sync has ended that began before `number`.
    pub(crate) fn sync(&mut self, number: u64) {
        let later = self.pending.split_off(self.pending.partition_point(|(n, _)| *n < number));
        for (_, edit) in std::mem::replace(&mut self.pending, later) {
            apply(&mut self.durable, &edit);
        }
    }

    /// What is certain after a cut.
    pub(crate) fn durable(&self) -> Vec<u8> {
        self.durable.clone()
    }

    /// What there is if there is no cut.
    pub(crate) fn whole(&self) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        self.pending.iter().for_each(|(_, edit)| apply(&mut bytes, edit));
        bytes
    }

    /// What there is after a cut when some of the cache had reached the disk: each sector as it stood
    /// at some moment since the last sync, whatever moment the others are of. Cutting off is done, or
    /// is not.
    pub(crate) fn torn(&self, rng: &mut StdRng) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let count = self.pending.len();
        let some = rng.random_range(0.1..0.95);
        let mut moments: BTreeMap<u64, usize> = BTreeMap::new();
        for (turn, (_, edit)) in self.pending.iter().enumerate() {
            match edit {
                Edit::Cut(_) if rng.random_bool(0.5) => apply(&mut bytes, edit),
                Edit::Cut(_) => {}
                Edit::Write(place, data) => {
                    for (place, piece) in sectors(*place, data) {
                        let moment = moments.entry(place / SECTOR).or_insert_with(|| {
                            // Most are as they are now or as they were, some in between.
                            match rng.random_bool(0.8) {
                                true if rng.random_bool(some) => count,
                                true => 0,
                                false => rng.random_range(0..=count),
                            }
                        });
                        if turn < *moment {
                            apply(&mut bytes, &Edit::Write(place, piece.to_vec()));
                        }
                    }
                }
            }
        }
        bytes
    }
}

/// A write in pieces that lie in one sector each.
fn sectors(place: u64, data: &[u8]) -> Vec<(u64, &[u8])> {
    let (mut place, mut rest, mut pieces) = (place, data, Vec::new());
    while !rest.is_empty() {
        let room = usize::try_from(SECTOR - place % SECTOR).unwrap_or(rest.len());
        let (piece, later) = rest.split_at(room.min(rest.len()));
        pieces.push((place, piece));
        place += u64::try_from(piece.len()).unwrap_or(0);
        rest = later;
    }
    pieces
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    let at = |place: &u64| usize::try_from(*place).unwrap_or(usize::MAX);
    match edit {
        Edit::Cut(length) => bytes.resize(at(length), 0),
        Edit::Write(place, data) => {
            let (start, end) = (at(place), at(place).saturating_add(data.len()));
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            if let Some(target) = bytes.get_mut(start..end) {
                target.copy_from_slice(data);
            }
        }
    }
}

/// What a disk writes whole or not at all, more or less.
const SECTOR: u64 = 4096;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;

    use super::*;

    fn write(place: u64, data: &[u8]) -> Edit {
        Edit::Write(place, data.to_vec())
    }

    #[test]
    fn a_sync_keeps_what_came_before_it() {
        let mut file = File::of(b"abcd".to_vec());
        file.edit(1, write(1, b"X"));
        file.edit(2, write(6, b"Y"));
        file.edit(5, write(0, b"Z"));
        assert_eq!(file.durable(), b"abcd");
        file.sync(4);
        assert_eq!(file.durable(), b"aXcd\0\0Y");
        file.edit(6, Edit::Cut(2));
        file.sync(7);
        assert_eq!(file.durable(), b"ZX");
    }

    #[test]
    fn a_write_falls_into_sectors() {
        let data = vec![7; 5000];
        let pieces: Vec<_> = sectors(4000, &data).iter().map(|(p, d)| (*p, d.len())).collect();
        assert_eq!(pieces, [(4000, 96), (4096, 4096), (8192, 808)]);
        assert!(sectors(3, b"").is_empty());
    }

    #[test]
    fn some_sectors_reach_the_disk_in_any_order() {
        let sector = usize::try_from(SECTOR).unwrap();
        let mut file = File::of(vec![0; 3 * sector]);
        file.edit(1, write(0, &vec![1; 3 * sector]));
        file.edit(2, write(SECTOR, &vec![2; sector]));
        let mut found = BTreeSet::new();
        for seed in 0..200 {
            let bytes = file.torn(&mut StdRng::seed_from_u64(seed));
            let each: Vec<u8> = bytes.chunks(sector).map(|sector| sector[0]).collect();
            assert!(bytes.chunks(sector).all(|s| s.iter().all(|byte| *byte == s[0])));
            found.insert(each);
        }
        let wanted = [[0, 0, 0], [1, 2, 1], [0, 2, 1], [1, 0, 0], [0, 1, 0]];
        assert!(wanted.iter().all(|each| found.contains(&each[..])), "{found:?}");
        assert!(found.iter().all(|each| each[0] < 2 && each[2] < 2));
    }

    #[test]
    fn a_later_write_to_a_sector_never_comes_without_the_earlier() {
        let mut file = File::of(vec![0; 8]);
        file.edit(1, write(0, &[1]));
        file.edit(2, write(1, &[1]));
        for seed in 0..100 {
            let bytes = file.torn(&mut StdRng::seed_from_u64(seed));
            assert!(bytes[1] <= bytes[0], "{bytes:?}");
        }
    }
}
