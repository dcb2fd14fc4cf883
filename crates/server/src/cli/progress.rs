//! A bar on the terminal; nothing where there is none.

use std::io::{IsTerminal as _, Write as _, stderr};

const WIDTH: u64 = 30;

/// How far it is. What is printed besides goes through [`Progress::clear`] first.
pub(super) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { is_shown: stderr().is_terminal() }
    }

    pub(super) fn show(&self, percent: u64, rows: u64, what: &str) {
        if self.is_shown {
            // A terminal that is gone is no reason to stop.
            let _ = write!(stderr(), "\r\x1b[K{} {percent:>3} %  {rows} rows  {what}", bar(percent));
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        if self.is_shown {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn bar(percent: u64) -> String {
    let full = percent.min(100) * WIDTH / 100;
    (0..WIDTH).map(|at| if at < full { '#' } else { '.' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_with_the_work() {
        assert_eq!(bar(0), ".".repeat(30));
        assert_eq!(bar(50), "#".repeat(15) + &".".repeat(15));
        assert_eq!(bar(900), "#".repeat(30));
    }
}
