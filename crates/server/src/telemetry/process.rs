//! Gauges of the process itself, under the names that Prometheus' own libraries use. Linux tells them in `/proc`;
//! elsewhere they are absent.

use std::fs;

use metrics::{describe_gauge, gauge};

pub(super) fn describe() {
    describe_gauge!("process_resident_memory_bytes", "Memory in use, in bytes");
    describe_gauge!("process_open_fds", "Open files and sockets");
    describe_gauge!("process_max_fds", "The most files and sockets that may be open");
    describe_gauge!("process_threads", "Threads");
}

pub(super) fn sample() {
    if let Some(status) = fs::read_to_string("/proc/self/status").ok().as_deref() {
        if let Some(kib) = number_after(status, "VmRSS:") {
            gauge!("process_resident_memory_bytes").set(kib * 1024.0);
        }
        if let Some(threads) = number_after(status, "Threads:") {
            gauge!("process_threads").set(threads);
        }
    }
    if let Ok(entries) = fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(f64::from(u32::try_from(entries.count()).unwrap_or(u32::MAX)));
    }
    if let Some(limit) = crate::limits::open_files() {
        gauge!("process_max_fds").set(f64::from(u32::try_from(limit).unwrap_or(u32::MAX)));
    }
}

fn number_after(status: &str, name: &str) -> Option<f64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}
