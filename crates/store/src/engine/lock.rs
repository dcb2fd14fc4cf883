//! One process a data directory: an advisory lock on a file in it, which the system drops with the process.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use avnology_model::{Error, Result};

/// Holds the data directory until dropped.
#[derive(Debug)]
pub(super) struct DirLock {
    _file: File,
}

impl DirLock {
    /// Makes the directory if need be, for our user alone, and locks it.
    pub(super) fn take(dir: &Path) -> Result<Self> {
        make_private(dir).map_err(|e| in_dir(dir, "cannot be made", &e))?;
        let file = File::options().create(true).truncate(false).write(true).open(dir.join("avnology.lock"));
        let file = file.map_err(|e| in_dir(dir, "cannot be written", &e))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                let text = format!(
                    "another process has the data directory {}; stop it first, or use its API",
                    dir.display()
                );
                Err(Error::unavailable(text.clone()).with_detail(text))
            }
            Err(TryLockError::Error(e)) => Err(in_dir(dir, "cannot be locked", &e)),
        }
    }
}

fn in_dir(dir: &Path, what: &str, error: &std::io::Error) -> Error {
    let text = format!("the data directory {} {what}: {error}", dir.display());
    Error::unavailable(text.clone()).with_detail(text)
}

#[cfg(unix)]
fn make_private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make_private(dir: &Path) -> std::io::Result<()> {
    fs::create_dir_all(dir)
}
