//! A file of SHA-1 hashes: 20 bytes each, ascending, nothing else. Looked up in place, so that it may be of any size.

use std::{
    fs::File,
    io::{BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use avnology_model::{Error, Result};

use super::Sha1;

/// Bytes of one hash.
const RECORD: u64 = 20;

/// How many records one read takes.
const WINDOW: u64 = 200;

/// The path of such a file. It is opened for each look-up, so that a newer one may take its place.
#[derive(Clone, Debug)]
pub(super) struct HashFile {
    path: Arc<Path>,
}

impl HashFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        // One look-up finds out whether the file can be read and looks like one of ours.
        match look_up(path, &[0; 20]) {
            Ok(_) => Ok(Self { path: path.into() }),
            Err(why) => Err(Error::internal(format!("the file of breached passwords: {why}"))),
        }
    }

    pub(super) async fn contains(&self, hash: &Sha1) -> Result<bool, String> {
        let (path, hash) = (Arc::clone(&self.path), *hash);
        tokio::task::spawn_blocking(move || look_up(&path, &hash)).await.map_err(|e| e.to_string())?
    }
}

/// Writes such a file from hashes in ascending order (equal ones are taken once) and answers how many there are.
/// The file appears, or takes the place of an older one, when it is whole.
///
/// Fails (`_999`) on a hash out of order and when the disk fails.
pub fn write_file(hashes: impl Iterator<Item = Sha1>, path: &Path) -> Result<u64> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = write_records(hashes, &beside).and_then(|count| {
        std::fs::rename(&beside, path).map_err(|e| e.to_string())?;
        Ok(count)
    });
    written.map_err(|why| {
        // Best effort: what is left of a failed attempt is overwritten by the next one.
        let _ = std::fs::remove_file(&beside);
        Error::internal(format!("writing the file of breached passwords: {why}"))
    })
}

fn write_records(hashes: impl Iterator<Item = Sha1>, path: &Path) -> Result<u64, String> {
    let mut out = BufWriter::new(File::create(path).map_err(|e| e.to_string())?);
    let mut last: Option<Sha1> = None;
    let mut count = 0_u64;
    for hash in hashes {
        match last {
            Some(before) if before == hash => continue,
            Some(before) if before > hash => return Err(format!("hash {} is out of order", count + 1)),
            _ => {}
        }
        out.write_all(&hash).map_err(|e| e.to_string())?;
        last = Some(hash);
        count += 1;
    }
    let file = out.into_inner().map_err(|e| e.to_string())?;
    file.sync_all().map_err(|e| e.to_string())?;
    Ok(count)
}

/// Searches `path` for `wanted`.
///
/// SHA-1 is spread evenly, so the place is guessed from the value and found in a few reads whatever the size; every
/// other step halves what is left, so that no content can make the search long.
fn look_up(path: &Path, wanted: &Sha1) -> Result<bool, String> {
    let mut file = File::open(path).map_err(|e| e.to_string())?;
    let bytes = file.metadata().map_err(|e| e.to_string())?.len();
    if bytes == 0 || bytes % RECORD != 0 {
        return Err(format!("{bytes} bytes are not a number of 20-byte hashes"));
    }
    // What is left to search: records low..high, whose leading bytes lie between these values.
    let (mut low, mut high) = (0, bytes / RECORD);
    let (mut low_value, mut high_value) = (0, u64::MAX);
    let mut guess = true;
    let mut window = Vec::new();
    while low < high {
        let middle = if guess {
            interpolate(low, high, low_value, high_value, lead(wanted))
        } else {
            low + (high - low) / 2
        };
        let first = middle.saturating_sub(WINDOW / 2).clamp(low, high - 1);
        let end = (first + WINDOW).min(high);
        read_records(&mut file, first, end, &mut window).map_err(|e| e.to_string())?;
        let (Some(smallest), Some(largest)) = (window.first(), window.last()) else { break };
        if smallest > largest {
            return Err("its hashes are not in ascending order".to_owned());
        }
        if wanted < smallest {
            (high, high_value) = (first, lead(smallest));
        } else if wanted > largest {
            (low, low_value) = (end, lead(largest));
        } else {
            return Ok(window.binary_search(wanted).is_ok());
        }
        guess = !guess;
    }
    Ok(false)
}

/// Where between `low` and `high` a value should lie.
fn interpolate(low: u64, high: u64, low_value: u64, high_value: u64, value: u64) -> u64 {
    let span = u128::from(high_value.saturating_sub(low_value)).max(1);
    let ahead = u128::from(value.saturating_sub(low_value)).min(span);
    let step = u128::from(high - low) * ahead / span;
    low + u64::try_from(step).unwrap_or(u64::MAX).min(high - low)
}

fn lead(hash: &Sha1) -> u64 {
    hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn read_records(file: &mut File, first: u64, end: u64, into: &mut Vec<Sha1>) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(first * RECORD))?;
    into.clear();
    into.resize(usize::try_from(end - first).unwrap_or(usize::MAX), [0; 20]);
    file.read_exact(into.as_flattened_mut())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{super::sha1, *};
    use crate::credentials::Breaches;

    fn file_of(hashes: &BTreeSet<Sha1>) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("breached");
        assert_eq!(write_file(hashes.iter().copied(), &path).unwrap(), hashes.len() as u64);
        (folder, path)
    }

    fn hashes() -> impl Strategy<Value = BTreeSet<Sha1>> {
        // Evenly spread ones; ones that share their beginning, where guessing the place goes wrong; and both ends.
        let clustered = any::<[u8; 4]>().prop_map(|end| {
            let mut hash = [0xab; 20];
            hash[16..].copy_from_slice(&end);
            hash
        });
        let hash = prop_oneof![3 => any::<Sha1>(), 3 => clustered, 1 => Just([0; 20]), 1 => Just([0xff; 20])];
        proptest::collection::btree_set(hash, 1..2000)
    }

    fn neighbours(hash: Sha1) -> [Sha1; 2] {
        let (mut above, mut below) = (hash, hash);
        above[19] = above[19].wrapping_add(1);
        below[19] = below[19].wrapping_sub(1);
        [above, below]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn the_file_answers_like_the_set_it_was_made_of(set in hashes(), others: [Sha1; 20]) {
            let (_folder, path) = file_of(&set);
            for hash in &set {
                prop_assert_eq!(look_up(&path, hash), Ok(true));
            }
            for other in others.into_iter().chain(set.iter().step_by(7).flat_map(|h| neighbours(*h))) {
                prop_assert_eq!(look_up(&path, &other), Ok(set.contains(&other)));
            }
        }
    }

    #[tokio::test]
    async fn a_breached_password_is_found_and_another_is_not() {
        let set = (0..10_000).map(|n| sha1(&format!("password{n}"))).collect();
        let (_folder, path) = file_of(&set);
        let breaches = Breaches::from_file(&path).unwrap();
        assert!(breaches.contains(&"password123".to_owned().into()).await);
        assert!(!breaches.contains(&"velvet otter ladder".to_owned().into()).await);
    }

    #[tokio::test]
    async fn a_newer_file_takes_the_place_of_the_older_one() {
        let (_folder, path) = file_of(&BTreeSet::from([sha1("old")]));
        let breaches = Breaches::from_file(&path).unwrap();
        write_file([sha1("new")].into_iter(), &path).unwrap();
        assert!(breaches.contains(&"new".to_owned().into()).await);
        assert!(!breaches.contains(&"old".to_owned().into()).await);
    }

    #[tokio::test]
    async fn a_file_that_went_away_blocks_nobody() {
        let (folder, path) = file_of(&BTreeSet::from([sha1("old")]));
        let breaches = Breaches::from_file(&path).unwrap();
        folder.close().unwrap();
        assert!(!breaches.contains(&"old".to_owned().into()).await);
    }

    #[test]
    fn what_is_no_file_of_hashes_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("breached");
        assert!(HashFile::open(&path).is_err());
        for content in [&[][..], &[1; 21], &[[2; 20], [1; 20]].concat()] {
            std::fs::write(&path, content).unwrap();
            assert!(HashFile::open(&path).is_err(), "{content:?}");
        }
    }

    #[test]
    fn hashes_out_of_order_are_refused_and_leave_nothing() {
        let (folder, path) = file_of(&BTreeSet::from([[5; 20]]));
        assert!(write_file([[2; 20], [1; 20]].into_iter(), &path).is_err());
        assert_eq!(look_up(&path, &[5; 20]), Ok(true));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn equal_hashes_are_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("breached");
        assert_eq!(write_file([[1; 20], [1; 20], [2; 20]].into_iter(), &path).unwrap(), 2);
    }
}
