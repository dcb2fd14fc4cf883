//! The k-anonymity range format: the service is told five of the forty digits of a hash, and so learns which of
//! about a million groups it is in, and answers with the whole group.

use std::{fmt::Write, sync::Arc, time::Duration};

use reqwest::{Client, Response};
use url::Url;

use super::Sha1;

/// How long a look-up may take. The person waits for it.
const TIMEOUT: Duration = Duration::from_millis(1500);

/// The largest answer that is read, in bytes. Real ones have some 60 KiB.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// How many digits the service is told.
const TOLD: usize = 5;

#[derive(Clone, Debug)]
pub(super) struct RangeApi {
    base: Arc<str>,
    client: Client,
}

impl RangeApi {
    pub(super) fn new(base: &Url, client: Client) -> Self {
        Self { base: base.as_str().trim_end_matches('/').into(), client }
    }

    pub(super) async fn contains(&self, hash: &Sha1) -> Result<bool, String> {
        let digits = hash.iter().fold(String::with_capacity(40), |mut digits, byte| {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02X}");
            digits
        });
        let (told, rest) = digits.split_at_checked(TOLD).ok_or("a hash has forty digits")?;
        // The padding hides how long the answer is from those who see only its size.
        let request =
            self.client.get(format!("{}/{told}", self.base)).header("Add-Padding", "true").timeout(TIMEOUT);
        // Errors are told without the address, which holds the digits.
        let answer = request.send().await.and_then(Response::error_for_status);
        let answer = read(answer.map_err(|e| e.without_url().to_string())?).await?;
        Ok(answer.lines().any(|line| is_entry_of(line, rest)))
    }
}

/// Whether a line says that the hash with these digits was seen. Padding has a count of zero.
fn is_entry_of(line: &str, rest: &str) -> bool {
    line.trim().split_once(':').is_some_and(|(digits, count)| {
        digits.eq_ignore_ascii_case(rest) && count.trim().parse::<u64>().is_ok_and(|count| count > 0)
    })
}

async fn read(mut answer: Response) -> Result<String, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| e.without_url().to_string())? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(format!("the answer is larger than {LARGEST_ANSWER} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
