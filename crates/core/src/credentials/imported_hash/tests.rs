use avnology_model::{Code, credentials::ArgonCost};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::credentials::{HasherConfig, Verdict};

/// What the hashes below were made of, by passlib, argon2-cffi, firebase-scrypt and Python's `hashlib`.
const PASSWORD: &str = "velvet otter ladder 7";
const SIGNER_KEY: &str =
    "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";

fn hasher() -> PasswordHasher {
    let cost = ArgonCost::CHEAPEST;
    PasswordHasher::new(HasherConfig { cost, threads: 1, memory_budget_kib: 1024, queue: 4 }).unwrap()
}

fn text(hash: Value) -> Result<String> {
    text_of(&hasher(), &serde_json::from_value(hash).unwrap(), "password_hash")
}

fn known() -> Vec<Value> {
    let encoded = |algorithm: &str, text: &str| json!({ "algorithm": algorithm, "encoded": text });
    vec![
        encoded(
            "argon2",
            "$argon2id$v=19$m=64,t=2,p=1$3KLupt1K7wKba1Vn9tuXdQ$Fppw8bYkwcWVrR2rRaHUqmfhvTqtQEx1buF0Lk7JuTI",
        ),
        encoded(
            "argon2",
            "$argon2i$v=19$m=64,t=2,p=1$LvZu2TU7SKWS7o8sc1J+PQ$F9N9jL1GLHfU5Scjw1i/6fsZSeVqG+dpGADyX4z0d/A",
        ),
        encoded(
            "argon2",
            "$argon2d$v=19$m=64,t=2,p=1$bN7KtwtVfmPv+NUR9P4g0A$1rXHy02Mft6hNjHDHkAFg86IT3o/d7LhoPZxUC4/SnE",
        ),
        encoded("bcrypt", "$2a$04$jPih29jeZ5YdnGbkNnS1F.jmiDCau1obH4c2gsPcLsUISez5IpZVy"),
        encoded("bcrypt", "$2b$04$e2uWeP8jI9yp94Zr35aYtuFHHnZo7vi/8AVx3pBQz1thnbHgtaoRG"),
        encoded("bcrypt", "$2y$04$Wr55CVo/0r.o1fL5qp8Uxepqc.z1rM6SbmVajyPXyXa45NulmYf0G"),
        encoded(
            "scrypt",
            "$scrypt$ln=8,r=8,p=1$zxlDiDEGQKjVmtPae2/t3Q$g68eTwTujDfjBDFN3iw82NdRQKpmWVPYCN3blay/pB8",
        ),
        json!({
            "algorithm": "scrypt", "n": 16, "r": 2, "p": 3, "length": 40, "salt": "c2FsdHlzYWx0eQ==",
            "hash": "gnqEOAgzG6plC/UWgA904MMaMB9k3aWie98jrzmaB7ayKx9Ne+G6AA==",
        }),
        json!({
            "algorithm": "firebase-scrypt", "rounds": 2, "mem_cost": 4, "salt": "42xEC+ixf3L2lw==",
            "salt_separator": "Bw==", "signer_key": SIGNER_KEY,
            "hash": "J0Fzi+nx3GpBC060JriHNjBRS8g7DVTy6BhdZwXWvgZcTIrvyt4lX03c7MprsZx4oC8xCRtEK4AIRDzzdqA5oA==",
        }),
        encoded("pbkdf2", "$pbkdf2$1000$NEYo5fy/9z4nBADgHMO49w$3yvT53sFuarqTesB8PGZU9RASmQ"),
        encoded(
            "pbkdf2",
            "$pbkdf2-sha256$1000$a.3dGwMg5HyPkdI6p3SO8Q$XXmqJWGeQZi5O1Y4Kdfy9b2yuttBHWDstXwQ2gOmVBY",
        ),
        encoded(
            "pbkdf2",
            "$pbkdf2-sha256$i=1000,l=32$a+3dGwMg5HyPkdI6p3SO8Q$XXmqJWGeQZi5O1Y4Kdfy9b2yuttBHWDstXwQ2gOmVBY",
        ),
        encoded(
            "pbkdf2",
            "$pbkdf2-sha512$1000$HMO4FwLgHEMIgbC2llJqTQ$Q0yfV79UkUTCaQ4zz06Cf92YPOTu3acQukqdKZpRJ4ttBFRtkYV.i3SRmwIkluMM55CYlUa8fvIfQhzdQSxy1w",
        ),
        encoded("pbkdf2", "pbkdf2_sha256$1000$09GI7XbSl8Om$AQfSdqJeeeEXew6BY/FCjm4B/wrSBGw9yqePIIoY87A="),
        json!({
            "algorithm": "pbkdf2", "iterations": 1000, "digest": "sha256", "salt": "c2FsdHlzYWx0eQ==",
            "hash": "FNUeOwQfnithmOg+Hhpa4Qf4xC43QgNveSU5vF5hL1MRmGHsyRipj1MUIW05CXhP3VE8VNhUPGhsz6eSuKCrrQ==",
        }),
        json!({ "algorithm": "md5", "hash": "3d6131adb76d3f38b4db5b9765d1565b", "salt": "73616c7479", "encoding": "hex" }),
        json!({ "algorithm": "sha1", "hash": "020a09c308744f8061dbc34aae58781188f63039", "salt": "73616c7479", "encoding": "hex" }),
        json!({ "algorithm": "sha256", "hash": "48581cb21042fe7dbb187e7df006de6a4e4c8043a0c202ac33479c9eca4504a1", "salt": "73616c7479", "encoding": "hex" }),
        json!({ "algorithm": "sha512", "hash": "dfb1e8663753e57729a4dc64d2579a50efdbe25dacef0fdc4d45b6a728dd876ca43a2a440bb5697c0a8cf19ee10f2b1ea58df99d3cef82754ee17bcaf65461a8", "salt": "73616c7479", "encoding": "hex" }),
        json!({ "algorithm": "md5", "hash": "MG87ffEaq8JcKG3chxDzNg==", "salt": "c2FsdHk=", "salt_position": "suffix", "iterations": 3 }),
        json!({ "algorithm": "sha1", "hash": "hcWY93EIoKkXmf/2zcG63ThNyHs=", "salt": "c2FsdHk=", "salt_position": "suffix", "iterations": 3 }),
        json!({ "algorithm": "sha256", "hash": "ghuwf6T8/Oe4SfZ9QHF1lIX4tHAdfMBQ7LKx+rF/CHY=", "salt": "c2FsdHk=", "salt_position": "suffix", "iterations": 3 }),
        json!({ "algorithm": "sha512", "hash": "7jSCX6N6pxCVCjOZ8UqEe0KXpeLDSWn1fB370goty+ixp5T62z+Rw/hI7GfiHoW3GOqZJZJMSZvjYzCTiCl/6g==", "salt": "c2FsdHk=", "salt_position": "suffix", "iterations": 3 }),
        encoded("ssha", "{SSHA}jK994Bgb+UjuUw5XOFc7NSigYabG2Jtz"),
        encoded("ssha256", "{SSHA256}rKgvtwUzEE855C2ssRpoGpqPxxKi4Ss2v1ICbAvJ3rMoxTgHQGitFQ=="),
        encoded(
            "ssha512",
            "{SSHA512}//qu5R+g8H+jGFGWNsNp4LoITCRepfUtpuPcNFh8uUEwwymXhV4wkjX5+qr4474YXGKQQN94p9FYqcYawwAXjxGC8L63Vkop",
        ),
        encoded("phpass", "$P$5iZHd4jML3Efw8wQstNCiUPGyftfWo."),
        encoded("phpass", "$H$5sL.Mb.WQf5fRsYN41XdGeXeikDqm7."),
        encoded(
            "crypt-sha256",
            "$5$rounds=1000$FYuIGDKnktMcxG4y$26dUua6Y9g/MGiFANAABgC1KQWeGddED0BAgnNBsw7D",
        ),
        encoded(
            "crypt-sha512",
            "$6$rounds=1000$8DtlaEjgx8eKh9Vo$sImbUwvMctRs5xGFd.9helzzc6D1uIV/jsI.EyHhMereoU1Vbvfg1fUz8BnEKTZb6uCkc47oYixf3IjCxn5EK0",
        ),
        encoded(
            "crypt-sha512",
            "$6$PjIDZXvCPlxZyZpz$hvJpdqYMBvpyRthmsYBloBi.B3wdYUQzB5f3.k/fbZOMEeleow8hpsbv50k8hRAzfjrZXTHpL7kqUsFvDLmVu1",
        ),
    ]
}

#[tokio::test]
async fn hashes_of_other_libraries_let_their_password_in_and_no_other() {
    let hasher = hasher();
    for hash in known() {
        let text = text(hash.clone()).unwrap();
        for (password, matches) in [(PASSWORD, true), ("velvet otter ladder 8", false), ("", false)] {
            let verdict = hasher.verify(&password.to_owned().into(), Some(text.clone())).await.unwrap();
            assert_eq!(verdict.matches, matches, "{password:?} against {hash}");
        }
    }
}

#[tokio::test]
async fn every_hash_but_a_strong_argon2id_is_to_be_made_anew() {
    for hash in known() {
        let text = text(hash.clone()).unwrap();
        let Verdict { needs_rehash, .. } =
            hasher().verify(&PASSWORD.to_owned().into(), Some(text.clone())).await.unwrap();
        assert_eq!(needs_rehash, !text.starts_with("$argon2id"), "{hash}");
    }
}

#[tokio::test]
async fn the_published_example_of_firebase_is_met() {
    let hash = json!({
        "algorithm": "firebase-scrypt", "rounds": 8, "mem_cost": 14, "salt": "42xEC+ixf3L2lw==",
        "salt_separator": "Bw==", "signer_key": SIGNER_KEY,
        "hash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
    });
    let text = text(hash).unwrap();
    assert!(hasher().verify(&"user1password".to_owned().into(), Some(text)).await.unwrap().matches);
}

#[tokio::test]
async fn bcrypt_reads_seventy_two_bytes_as_elsewhere() {
    let text = "$2b$04$YK5xjACQIok9EKTY4HoCnOTIElsP2XWM4dIwpDqsr3sD2/MU.4Ku2".to_owned();
    for (length, matches) in [(71, false), (72, true), (80, true)] {
        let verdict = hasher().verify(&"y".repeat(length).into(), Some(text.clone())).await.unwrap();
        assert_eq!(verdict.matches, matches, "{length}");
    }
}

#[tokio::test]
async fn a_wrong_password_costs_as_much_as_an_unknown_account() {
    let hasher = PasswordHasher::new(HasherConfig {
        cost: ArgonCost { memory_kib: 4096, ..ArgonCost::CHEAPEST },
        threads: 1,
        memory_budget_kib: 8192,
        queue: 4,
    })
    .unwrap();
    let text =
        text(json!({ "algorithm": "ssha", "encoded": "{SSHA}jK994Bgb+UjuUw5XOFc7NSigYabG2Jtz" })).unwrap();
    hasher.verify(&PASSWORD.to_owned().into(), Some(text.clone())).await.unwrap();
    assert_eq!(hasher.memory_kib(), 0, "the right one needs no Argon2 yet");
    hasher.verify(&"wrong".to_owned().into(), Some(text)).await.unwrap();
    assert_eq!(hasher.memory_kib(), 4096);
}

#[tokio::test]
async fn a_very_long_password_is_not_tried_where_every_round_reads_it() {
    let known = [
        "$P$5iZHd4jML3Efw8wQstNCiUPGyftfWo.",
        "$6$rounds=1000$8DtlaEjgx8eKh9Vo$sImbUwvMctRs5xGFd.9helzzc6D1uIV/jsI.EyHhMereoU1Vbvfg1fUz8BnEKTZb6uCkc47oYixf3IjCxn5EK0",
    ];
    for text in known {
        let scheme = crate::credentials::hasher::foreign::read(text).unwrap();
        assert!(!scheme.matches(&vec![b'x'; 1 << 20]).unwrap());
    }
}

#[test]
fn parameters_that_ask_for_too_much_are_refused() {
    let long = "A".repeat(43);
    let scrypt = |n: u32, r: u32, p: u32| json!({ "algorithm": "scrypt", "n": n, "r": r, "p": p, "salt": "c2FsdHk=", "hash": long });
    let firebase = |rounds: u32, mem_cost: u32| {
        json!({
            "algorithm": "firebase-scrypt", "rounds": rounds, "mem_cost": mem_cost, "salt": "c2FsdHk=",
            "salt_separator": "Bw==", "signer_key": long, "hash": long,
        })
    };
    let pbkdf2 = |iterations: u32| json!({ "algorithm": "pbkdf2", "digest": "sha256", "iterations": iterations, "salt": "c2FsdHk=", "hash": long });
    let bcrypt = |cost: u32| {
        let text = format!("$2b${cost:02}$e2uWeP8jI9yp94Zr35aYtuFHHnZo7vi/8AVx3pBQz1thnbHgtaoRG");
        json!({ "algorithm": "bcrypt", "encoded": text })
    };
    let argon2 = |cost: &str| {
        let tail = "3KLupt1K7wKba1Vn9tuXdQ$Fppw8bYkwcWVrR2rRaHUqmfhvTqtQEx1buF0Lk7JuTI";
        json!({ "algorithm": "argon2", "encoded": format!("$argon2id$v=19${cost}${tail}") })
    };
    let crypt = |rounds: u32| {
        let tail = "FYuIGDKnktMcxG4y$26dUua6Y9g/MGiFANAABgC1KQWeGddED0BAgnNBsw7D";
        json!({ "algorithm": "crypt-sha256", "encoded": format!("$5$rounds={rounds}${tail}") })
    };
    let phpass = |count: char| json!({ "algorithm": "phpass", "encoded": format!("$P${count}iZHd4jML3Efw8wQstNCiUPGyftfWo.") });
    let sha256 = |iterations: u32| json!({ "algorithm": "sha256", "hash": long, "iterations": iterations });
    let within = [
        scrypt(1 << 17, 8, 1),
        firebase(8, 14),
        pbkdf2(2_000_000),
        bcrypt(4),
        bcrypt(16),
        argon2("m=131072,t=3,p=8"),
        crypt(1_000),
        crypt(2_000_000),
        phpass('5'),
        phpass('I'),
        sha256(1),
        sha256(2_000_000),
    ];
    for hash in within {
        assert!(text(hash.clone()).is_ok(), "{hash}");
    }
    let beyond = [
        scrypt(1 << 18, 8, 1),
        scrypt(1 << 17, 8, 3),
        scrypt(1 << 31, 1, 1),
        scrypt(2, 1 << 30, 1),
        scrypt(2, 1, 1 << 30),
        scrypt(2, 0, 1),
        scrypt(2, 1, 0),
        scrypt(2, u32::MAX, u32::MAX),
        firebase(9, 14),
        firebase(8, 15),
        firebase(0, 1),
        firebase(1, 0),
        firebase(u32::MAX, u32::MAX),
        pbkdf2(0),
        pbkdf2(2_000_001),
        pbkdf2(u32::MAX),
        bcrypt(3),
        bcrypt(17),
        bcrypt(31),
        bcrypt(99),
        argon2("m=131073,t=1,p=1"),
        argon2("m=4194304,t=1,p=1"),
        argon2("m=65536,t=9,p=1"),
        argon2("m=64,t=4294967295,p=1"),
        argon2("m=65536,t=1,p=9"),
        crypt(999),
        crypt(2_000_001),
        crypt(999_999_999),
        phpass('.'),
        phpass('J'),
        phpass('z'),
        sha256(0),
        sha256(2_000_001),
    ];
    for hash in beyond {
        let error = text(hash.clone()).unwrap_err();
        assert_eq!(error.code(), Code::ValidationFailed, "{hash}");
        let fields: Vec<_> = error.errors().iter().map(|e| (e.field.as_str(), e.code)).collect();
        assert_eq!(fields, [("password_hash", FieldCode::NotAllowed)], "{hash}");
    }
}

#[test]
fn hashes_too_short_to_mean_anything_are_refused() {
    for hash in [
        json!({ "algorithm": "scrypt", "n": 16, "r": 1, "p": 1, "salt": "c2FsdHk=", "hash": "" }),
        json!({ "algorithm": "pbkdf2", "digest": "sha1", "iterations": 1, "salt": "c2FsdHk=", "hash": "AAAA" }),
        json!({ "algorithm": "sha1", "hash": "AAAA" }),
        json!({ "algorithm": "md5", "hash": "" }),
        json!({ "algorithm": "argon2", "encoded": "$argon2id$v=19$m=64,t=2,p=1$3KLupt1K7wKba1Vn9tuXdQ$AAAAAA" }),
        json!({ "algorithm": "ssha", "encoded": "{SSHA}AAAA" }),
    ] {
        assert_eq!(text(hash.clone()).unwrap_err().code(), Code::ValidationFailed, "{hash}");
    }
}

#[test]
fn members_that_are_missing_or_belong_to_another_algorithm_are_named() {
    let fields = |hash: Value| -> Vec<(String, FieldCode)> {
        text(hash).unwrap_err().errors().iter().map(|e| (e.field.clone(), e.code)).collect()
    };
    let named = |name: &str, code| (format!("password_hash.{name}"), code);
    assert_eq!(fields(json!({ "algorithm": "bcrypt" })), [named("encoded", FieldCode::Required)]);
    assert_eq!(
        fields(json!({ "algorithm": "pbkdf2", "hash": "AAAAAAAAAAAAAAAAAAAAAAAA" })),
        [
            named("salt", FieldCode::Required),
            named("iterations", FieldCode::Required),
            named("digest", FieldCode::Required)
        ]
    );
    let bcrypt = "$2b$04$e2uWeP8jI9yp94Zr35aYtuFHHnZo7vi/8AVx3pBQz1thnbHgtaoRG";
    assert_eq!(
        fields(json!({ "algorithm": "bcrypt", "encoded": bcrypt, "rounds": 3, "salt": "AAAA" })),
        [named("salt", FieldCode::NotAllowed), named("rounds", FieldCode::NotAllowed)]
    );
    for (algorithm, encoded) in [
        ("argon2", bcrypt),
        ("scrypt", bcrypt),
        ("bcrypt", "$2x$04$e2uWeP8jI9yp94Zr35aYtuFHHnZo7vi/8AVx3pBQz1thnbHgtaoRG"),
        ("phpass", bcrypt),
        ("crypt-sha256", "$6$aa$bb"),
        ("crypt-sha512", bcrypt),
        ("ssha", "{SSHA256}AAAA"),
        ("pbkdf2", "x"),
    ] {
        let refused = fields(json!({ "algorithm": algorithm, "encoded": encoded }));
        assert_eq!(refused, [named("encoded", FieldCode::InvalidFormat)], "{algorithm}");
    }
    let md5 = json!({ "algorithm": "md5", "hash": "zz", "encoding": "hex" });
    assert_eq!(fields(md5), [named("hash", FieldCode::InvalidFormat)]);
    let scrypt =
        json!({ "algorithm": "scrypt", "n": 3, "r": 1, "p": 1, "salt": "AAAA", "hash": "AAAA", "length": 4 });
    assert_eq!(fields(scrypt), [named("n", FieldCode::InvalidFormat), named("length", FieldCode::Conflict)]);
}

#[test]
fn a_hash_is_not_shown_where_it_is_refused_or_logged() {
    let secret = "$2b$99$e2uWeP8jI9yp94Zr35aYtuFHHnZo7vi/8AVx3pBQz1thnbHgtaoRG";
    let hash: PasswordHash =
        serde_json::from_value(json!({ "algorithm": "bcrypt", "encoded": secret })).unwrap();
    let error = text_of(&hasher(), &hash, "password_hash").unwrap_err();
    assert!(!format!("{error:?} {hash:?}").contains("e2uWeP8jI9yp94Zr35aYtu"));
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(start in prop::sample::select(vec![
        "", "$", "$2b$", "$2a$04$", "$scrypt$", "$scrypt$ln=8,r=8,p=1$", "$firebase-scrypt$r=8,m=14$", "$pbkdf2$",
        "$pbkdf2-sha256$i=1,l=2$", "pbkdf2_sha1$", "$digest-md5$i=1,s=prefix$", "$P$", "$H$5", "$5$", "$6$rounds=1000$",
        "$argon2id$v=19$m=64,t=2,p=1$", "{SSHA}",
    ]), rest in "\\PC{0,90}", algorithm in prop::sample::select(HashAlgorithm::ALL.to_vec())) {
        let encoded = Some(format!("{start}{rest}"));
        let _ = text_of(&hasher(), &PasswordHash { encoded, ..PasswordHash::new(algorithm) }, "password_hash");
    }

    #[test]
    fn no_numbers_make_a_parser_panic_or_pass_beyond_the_limits(
        n in any::<u32>(), r in any::<u32>(), p in any::<u32>(), log_n in 0_u32..40, salt in "[A-Za-z0-9+/=_-]{0,40}",
    ) {
        let hash = Some("A".repeat(43));
        let base = PasswordHash { hash, salt: Some(salt), ..PasswordHash::new(HashAlgorithm::Scrypt) };
        let n = 1_u32.checked_shl(log_n).unwrap_or(n);
        let scrypt = PasswordHash { n: Some(n), r: Some(r), p: Some(p), ..base.clone() };
        if text_of(&hasher(), &scrypt, "password_hash").is_ok() {
            prop_assert!(u64::from(n) * u64::from(r) * 128 <= 128 << 20);
        }
        let pbkdf2 = PasswordHash { algorithm: HashAlgorithm::Pbkdf2, iterations: Some(n), digest: Some(avnology_model::credentials::Prf::Sha1), ..base };
        if text_of(&hasher(), &pbkdf2, "password_hash").is_ok() {
            prop_assert!(n <= 1_000_000, "two blocks of SHA-1 make it twice the work");
        }
    }
}
