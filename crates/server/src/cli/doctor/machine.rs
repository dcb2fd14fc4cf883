//! The machine: disk, clock, open files.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::finding::Finding;
use crate::limits;

/// Below this we stop accepting that a database can grow.
const LITTLE_SPACE: u64 = 200 << 20;
/// Below this it is time to act.
const SCARCE_SPACE: u64 = 2 << 30;
/// A disk that is slower than this for each commit makes people wait.
const SLOW_SYNC: Duration = Duration::from_millis(50);
/// 2026-01-01: this program is younger.
const OLDEST_TIME: u64 = 1_767_225_600;
/// A century later.
const NEWEST_TIME: u64 = OLDEST_TIME + 100 * 365 * 86_400;

/// Whether files in the data directory can be written so that they survive a power cut, and how fast.
pub(super) fn disk(data_dir: &Path) -> Finding {
    match time_a_durable_write(data_dir) {
        Ok(time) if time > SLOW_SYNC => Finding::warn(
            "disk",
            format!("a durable write takes {} ms", time.as_millis()),
            "every change waits for one: use a faster disk, or PostgreSQL (database_url)",
        ),
        Ok(time) => {
            Finding::ok("disk", format!("a durable write takes {:.1} ms", time.as_secs_f64() * 1000.0))
        }
        Err(e) => Finding::fail(
            "disk",
            format!("{} cannot be written durably ({e})", data_dir.display()),
            "make it a directory on a local disk that our user may write, or change data_dir",
        ),
    }
}

/// The middle of several writes with `fsync`.
#[expect(clippy::disallowed_methods, reason = "measures the disk")]
fn time_a_durable_write(data_dir: &Path) -> io::Result<Duration> {
    let dir = existing(data_dir);
    let path = dir.join(format!("doctor.{}.tmp", std::process::id()));
    let measured = (|| {
        let mut file = File::options().write(true).create_new(true).open(&path)?;
        let mut times = Vec::new();
        for _ in 0..5 {
            let since = Instant::now();
            file.write_all(&[0x5a; 4096])?;
            file.sync_all()?;
            times.push(since.elapsed());
        }
        File::open(dir)?.sync_all()?;
        times.sort_unstable();
        times.get(times.len() / 2).copied().ok_or_else(|| io::Error::other("nothing was measured"))
    })();
    let _ = fs::remove_file(&path);
    measured
}

/// The directory itself, or the nearest one above it that is there: the server makes the rest.
fn existing(data_dir: &Path) -> &Path {
    let nearest = data_dir.ancestors().find(|p| p.exists() || p.as_os_str().is_empty());
    nearest.filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Free space where the data directory is.
pub(super) fn space(data_dir: &Path) -> Finding {
    let free = match rustix::fs::statvfs(existing(data_dir)) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(e) => return Finding::warn("disk space", format!("cannot be found out ({e})"), "look at `df`"),
    };
    let found = format!("{:.1} GiB free", f64::from(u32::try_from(free >> 20).unwrap_or(u32::MAX)) / 1024.0);
    let remedy = "make room, or move data_dir to a larger disk";
    match free {
        0..LITTLE_SPACE => Finding::fail("disk space", found, remedy),
        LITTLE_SPACE..SCARCE_SPACE => Finding::warn("disk space", found, remedy),
        _ => Finding::ok("disk space", found),
    }
}

/// Whether only our user may look into the data directory.
#[cfg(unix)]
pub(super) fn privacy(data_dir: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt as _;
    match fs::metadata(data_dir).map(|metadata| metadata.permissions().mode() & 0o777) {
        Ok(mode) if mode & 0o077 != 0 => Finding::warn(
            "data directory",
            format!("other users of this machine may look into it (mode {mode:o})"),
            format!("chmod 700 {}", data_dir.display()),
        ),
        Ok(_) => Finding::ok("data directory", "for our user alone"),
        Err(_) => Finding::ok("data directory", "not there yet, made for our user alone"),
    }
}

/// Whether the clock is believable and goes forward.
#[expect(clippy::disallowed_methods, reason = "looks at the machine's clocks")]
pub(super) fn clock() -> Finding {
    let remedy = "codes, sessions and links depend on it: set the clock and run a time service (chrony, systemd-timesyncd)";
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if !(OLDEST_TIME..NEWEST_TIME).contains(&seconds) {
        return Finding::fail("clock", format!("it says {seconds} seconds since 1970"), remedy);
    }
    let (wall, steady) = (SystemTime::now(), Instant::now());
    std::thread::sleep(Duration::from_millis(50));
    let steady = steady.elapsed();
    match wall.elapsed() {
        Ok(wall) if wall.abs_diff(steady) < Duration::from_millis(20) => {
            Finding::ok("clock", "believable and steady")
        }
        Ok(_) => Finding::warn("clock", "it jumped while we looked", remedy),
        Err(_) => Finding::warn("clock", "it went back while we looked", remedy),
    }
}

/// Whether enough files may be open.
pub(super) fn open_files() -> Finding {
    let limit = limits::raise_open_files();
    let connections = limits::most_connections(limit);
    let found = match limit {
        Some(limit) => format!("{limit} allowed, {connections} connections at one time"),
        None => format!("no limit, {connections} connections at one time"),
    };
    match limit {
        Some(0..4096) => Finding::warn(
            "open files",
            found,
            "raise it: LimitNOFILE=65536 in the systemd unit, or `ulimit -n`",
        ),
        _ => Finding::ok("open files", found),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Status, *};

    #[test]
    fn a_directory_that_cannot_be_written_fails_with_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let finding = disk(&file.join("data"));
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.found.contains("file/data"), "{finding}");
        assert_ne!(disk(dir.path()).status, Status::Fail);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn space_is_told_for_a_directory_that_is_not_there_yet() {
        let dir = tempfile::tempdir().unwrap();
        assert!(space(&dir.path().join("a/b/c")).found.contains("GiB free"));
        assert!(space(Path::new("no/such/place")).found.contains("GiB free"));
    }

    #[test]
    fn a_directory_that_others_may_read_is_warned_of() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o750)).unwrap();
        assert_eq!(privacy(dir.path()).status, Status::Warn);
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(privacy(dir.path()).status, Status::Ok);
    }

    #[test]
    fn this_machines_clock_is_believable() {
        assert_ne!(clock().status, Status::Fail);
    }
}
