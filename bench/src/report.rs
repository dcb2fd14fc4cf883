//! The table.

use std::io::{self, Write};

/// One line of the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Processor time of the server, in microseconds a request.
    pub(crate) cpu_us: f64,
    pub(crate) rss_mib: f64,
    /// What it is to be compared with, and how much of it was reached.
    pub(crate) ratio: Option<(&'static str, f64)>,
}

/// One goal and what was reached.
pub(crate) struct Goal {
    pub(crate) what: &'static str,
    pub(crate) wanted: &'static str,
    pub(crate) reached: String,
    pub(crate) is_met: bool,
}

/// Prints everything as Markdown.
pub(crate) fn print(lines: &[Line], facts: &[(String, String)], goals: &[Goal]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "\n| what | requests/s | p50 ms | p99 ms | server CPU µs/request | RSS MiB | ratio |")?;
    writeln!(out, "|---|---|---|---|---|---|---|")?;
    for line in lines {
        let ratio = line.ratio.map(|(to, share)| format!("{share:.2} of {to}")).unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {:.1} | {ratio} |",
            line.what,
            rounded(line.per_second),
            rounded(line.p50_ms),
            rounded(line.p99_ms),
            rounded(line.cpu_us),
            line.rss_mib,
        )?;
    }
    writeln!(out, "\n| fact | value |\n|---|---|")?;
    for (name, value) in facts {
        writeln!(out, "| {name} | {value} |")?;
    }
    writeln!(out, "\n| goal | wanted | reached | |\n|---|---|---|---|")?;
    for goal in goals {
        let mark = if goal.is_met { "met" } else { "**missed**" };
        writeln!(out, "| {} | {} | {} | {mark} |", goal.what, goal.wanted, goal.reached)?;
    }
    writeln!(out)
}

/// Three figures, or so.
pub(crate) fn rounded(number: f64) -> String {
    match number {
        n if n >= 100.0 => format!("{n:.0}"),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}

/// The line whose throughput is in the middle.
pub(crate) fn median(mut lines: Vec<Line>) -> Option<Line> {
    lines.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    let middle = lines.len() / 2;
    lines.into_iter().nth(middle)
}

/// The number in the middle.
pub(crate) fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_in_the_middle_is_found() {
        let lines = [3.0, 1.0, 2.0].map(|per_second| Line { per_second, ..Line::default() });
        assert_eq!(rounded(median(lines.to_vec()).unwrap().per_second), "2.00");
        assert_eq!(rounded(middle(vec![5.0, 4.0, 120.4])), "5.00");
        assert!(median(Vec::new()).is_none());
    }
}
