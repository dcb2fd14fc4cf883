//! Server processes: started, watched through `/proc`, ended.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{Outcome, bare::Bare, client::Client};

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Ticks of a second in `/proc/<pid>/stat`: Linux has shown 100 on every architecture for decades.
const TICKS: f64 = 100.0;

/// A running server.
pub(crate) struct Server {
    child: Child,
    pid: u32,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first answer.
    pub(crate) cold_start: Duration,
}

/// How `avnology serve` is run.
pub(crate) struct Setting<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) data_dir: &'a Path,
    pub(crate) api_key: &'a str,
    /// `production` or `cheapest`.
    pub(crate) password_hash: &'a str,
    /// What is asked to know that it serves.
    pub(crate) first: (&'a str, Option<&'a str>),
}

impl Server {
    /// Starts ours, with rate limits out of the way (`environment = test`), and waits for its first good answer.
    pub(crate) async fn ours(setting: &Setting<'_>) -> Outcome<Self> {
        let (address, admin) = (free_port()?, free_port()?);
        let mut command = Command::new(setting.binary);
        command
            .arg("serve")
            .env_clear()
            .env("AVNOLOGY_LISTEN", address.to_string())
            .env("AVNOLOGY_ADMIN_ADDR", admin.to_string())
            .env("AVNOLOGY_PUBLIC_URL", format!("http://localhost:{}", address.port()))
            .env("AVNOLOGY_DATA_DIR", setting.data_dir)
            .env("AVNOLOGY_ENVIRONMENT", "test")
            .env("AVNOLOGY_BOOTSTRAP_API_KEY", setting.api_key)
            .env("AVNOLOGY_PASSWORD_HASH", setting.password_hash);
        Self::start(command, address, setting.first).await
    }

    /// Starts the bare server of this program.
    pub(crate) async fn bare(response: &Path, work: Bare) -> Outcome<Self> {
        let address = free_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare", "--listen", &address.to_string(), "--work", work.name()]);
        command.arg("--response").arg(response);
        Self::start(command, address, (crate::bare::PATH, None)).await
    }

    async fn start(mut command: Command, address: SocketAddr, first: (&str, Option<&str>)) -> Outcome<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let begin = Instant::now();
        let mut child = command.spawn()?;
        let pid = child.id().ok_or("the server ended at once")?;
        loop {
            if let Ok(mut client) = Client::connect(address).await
                && let Ok(answer) = client.get(first.0, first.1).await
                && answer.status == 200
            {
                return Ok(Self { child, pid, address, cold_start: begin.elapsed() });
            }
            if let Some(status) = child.try_wait()? {
                return Err(format!("the server ended while starting: {status}").into());
            }
            if begin.elapsed() > PATIENCE {
                return Err("the server did not answer within 20 s".into());
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Asks it to stop and waits for it.
    pub(crate) async fn stop(mut self) -> Outcome<()> {
        let asked = Command::new("kill").arg(self.pid.to_string()).status().await?;
        if !asked.success() || timeout(PATIENCE, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }

    /// Processor time used so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name stands in parentheses and may hold anything; user and system time are the 12th and 13th after it.
        let (_, rest) = stat.rsplit_once(')').ok_or("stat without a name")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks =
            |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).ok_or("stat without times");
        Ok((ticks(11)? + ticks(12)?) / TICKS)
    }

    /// Resident memory in MiB. It includes pages of mapped database files, which belong to the system's cache.
    pub(crate) fn rss_mib(&self) -> Outcome<f64> {
        status_mib(self.pid, "VmRSS:")
    }

    /// Resident memory that is ours alone, in MiB.
    pub(crate) fn own_mib(&self) -> Outcome<f64> {
        own_mib(self.pid)
    }
}

/// Memory of a process that is its own alone, in MiB.
pub(crate) fn own_mib(pid: u32) -> Outcome<f64> {
    status_mib(pid, "RssAnon:")
}

fn status_mib(pid: u32, name: &str) -> Outcome<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix(name)).ok_or("an unknown kind of status")?;
    let kib: f64 = line.split_whitespace().next().ok_or("a size without a number")?.parse()?;
    Ok(kib / 1024.0)
}

/// The share of all cores that was in use during `duration`, 0 to 1.
pub(crate) async fn machine_busy(duration: Duration) -> Outcome<f64> {
    let (used_before, idle_before) = machine_ticks()?;
    sleep(duration).await;
    let (used, idle) = machine_ticks()?;
    let (used, idle) = (used - used_before, idle - idle_before);
    Ok(used / (used + idle).max(1.0))
}

fn machine_ticks() -> Outcome<(f64, f64)> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu ")).ok_or("stat without processors")?;
    // user, nice, system, idle, iowait, …
    let ticks = line.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let sum = |range: std::ops::Range<usize>| ticks.get(range).map(|t| t.iter().sum::<f64>());
    Ok((sum(0..3).ok_or("stat without times")?, sum(3..5).ok_or("stat without times")?))
}

fn free_port() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
