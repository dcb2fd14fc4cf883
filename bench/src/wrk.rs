//! Runs wrk and reads what it prints.

use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};

use tokio::process::Command;

use crate::Outcome;

/// Connections, each with one request at a time.
pub(crate) const CALLERS: u32 = 64;

/// What wrk saw.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) requests: u64,
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Answers other than 2xx and 3xx, and socket errors.
    pub(crate) failures: u64,
}

/// What to ask for.
pub(crate) struct Load<'a> {
    pub(crate) host: SocketAddr,
    pub(crate) path: &'a str,
    pub(crate) bearer: Option<&'a str>,
    /// A script and its arguments.
    pub(crate) script: Option<(&'a Path, Vec<String>)>,
    pub(crate) duration: Duration,
}

/// Loads a server with [`CALLERS`] connections from one thread.
pub(crate) async fn run(load: Load<'_>) -> Outcome<Seen> {
    let mut command = Command::new("wrk");
    command.args(["--threads", "1", "--connections", &CALLERS.to_string(), "--latency", "--timeout", "10s"]);
    command.arg("--duration").arg(format!("{}s", load.duration.as_secs().max(1)));
    if let Some(token) = load.bearer {
        command.arg("--header").arg(format!("Authorization: Bearer {token}"));
    }
    if let Some((script, _)) = &load.script {
        command.arg("--script").arg(script);
    }
    command.arg(format!("http://{}{}", load.host, load.path));
    if let Some((_, arguments)) = load.script {
        command.arg("--").args(arguments);
    }
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| format!("wrk cannot be run ({e}); it is in the Debian package `wrk`"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!("wrk failed: {text}{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    parse(&text).ok_or_else(|| format!("wrk printed what cannot be read:\n{text}").into())
}

fn parse(text: &str) -> Option<Seen> {
    let mut seen = Seen::default();
    for line in text.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["50%", value] => seen.p50_ms = millis(value)?,
            ["99%", value] => seen.p99_ms = millis(value)?,
            ["Requests/sec:", value] => seen.per_second = value.parse().ok()?,
            [count, "requests", "in", ..] => seen.requests = count.parse().ok()?,
            ["Non-2xx", "or", "3xx", "responses:", count] => seen.failures += count.parse::<u64>().ok()?,
            ["Socket", "errors:", rest @ ..] => {
                let counts = rest.iter().filter_map(|word| word.trim_end_matches(',').parse::<u64>().ok());
                seen.failures += counts.sum::<u64>();
            }
            _ => {}
        }
    }
    (seen.requests > 0 && seen.per_second > 0.0).then_some(seen)
}

fn millis(text: &str) -> Option<f64> {
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(at);
    let factor = match unit {
        "us" => 1.0,
        "ms" => 1_000.0,
        "s" => 1_000_000.0,
        "m" => 60_000_000.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_prints_is_read() {
        let text = "  Latency Distribution\n     50%  829.00us\n     75%    1.04ms\n     90%    1.34ms\n     99%    2.48ms\n  \
                    146201 requests in 2.00s, 79.20MB read\n  Socket errors: connect 0, read 1, write 0, timeout 2\n  \
                    Non-2xx or 3xx responses: 5\nRequests/sec:  73053.25\nTransfer/sec:     39.58MB\n";
        let seen =
            Seen { requests: 146_201, per_second: 73_053.25, p50_ms: 0.829, p99_ms: 2.48, failures: 8 };
        assert_eq!(parse(text), Some(seen));
        assert_eq!(parse("unable to connect"), None);
    }
}
