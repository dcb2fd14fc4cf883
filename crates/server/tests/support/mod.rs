//! A server that runs, for the commands that talk to one.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use avnology_model::secret_token::{SecretKind, SecretToken};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);

/// The program `avnology serve`, until it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) public: SocketAddr,
    pub(crate) key: String,
    pub(crate) directory: TempDir,
}

impl Server {
    /// Starts one on a data directory of its own, and waits until it is ready.
    pub(crate) fn start() -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (public, admin) = (free(), free());
        let directory = tempfile::tempdir().unwrap();
        let key = SecretToken::new(SecretKind::TestKey, &[7; 32]).expose().to_owned();
        let child = Command::new(env!("CARGO_BIN_EXE_avnology"))
            .arg("serve")
            .env_clear()
            .current_dir(directory.path())
            .env("AVNOLOGY_DATA_DIR", directory.path().join("data"))
            .env("AVNOLOGY_LISTEN", public.to_string())
            .env("AVNOLOGY_ADMIN_ADDR", admin.to_string())
            .env("AVNOLOGY_PUBLIC_URL", format!("http://{public}"))
            .env("AVNOLOGY_ENVIRONMENT", "test")
            .env("AVNOLOGY_PASSWORD_HASH", "cheapest")
            .env("AVNOLOGY_BOOTSTRAP_API_KEY", &key)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, public, key, directory };
        let since = Instant::now();
        while !Self::is_ready(admin) {
            assert!(since.elapsed() < SOON, "the server is ready soon");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn is_ready(admin: SocketAddr) -> bool {
        let Ok(mut stream) = TcpStream::connect(admin) else { return false };
        let _ = write!(stream, "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
