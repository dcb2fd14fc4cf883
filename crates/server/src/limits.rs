//! The limit of open files: every connection and every open database takes one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files kept free for databases, logs and outgoing connections.
const RESERVE: u64 = 512;
/// More connections than this are another machine's business.
const MOST_CONNECTIONS: u64 = 50_000;

/// Raises our limit of open files to what the system allows us, and answers it.
pub fn raise_open_files() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
    open_files()
}

/// Our limit of open files; `None` when there is none.
pub fn open_files() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// The most connections that we hold at one time with this limit of open files.
pub fn most_connections(open_files: Option<u64>) -> usize {
    let for_connections =
        open_files.map_or(MOST_CONNECTIONS, |limit| limit.saturating_sub(RESERVE.min(limit / 2)));
    usize::try_from(for_connections.min(MOST_CONNECTIONS)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        assert_eq!(most_connections(Some(256)), 128);
        assert_eq!(most_connections(Some(4096)), 4096 - 512);
        assert_eq!(most_connections(Some(1_000_000)), 50_000);
        assert_eq!(most_connections(None), 50_000);
    }

    #[test]
    fn the_limit_is_raised_to_what_the_system_allows() {
        let raised = raise_open_files();
        assert_eq!(raised, getrlimit(Resource::Nofile).maximum);
    }
}
