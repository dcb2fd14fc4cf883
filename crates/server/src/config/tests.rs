use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use avnology_core::OsEntropy;
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const KEY_2: &str = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA";

fn load(file: Option<&Path>, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(file, environment.iter().map(|(name, value)| (name.into(), value.into())))
}

fn problems(environment: &[(&str, &str)]) -> String {
    load(None, environment).expect_err("the configuration is refused").to_string()
}

fn file(text: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("avnology.toml");
    fs::write(&path, text).unwrap();
    (dir, path)
}

/// What a public server needs at least.
const PUBLIC: &[(&str, &str)] = &[
    ("AVNOLOGY_PUBLIC_URL", "https://id.example.com"),
    ("AVNOLOGY_ENCRYPTION_KEY", KEY),
    ("AVNOLOGY_SMTP_URL", "smtps://mailer:p%40ss%2Fword@smtp.example.com"),
    ("AVNOLOGY_MAIL_FROM", "Example ID <id@example.com>"),
];

fn public_and(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let replaced = |name: &str| more.iter().any(|(n, _)| *n == name);
    PUBLIC.iter().filter(|(name, _)| !replaced(name)).chain(more).copied().collect()
}

#[test]
fn without_any_setting_a_developer_can_start() {
    let config = load(None, &[("PATH", "/bin"), ("HOME", "/root")]).unwrap();
    assert_eq!(config.public_url.as_str(), "http://localhost:8080/");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.admin_addr.to_string(), "127.0.0.1:9090");
    assert_eq!(config.environment, Environment::Live);
    assert_eq!(config.password_memory_kib, 1024 * 1024);
    assert!(config.is_loopback() && config.mail.is_none() && config.database_url.is_none());
    assert_eq!(config.mail_mode(), "logged (no smtp_url)");
}

#[test]
fn a_public_server_is_understood_whole() {
    let config = load(None, PUBLIC).unwrap();
    let mail = config.mail.as_ref().unwrap();
    let (user, password) = mail.server.credentials.clone().unwrap();
    assert_eq!((user.as_str(), password.expose_secret()), ("mailer", "p@ss/word"));
    assert_eq!((mail.server.host.as_str(), mail.server.port), ("smtp.example.com", 465));
    assert_eq!(mail.from.email.to_string(), "id@example.com");
    assert!(!config.is_loopback());
}

#[test]
fn a_gateway_for_texts_needs_tls_and_a_secret() {
    let secret = ("AVNOLOGY_SMS_WEBHOOK_SECRET", "0123456789abcdef0123456789abcdef");
    let url = ("AVNOLOGY_SMS_WEBHOOK_URL", "https://sms.example.com/send");
    let config = load(None, &public_and(&[url, secret])).unwrap();
    assert_eq!(config.sms.as_ref().unwrap().url.as_str(), "https://sms.example.com/send");
    assert_eq!(config.sms_mode(), "posted to https://sms.example.com/send");
    assert!(!format!("{config:?}").contains("0123456789abcdef"));
    assert!(problems(&public_and(&[url])).contains("required with sms_webhook_url"));
    assert!(problems(&public_and(&[secret])).contains("no effect without sms_webhook_url"));
    let plain = ("AVNOLOGY_SMS_WEBHOOK_URL", "http://sms.example.com/send");
    assert!(problems(&public_and(&[plain, secret])).contains("in the clear"));
    let local = ("AVNOLOGY_SMS_WEBHOOK_URL", "http://127.0.0.1:9999/send");
    assert!(load(None, &public_and(&[local, secret])).is_ok());
    let short = ("AVNOLOGY_SMS_WEBHOOK_SECRET", "short");
    assert!(problems(&public_and(&[url, short])).contains("too short"));
    assert_eq!(load(None, PUBLIC).unwrap().sms_mode(), "none (no sms_webhook_url)");
}

#[test]
fn the_environment_wins_over_the_file() {
    let (_dir, path) = file("listen = '0.0.0.0:1111'\nadmin_addr = '127.0.0.1:2222'\nlog = 'debug'\n");
    let config = load(Some(&path), &[("AVNOLOGY_LISTEN", "127.0.0.1:3333")]).unwrap();
    assert_eq!(config.listen.port(), 3333);
    assert_eq!(config.admin_addr.port(), 2222);
    assert_eq!(config.log, "debug");
}

#[test]
fn the_variable_names_the_file_and_the_command_line_wins() {
    let (_dir, path) = file("log = 'debug'");
    let (_other_dir, other) = file("log = 'trace'");
    let variable = [("AVNOLOGY_CONFIG", path.to_str().unwrap())];
    assert_eq!(load(None, &variable).unwrap().log, "debug");
    assert_eq!(load(Some(&other), &variable).unwrap().log, "trace");
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    assert!(load(None, &[("AVNOLOGY_DATABASE_URL", ""), ("AVNOLOGY_SMTP_URL", "")]).unwrap().mail.is_none());
}

#[test]
fn lists_are_arrays_in_the_file_and_comma_separated_in_the_environment() {
    let (_dir, path) = file("trusted_proxies = ['10.0.0.0/8', '192.0.2.1']");
    let nets = |config: Config| config.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(nets(load(Some(&path), &[]).unwrap()), ["10.0.0.0/8", "192.0.2.1/32"]);
    let variable = [("AVNOLOGY_TRUSTED_PROXIES", " fd00::/8 , 10.1.0.0/16 ")];
    assert_eq!(nets(load(None, &variable).unwrap()), ["fd00::/8", "10.1.0.0/16"]);
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_known_one() {
    let text = problems(&[("AVNOLOGY_LISTN", "127.0.0.1:1")]);
    assert!(text.contains("AVNOLOGY_LISTN: there is no such key. Did you mean AVNOLOGY_LISTEN?"), "{text}");
    let text = problems(&[("AVNOLOGY_LISTEN_FILE", "/x")]);
    assert!(
        text.contains("AVNOLOGY_LISTEN_FILE: there is no such key."),
        "only secrets have that form: {text}"
    );
    let text = problems(&[("AVNOLOGY_FLUX_CAPACITOR", "on")]);
    assert!(text.contains("`avnology config keys` lists every key"), "{text}");
}

#[test]
fn an_unknown_key_of_the_file_is_refused_with_the_nearest_known_one() {
    let (_dir, path) = file("smtp_ulr = 'smtp://user:hunter2@localhost'");
    let text = load(Some(&path), &[]).unwrap_err().to_string();
    assert!(text.contains("Did you mean smtp_url?") && text.contains("`smtp_ulr` in"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_broken_file_is_told_by_its_line_without_quoting_it() {
    let (_dir, path) = file("log = 'info'\n\nencryption_key = 'very-secret\n");
    let text = load(Some(&path), &[]).unwrap_err().to_string();
    assert!(text.contains("line 3 is not TOML") && !text.contains("very-secret"), "{text}");
}

#[test]
fn a_file_that_is_not_there_is_refused() {
    let text = load(Some(Path::new("/nowhere/avnology.toml")), &[]).unwrap_err().to_string();
    assert!(text.contains("/nowhere/avnology.toml: the configuration file cannot be read"), "{text}");
}

#[test]
fn a_secret_comes_from_its_file_without_the_line_end() {
    let (_dir, path) = file(&format!("{KEY}\n"));
    let mut environment = PUBLIC.to_vec();
    environment.retain(|(name, _)| *name != "AVNOLOGY_ENCRYPTION_KEY");
    environment.push(("AVNOLOGY_ENCRYPTION_KEY_FILE", path.to_str().unwrap()));
    let keys = load(None, &environment).unwrap().encryption_keys.load(&OsEntropy).unwrap();
    assert_eq!(&*keys[0], b"0123456789abcdef0123456789abcdef");
}

#[test]
fn a_secret_that_is_set_twice_is_refused() {
    let (_dir, path) = file(KEY);
    let mut environment = PUBLIC.to_vec();
    environment.push(("AVNOLOGY_ENCRYPTION_KEY_FILE", path.to_str().unwrap()));
    let text = problems(&environment);
    assert!(text.contains("both `encryption_key` and `encryption_key_file` are set"), "{text}");
}

#[test]
fn several_problems_are_told_at_once_with_their_remedies() {
    let text = problems(&[
        ("AVNOLOGY_LISTEN", "8080"),
        ("AVNOLOGY_ENVIRONMENT", "staging"),
        ("AVNOLOGY_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("AVNOLOGY_PASSWORD_MEMORY", "lots"),
        ("AVNOLOGY_PASSWORD_THREADS", "0"),
        ("AVNOLOGY_LOG", "info,=,"),
        ("AVNOLOGY_BREACH_FILE", "/nowhere"),
    ]);
    for part in [
        "AVNOLOGY_LISTEN: `8080` is no address with a port. Write an IP address and a port",
        "AVNOLOGY_ENVIRONMENT: `staging` is no environment. Write live or test.",
        "AVNOLOGY_TRUSTED_PROXIES: `proxy` is no network.",
        "AVNOLOGY_PASSWORD_MEMORY: `lots` is no size.",
        "AVNOLOGY_PASSWORD_THREADS: `0` is no number from 1 to 256.",
        "AVNOLOGY_LOG: `info,=,` is no filter",
        "AVNOLOGY_BREACH_FILE: /nowhere cannot be read",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn no_problem_shows_a_secret() {
    let text = problems(&[
        ("AVNOLOGY_ENCRYPTION_KEY", "hunter2-key"),
        ("AVNOLOGY_DATABASE_URL", "mysql://root:hunter2-db@db/x"),
        ("AVNOLOGY_SMTP_URL", "gopher://root:hunter2-mail@mail"),
        ("AVNOLOGY_BOOTSTRAP_API_KEY", "ak_live_hunter2-api"),
    ]);
    assert_eq!(text.matches("\n  - ").count(), 4, "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_public_server_without_key_or_mail_is_refused() {
    let text = problems(&[("AVNOLOGY_PUBLIC_URL", "https://id.example.com")]);
    assert!(
        text.contains("AVNOLOGY_ENCRYPTION_KEY: it is required") && text.contains("openssl rand -base64 32"),
        "{text}"
    );
    assert!(text.contains("AVNOLOGY_SMTP_URL: it is required"), "{text}");
    let text = problems(&[("AVNOLOGY_SMTP_URL", "smtp://localhost")]);
    assert!(text.contains("AVNOLOGY_MAIL_FROM: it is required with smtp_url"), "{text}");
}

#[test]
fn plain_http_is_for_loopback_and_tests() {
    let text = problems(&public_and(&[("AVNOLOGY_PUBLIC_URL", "http://id.example.com")]));
    assert!(text.contains("plain http would send session cookies in the clear"), "{text}");
    let environment =
        public_and(&[("AVNOLOGY_PUBLIC_URL", "http://id.test:8080"), ("AVNOLOGY_ENVIRONMENT", "test")]);
    assert!(load(None, &environment).is_ok());
}

#[test]
fn loopback_is_told_from_what_only_looks_like_it() {
    let is_loopback = |url: &str| rules::is_loopback(&Url::parse(url).unwrap());
    for url in [
        "http://localhost",
        "http://id.localhost:3000",
        "http://127.0.0.1:8080",
        "http://127.9.9.9",
        "http://[::1]:80",
        "http://[::ffff:127.0.0.1]",
        "http://0x7f.1",
    ] {
        assert!(is_loopback(url), "{url}");
    }
    for url in [
        "http://localhost.example.com",
        "http://notlocalhost",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
    ] {
        assert!(!is_loopback(url), "{url}");
    }
}

#[test]
fn the_public_url_is_an_origin() {
    for url in [
        "id.example.com",
        "ftp://id.example.com",
        "https://id.example.com/auth",
        "https://id.example.com?x",
        "https://u:p@id.example.com",
    ] {
        let environment = [("AVNOLOGY_PUBLIC_URL", url)];
        assert!(problems(&environment).contains("AVNOLOGY_PUBLIC_URL"), "{url}");
    }
}

#[test]
fn mail_passwords_travel_by_tls_only() {
    let text = problems(&public_and(&[("AVNOLOGY_SMTP_URL", "smtp://user:word@smtp.example.com")]));
    assert!(text.contains("smtp:// would send the password in the clear"), "{text}");
    for url in [
        "smtp://user:word@127.0.0.1:2525",
        "smtp+starttls://user:word@smtp.example.com",
        "smtp://relay.internal",
    ] {
        let environment: Vec<_> =
            PUBLIC.iter().map(|(n, v)| (*n, if *n == "AVNOLOGY_SMTP_URL" { url } else { v })).collect();
        assert!(load(None, &environment).is_ok(), "{url}");
    }
}

#[test]
fn weak_hashes_and_keys_of_the_other_environment_are_refused() {
    let text = problems(&[("AVNOLOGY_PASSWORD_HASH", "cheapest")]);
    assert!(text.contains("`cheapest` would leave passwords nearly unprotected"), "{text}");
    let environment = [("AVNOLOGY_PASSWORD_HASH", "cheapest"), ("AVNOLOGY_ENVIRONMENT", "test")];
    assert_eq!(load(None, &environment).unwrap().password_hash, PasswordHash::Cheapest);

    let key = avnology_model::secret_token::SecretToken::new(
        avnology_model::secret_token::SecretKind::TestKey,
        &[7; 32],
    );
    let text = problems(&[("AVNOLOGY_BOOTSTRAP_API_KEY", key.expose())]);
    assert!(text.contains("it is a key of the other environment"), "{text}");
    assert!(
        load(None, &[("AVNOLOGY_BOOTSTRAP_API_KEY", key.expose()), ("AVNOLOGY_ENVIRONMENT", "test")]).is_ok()
    );
}

#[test]
fn what_is_shown_has_no_secret_and_names_its_source() {
    let (_dir, path) =
        file("database_url = 'postgres://id:hunter2@db.internal/id?sslpassword=hunter2'\nlog = 'debug'");
    let config = load(Some(&path), PUBLIC).unwrap();
    let shown = config.shown().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_eq!(config.shown().len(), Key::ALL.len());
    assert!(shown.contains("postgres://id:***@db.internal/id?***"), "{shown}");
    assert!(shown.contains("smtps://mailer:***@smtp.example.com"), "{shown}");
    assert!(shown.contains("encryption_key = ***  # AVNOLOGY_ENCRYPTION_KEY"), "{shown}");
    assert!(shown.contains(&format!("log = \"debug\"  # {}", path.display())), "{shown}");
    assert!(shown.contains("listen = (127.0.0.1:8080)  # default"), "{shown}");
    for secret in ["hunter2", KEY, "ss%2Fword"] {
        assert!(!shown.contains(secret) && !format!("{config:?}").contains(secret), "{secret}");
    }
    assert_eq!(config.database(), "postgres://id:***@db.internal/id?***");
}

#[test]
fn keys_are_read_newest_first_in_either_alphabet() {
    let both = format!("{KEY_2},{KEY}");
    let environment: Vec<_> = PUBLIC
        .iter()
        .map(|(n, v)| (*n, if *n == "AVNOLOGY_ENCRYPTION_KEY" { both.as_str() } else { v }))
        .collect();
    let keys = load(None, &environment).unwrap().encryption_keys.load(&OsEntropy).unwrap();
    assert_eq!(keys.len(), 2);
    assert_eq!(&*keys[0], b"fedcba9876543210fedcba9876543210");
    for (bad, words) in [
        ("AAAA", "has 3 bytes, not 32"),
        ("%%%", "is no base64"),
        (&format!("{KEY},{KEY}"), "stands there twice"),
    ] {
        let text = problems(&[("AVNOLOGY_ENCRYPTION_KEY", bad)]);
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_developers_key_is_made_once_for_us_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("deep/data");
    let config = load(None, &[("AVNOLOGY_DATA_DIR", data.to_str().unwrap())]).unwrap();
    assert!(!data.exists(), "reading the configuration writes nothing");
    let first = config.encryption_keys.load(&OsEntropy).unwrap();
    let again = config.encryption_keys.load(&OsEntropy).unwrap();
    assert_eq!(first, again);
    assert_ne!(*first[0], [0; 32]);
    let path = data.join("encryption.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "nothing else is left behind");

    fs::write(&path, "not a key").unwrap();
    let error = config.encryption_keys.load(&OsEntropy).unwrap_err().to_string();
    assert!(error.contains("encryption.key") && !error.contains("not a key"), "{error}");
}

#[test]
fn who_may_be_called_besides_public_addresses_is_a_list_of_networks_and_names() {
    let config = load(None, &[("AVNOLOGY_OUTBOUND_ALLOW", "10.0.0.0/8, fd00::1, IdP.internal")]).unwrap();
    let expected = ["10.0.0.0/8", "fd00::1", "idp.internal"].map(|text| Allowed::parse(text).unwrap());
    assert_eq!(config.outbound_allow, expected);
    let text = problems(&[("AVNOLOGY_OUTBOUND_ALLOW", "https://idp.internal")]);
    assert!(text.contains("is neither a network nor a host name"), "{text}");
}
