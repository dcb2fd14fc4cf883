//! A name server on loopback for trying domains out: TXT records from a file that is read again at each question.
//!
//! ```sh
//! cargo run -p avnology-testkit --example dns -- --listen 127.0.0.1:5353 --zone zone.txt
//! ```

use std::{env, fs, net::SocketAddr, process::ExitCode};

use avnology_testkit::dns::{self, ResponseCode, Said};

const USAGE: &str = "usage: dns [--listen ADDRESS:PORT] --zone FILE";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 5353));
    let mut zone = None;
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or(USAGE)?;
        match word.as_str() {
            "--listen" => listen = value.parse().map_err(|e| format!("{value}: {e}"))?,
            "--zone" => zone = Some(value),
            _ => return Err(USAGE.to_owned()),
        }
    }
    let zone = zone.ok_or(USAGE)?;
    let say = move |name: &str| {
        // Without the file there are no records yet.
        let records = dns::txt_records(&fs::read_to_string(&zone).unwrap_or_default(), name);
        eprintln!("{name}: {} TXT", records.len());
        if records.is_empty() { Said::Code(ResponseCode::NXDomain) } else { Said::Records(records) }
    };
    eprintln!("answering at {listen}");
    dns::serve(listen, say).await.map_err(|e| format!("{listen}: {e}"))
}
