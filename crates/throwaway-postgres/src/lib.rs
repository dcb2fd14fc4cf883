//! A PostgreSQL server for one test process: started on first use, on a Unix socket in a private temporary directory,
//! gone with the process.
//!
//! Nothing needs to run beforehand. When PostgreSQL is not installed and we are root, it is installed with apt.

mod server;
mod watchdog;

use std::sync::{
    Mutex, OnceLock,
    atomic::{AtomicU32, Ordering},
};

use server::Server;

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Open transactions are ended, and everything is written out.
    Fast,
    /// As in a crash: the next start recovers from the log.
    Immediate,
}

/// A running server.
#[derive(Debug)]
pub struct ThrowawayPostgres {
    server: Mutex<Server>,
    socket_dir: String,
    databases: AtomicU32,
}

impl ThrowawayPostgres {
    /// Starts a server; says why it could not.
    pub fn start() -> Result<Self, String> {
        let server = Server::start()?;
        let socket_dir = server.socket_dir();
        Ok(Self { server: Mutex::new(server), socket_dir, databases: AtomicU32::new(0) })
    }

    /// The server that all tests of this process share.
    ///
    /// # Panics
    /// When it cannot be started: a test that needs it cannot pass.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<ThrowawayPostgres, String>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(server) => server,
            Err(why) => fail(why),
        }
    }

    /// The URL of a fresh, empty database whose texts sort by bytes.
    ///
    /// # Panics
    /// When it cannot be created.
    pub fn create_database(&self) -> String {
        let name = self.fresh_name();
        match self.locked(|server| server.create_database(&name)) {
            Ok(()) => self.url(&name),
            Err(why) => fail(&why),
        }
    }

    /// The URL of a database that does not exist yet and whose name nobody else has.
    pub fn missing_database(&self) -> String {
        self.url(&self.fresh_name())
    }

    /// The URL of the database with this name. Its connections are waited for as long as a busy machine may need.
    pub fn url(&self, name: &str) -> String {
        format!("postgres:///{name}?host={}&user={}&connect_timeout=60", self.socket_dir, server::USER)
    }

    /// Stops the server and starts it again.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn restart(&self, stop: Stop) {
        self.stop(stop);
        self.start_again();
    }

    /// Stops the server.
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(&self, stop: Stop) {
        if let Err(why) = self.locked(|server| server.stop(stop)) {
            fail(&why);
        }
    }

    /// Starts the server after [`ThrowawayPostgres::stop`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&self) {
        if let Err(why) = self.locked(Server::start_again) {
            fail(&why);
        }
    }

    fn fresh_name(&self) -> String {
        format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Server) -> Result<T, String>) -> Result<T, String> {
        let mut server = self.server.lock().map_err(|_| "another test broke the server's state")?;
        work(&mut server)
    }
}

#[expect(clippy::panic, reason = "a test that needs the server cannot go on without it")]
fn fail(why: &str) -> ! {
    panic!("no PostgreSQL for this test: {why}")
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn a_server_serves_comes_back_from_a_crash_and_leaves_nothing_behind() {
        let postgres = ThrowawayPostgres::start().unwrap();
        let url = postgres.create_database();
        assert!(url.contains("test_0?host=/"), "{url}");
        postgres.restart(Stop::Immediate);
        assert_ne!(postgres.create_database(), url);
        let dir = postgres.socket_dir.clone();
        assert!(fs::exists(&dir).unwrap());
        drop(postgres);
        assert!(!Path::new(&dir).exists());
    }
}
