//! The shell that stands between us and the server: it does what it is told on its input, and when its input ends, with our
//! end, it stops the server and removes the directory.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::server::Owner;

/// `$1` is the directory of `pg_ctl`, `$2` the data directory, `$3` what to remove in the end.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
ctl() { "$1/pg_ctl" -D "$2" -w -t 60 "$3" $4 $5 </dev/null >"$2/ctl.log" 2>&1; }
while read -r verb mode; do
    case "$verb" in
        start) ctl "$1" "$2" start -l "$2/server.log" ;;
        stop) ctl "$1" "$2" stop -m "$mode" ;;
        *) break ;;
    esac
    if [ $? = 0 ]; then echo done; else echo "failed: $(tail -n 3 "$2/ctl.log" "$2/server.log" 2>&1 | tr '\n' ' ')"; fi
done
ctl "$1" "$2" stop -m immediate
rm -rf "$3"
"#;

/// The shell and the pipes to it.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Watchdog {
    pub(crate) fn start(bin: &Path, data: &Path, dir: &Path, owner: Option<Owner>) -> Result<Self, String> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh"]).args([bin, data, dir]).current_dir(dir);
        // A group of its own, so that a signal to the tests' group leaves it alive to tidy up.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(owner) = owner {
            command.uid(owner.user).gid(owner.group);
        }
        let mut shell = command.spawn().map_err(|e| format!("no shell: {e}"))?;
        let orders = shell.stdin.take();
        let answers = shell.stdout.take().map(BufReader::new).ok_or("the shell has no output")?;
        Ok(Self { shell, orders, answers })
    }

    /// Has an order carried out.
    pub(crate) fn order(&mut self, text: &str) -> Result<(), String> {
        let orders = self.orders.as_mut().ok_or("the shell has no input")?;
        writeln!(orders, "{text}").and_then(|()| orders.flush()).map_err(|e| format!("{text}: {e}"))?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(|e| format!("{text}: {e}"))?;
        if answer.trim() == "done" { Ok(()) } else { Err(format!("{text}: {}", answer.trim())) }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.shell.wait();
    }
}
