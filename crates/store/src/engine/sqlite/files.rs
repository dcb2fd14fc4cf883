//! The organizations' files: `orgs/<id>.db` in the data directory, each born as a copy of a migrated template.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use avnology_model::{Error, Result, ids::OrganizationId};

/// Which file a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64, u64);

impl Stamp {
    #[cfg(unix)]
    fn of(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self(metadata.dev(), metadata.ino())
    }

    /// Elsewhere an open file can be neither replaced nor removed.
    #[cfg(not(unix))]
    fn of(_: &fs::Metadata) -> Self {
        Self(0, 0)
    }
}

/// Where the files are.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    orgs: PathBuf,
    template: PathBuf,
}

impl Files {
    /// Makes the directories. `schema` names the schema that the template must have.
    pub(crate) fn open(data_dir: &Path, schema: &str) -> Result<Self> {
        let (orgs, templates) = (data_dir.join("orgs"), data_dir.join("templates"));
        for dir in [&orgs, &templates] {
            fs::create_dir_all(dir).map_err(Error::unavailable)?;
        }
        Ok(Self { orgs, template: templates.join(format!("organization-{schema}.db")) })
    }

    /// Where an organization's file is or would be.
    pub(crate) fn path(&self, id: OrganizationId) -> PathBuf {
        self.orgs.join(format!("{id}.db"))
    }

    /// The template, if there is one of the present schema.
    pub(crate) fn template(&self) -> Option<&Path> {
        self.template.exists().then_some(self.template.as_path())
    }

    /// Where a new template is prepared before [`Files::keep_template`].
    pub(crate) fn new_template(&self) -> Result<PathBuf> {
        let path = self.template.with_extension("new");
        remove(&path)?;
        Ok(path)
    }

    /// Puts the prepared template in its place, and removes those of other schemas.
    pub(crate) fn keep_template(&self) -> Result<()> {
        let new = self.template.with_extension("new");
        File::open(&new).and_then(|file| file.sync_all()).map_err(Error::unavailable)?;
        fs::rename(&new, &self.template).map_err(Error::unavailable)?;
        let Some(dir) = self.template.parent() else { return Ok(()) };
        for entry in fs::read_dir(dir).map_err(Error::unavailable)? {
            let path = entry.map_err(Error::unavailable)?.path();
            if path != self.template {
                fs::remove_file(path).map_err(Error::unavailable)?;
            }
        }
        Ok(())
    }

    /// What tells an organization's file from one that was put in its place; none when there is no file.
    pub(crate) fn stamp(&self, id: OrganizationId) -> Result<Option<Stamp>> {
        match fs::metadata(self.path(id)) {
            Ok(metadata) => Ok(Some(Stamp::of(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::unavailable(error)),
        }
    }

    /// Whether an organization's file exists.
    pub(crate) fn exists(&self, id: OrganizationId) -> Result<bool> {
        self.path(id).try_exists().map_err(Error::unavailable)
    }

    /// Copies the template to an organization's file, which either is there whole or not at all.
    /// The caller sees to it that nobody else creates the same file.
    pub(crate) fn create(&self, id: OrganizationId) -> Result<()> {
        let path = self.path(id);
        let new = path.with_extension("new");
        // A log of a destroyed file of the same name must not be played into this one.
        remove(&path)?;
        fs::copy(&self.template, &new).map_err(Error::unavailable)?;
        File::open(&new).and_then(|file| file.sync_all()).map_err(Error::unavailable)?;
        fs::rename(&new, &path).map_err(Error::unavailable)?;
        self.sync_dir()
    }

    /// Removes an organization's file and its logs, if they are there.
    pub(crate) fn destroy(&self, id: OrganizationId) -> Result<()> {
        remove(&self.path(id))?;
        self.sync_dir()
    }

    /// Every organization that has a file.
    pub(crate) fn list(&self) -> Result<Vec<OrganizationId>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.orgs).map_err(Error::unavailable)? {
            let name = entry.map_err(Error::unavailable)?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".db"));
            ids.extend(id.and_then(|id| OrganizationId::from_str(id).ok()));
        }
        ids.sort();
        Ok(ids)
    }

    fn sync_dir(&self) -> Result<()> {
        File::open(&self.orgs).and_then(|dir| dir.sync_all()).map_err(Error::unavailable)
    }
}

/// Removes a database file and what SQLite keeps beside it; the file first, so that none is without its log.
fn remove(path: &Path) -> Result<()> {
    for ending in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::unavailable(error)),
            _ => {}
        }
    }
    Ok(())
}
