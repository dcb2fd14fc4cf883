//! Writes every page and mail in every state to a directory, to be looked at in a browser:
//! `cargo run -p avnology-views --features samples --example samples -- <directory>`.

use std::{fs, io, path::PathBuf};

use avnology_views::{assets, samples};

fn main() -> io::Result<()> {
    let directory = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "samples".to_owned()));
    fs::create_dir_all(directory.join("assets"))?;
    for asset in assets::all() {
        fs::write(directory.join("assets").join(&asset.path), &asset.bytes)?;
    }
    let mut index = String::from("<!doctype html><meta charset=\"utf-8\"><title>Samples</title>\n");
    for (name, html) in samples::pages() {
        fs::write(directory.join(format!("{name}.html")), relative(&html))?;
        index.extend(["<a href=\"", &name, ".html\">", &name, "</a><br>\n"]);
    }
    for (name, mail) in samples::mails() {
        fs::write(directory.join(format!("mail-{name}.html")), mail.html)?;
        fs::write(
            directory.join(format!("mail-{name}.txt")),
            format!("Subject: {}\n\n{}", mail.subject, mail.text),
        )?;
        index.extend(["<a href=\"mail-", &name, ".html\">mail ", &name, "</a><br>\n"]);
    }
    fs::write(directory.join("index.html"), index)
}

/// Files beside the page instead of below the root, and without integrity, which browsers refuse for `file:`.
fn relative(html: &str) -> String {
    let mut html = html.replace("\"/assets/", "\"assets/");
    for asset in assets::all() {
        html = html.replace(&format!(" integrity=\"{}\"", asset.integrity), "");
    }
    html
}
