//! The master key: given, or kept in a file that only we may read.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use avnology_core::Entropy;
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use super::read::Refusal;

/// 32 bytes that wrap the data keys.
pub type MasterKey = Zeroizing<[u8; 32]>;

/// Master keys, newest first, or where they are kept.
pub enum EncryptionKeys {
    /// From the configuration.
    Given(Vec<MasterKey>),
    /// In this file, which is made when it is missing.
    InFile(PathBuf),
}

impl EncryptionKeys {
    pub(super) fn in_dir(data_dir: &Path) -> Self {
        Self::InFile(data_dir.join("encryption.key"))
    }

    /// The keys, newest first; never empty. Makes the file with a new key when it is missing.
    ///
    /// # Errors
    /// When the file cannot be read, written or understood; the text names it.
    pub fn load(&self, entropy: &dyn Entropy) -> io::Result<Vec<MasterKey>> {
        let path = match self {
            Self::Given(keys) => return Ok(keys.clone()),
            Self::InFile(path) => path,
        };
        let about =
            |e: io::Error| io::Error::new(e.kind(), format!("the encryption key {}: {e}", path.display()));
        let text = match fs::read_to_string(path) {
            Ok(text) => SecretString::from(text),
            Err(e) if e.kind() == io::ErrorKind::NotFound => make(path, entropy).map_err(about)?,
            Err(e) => return Err(about(e)),
        };
        parse(text.expose_secret().trim())
            .map_err(|(what, _)| about(io::Error::new(io::ErrorKind::InvalidData, what)))
    }
}

impl fmt::Debug for EncryptionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(keys) => write!(f, "Given({} keys)", keys.len()),
            Self::InFile(path) => write!(f, "InFile({})", path.display()),
        }
    }
}

/// Reads the comma-separated list.
pub(super) fn parse(text: &str) -> Result<Vec<MasterKey>, Refusal> {
    let remedy = "Write 32 bytes in base64, as `openssl rand -base64 32` prints them; several separated by commas, newest first.";
    // The URL-safe alphabet and missing padding are common and unambiguous.
    let any_padding = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let base64 = GeneralPurpose::new(&STANDARD, any_padding);
    let mut keys: Vec<MasterKey> = Vec::new();
    for (i, item) in text.split(',').map(str::trim).enumerate() {
        let item = Zeroizing::new(item.replace('-', "+").replace('_', "/"));
        let bytes = Zeroizing::new(
            base64.decode(&*item).map_err(|_| (format!("key {} is no base64.", i + 1), remedy))?,
        );
        let key: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| (format!("key {} has {} bytes, not 32.", i + 1, bytes.len()), remedy))?;
        if keys.iter().any(|known| **known == key) {
            return Err((format!("key {} stands there twice.", i + 1), "Keep it once."));
        }
        keys.push(Zeroizing::new(key));
    }
    Ok(keys)
}

/// Writes a new key where none is, so that it survives a power cut, and answers what stands in the file then.
fn make(path: &Path, entropy: &dyn Entropy) -> io::Result<SecretString> {
    let mut key: MasterKey = Zeroizing::new([0; 32]);
    entropy.fill(&mut *key);
    let text = Zeroizing::new(general_purpose::STANDARD.encode(*key));
    let dir = path.parent().unwrap_or(Path::new("."));
    make_private_dir(dir)?;
    let temporary = path.with_extension(format!("key.{}", std::process::id()));
    let mut file = new_private_file(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // A link never replaces a key that another process made meanwhile.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => File::open(dir)?.sync_all()?,
    }
    fs::read_to_string(path).map(SecretString::from)
}

#[cfg(unix)]
fn new_private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn new_private_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn make_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
