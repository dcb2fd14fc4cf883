//! Finding PostgreSQL, making a data directory, and starting on it.

use std::{
    env, fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{self, Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{Stop, watchdog::Watchdog};

/// The server's superuser, which needs no password: only we can reach the socket.
pub(crate) const USER: &str = "avnology";

/// What is written reaches the operating system, which outlives every crash that a test makes, and need not reach the disk:
/// a test makes databases by the dozen, and each would wait for it.
const SETTINGS: &str = "listen_addresses = ''\nmax_connections = 300\nshared_buffers = 64MB\nfsync = off\n\
    full_page_writes = off\nsynchronous_commit = on\nlog_min_messages = warning\n";

/// An unprivileged user: the server refuses to run as root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

#[derive(Debug)]
pub(crate) struct Server {
    bin: PathBuf,
    dir: PathBuf,
    owner: Option<Owner>,
    watchdog: Watchdog,
}

impl Server {
    pub(crate) fn start() -> Result<Self, String> {
        let dir = make_dir()?;
        let is_root = fs::metadata(&dir).map_err(|e| e.to_string())?.uid() == 0;
        let bin = find_or_install(is_root)?;
        let owner = if is_root { Some(unprivileged()?) } else { None };
        if let Some(owner) = owner {
            chown(&dir, Some(owner.user), Some(owner.group)).map_err(|e| e.to_string())?;
        }
        let data = dir.join("data");
        let mut initdb = Command::new(bin.join("initdb"));
        initdb.args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N", "-D"]).arg(&data);
        run(initdb, &dir, owner)?;
        let settings = data.join("postgresql.auto.conf");
        let socket = format!("{SETTINGS}unix_socket_directories = '{}'\n", dir.display());
        fs::write(settings, socket).map_err(|e| e.to_string())?;
        let mut watchdog = Watchdog::start(&bin, &data, &dir, owner)?;
        watchdog.order("start now")?;
        Ok(Self { bin, dir, owner, watchdog })
    }

    pub(crate) fn socket_dir(&self) -> String {
        self.dir.display().to_string()
    }

    pub(crate) fn stop(&mut self, stop: Stop) -> Result<(), String> {
        self.watchdog.order(match stop {
            Stop::Fast => "stop fast",
            Stop::Immediate => "stop immediate",
        })
    }

    pub(crate) fn start_again(&mut self) -> Result<(), String> {
        self.watchdog.order("start now")
    }

    pub(crate) fn create_database(&mut self, name: &str) -> Result<(), String> {
        let mut createdb = Command::new(self.bin.join("createdb"));
        createdb.args(["-U", USER, "-T", "template0", "-h"]).arg(&self.dir).arg(name);
        run(createdb, &self.dir, self.owner)
    }
}

/// A new directory under the system's temporary one: its path must be short, for the socket lies in it.
fn make_dir() -> Result<PathBuf, String> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let temporary = env::temp_dir();
    loop {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let dir = temporary.join(format!("avnology-pg-{}-{number}", process::id()));
        match fs::create_dir(&dir) {
            Ok(()) => {
                fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).map_err(|e| e.to_string())?;
                return Ok(dir);
            }
            // Left by a process of the same number that was killed with its watchdog.
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(format!("{}: {e}", dir.display())),
        }
    }
}

fn find_or_install(is_root: bool) -> Result<PathBuf, String> {
    if let Some(bin) = find() {
        return Ok(bin);
    }
    if !is_root {
        return Err(
            "initdb is neither on the PATH nor in /usr/lib/postgresql/*/bin; install postgresql".to_owned()
        );
    }
    for arguments in [&["update"][..], &["install", "-y", "--no-install-recommends", "postgresql"][..]] {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        run(apt, Path::new("/"), None)?;
    }
    find().ok_or_else(|| "apt-get installed postgresql, but there is no initdb".to_owned())
}

/// The directory of the newest server's programs.
fn find() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let version = entry.file_name().to_str().and_then(|name| name.parse().ok());
        found.extend(version.map(|version| (version, entry.path().join("bin"))));
    }
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let on_path = env::var_os("PATH");
    let on_path = on_path.iter().flat_map(env::split_paths);
    let has_all =
        |bin: &PathBuf| ["initdb", "pg_ctl", "postgres", "createdb"].iter().all(|p| bin.join(p).exists());
    found.into_iter().map(|(_, bin)| bin).chain(on_path).find(has_all)
}

/// The user `postgres`, or else `nobody`.
fn unprivileged() -> Result<Owner, String> {
    let users = fs::read_to_string("/etc/passwd").map_err(|e| format!("/etc/passwd: {e}"))?;
    let find = |wanted: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_wanted = fields.next() == Some(wanted);
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            is_wanted.then_some(Owner { user, group })
        })
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .ok_or_else(|| "there is no user to run PostgreSQL as".to_owned())
}

fn run(mut command: Command, dir: &Path, owner: Option<Owner>) -> Result<(), String> {
    if let Some(owner) = owner {
        command.uid(owner.user).gid(owner.group);
    }
    let name = command.get_program().display().to_string();
    let Output { status, stdout, stderr } =
        command.current_dir(dir).output().map_err(|e| format!("{name}: {e}"))?;
    if status.success() {
        return Ok(());
    }
    let said = [stdout, stderr].concat();
    Err(format!("{name} ended with {status}: {}", String::from_utf8_lossy(&said)))
}
