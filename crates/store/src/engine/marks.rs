//! What changes in this process, without saying how: whoever keeps something in memory that stands on a subject learns by one
//! comparison whether a commit touched it since.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// How many counters there are. Subjects that share one are only asked about once too often.
const COUNTERS: usize = 16_384;

/// A counter for each group of subjects, raised by the commits that touch one of them.
#[derive(Clone, Debug)]
pub struct Marks(Arc<[AtomicU64]>);

/// How often the group of a subject had been touched when this was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    counter: usize,
    count: u64,
}

impl Default for Marks {
    fn default() -> Self {
        Self((0..COUNTERS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Marks {
    /// For a database on which nothing in memory stands.
    pub(super) fn none() -> Self {
        Self(Arc::default())
    }

    /// The mark of a subject, to be drawn before it is read.
    pub fn of(&self, subject: &str) -> Mark {
        let counter = counter_of(subject);
        Mark { counter, count: self.count(counter) }
    }

    /// Whether nothing touched the subject since its mark was drawn.
    pub fn stands(&self, mark: Mark) -> bool {
        self.count(mark.counter) == mark.count
    }

    /// Touches a subject: what was read of it may be different now.
    pub fn touch(&self, subject: &str) {
        if let Some(counter) = self.0.get(counter_of(subject)) {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn count(&self, counter: usize) -> u64 {
        self.0.get(counter).map_or(0, |counter| counter.load(Ordering::SeqCst))
    }
}

fn counter_of(subject: &str) -> usize {
    let mut hasher = DefaultHasher::default();
    subject.hash(&mut hasher);
    usize::try_from(hasher.finish()).unwrap_or_default() % COUNTERS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stands_until_its_subject_is_touched() {
        let marks = Marks::default();
        let (one, other) = (marks.of("usr_1"), marks.of("usr_2"));
        marks.touch("usr_1");
        assert!(!marks.stands(one) && marks.stands(other));
        assert!(marks.stands(marks.of("usr_1")));
    }
}
