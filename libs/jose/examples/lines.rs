//! Answers questions about tokens, one JSON object a line on standard input, one a line on standard output: for tests that
//! drive this library beside another (`tests/jose`).

use std::io::{BufRead as _, Write as _};

use avnology_jose::{
    Algorithm, KeySet, PublicKey, Refusal, SigningKey,
    jwe::{ContentEncryption, DecryptionKey, Encrypted, EncryptionKey, KeyManagement, encrypt},
    jws,
};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let (input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    for line in input.lines() {
        let question: Value = serde_json::from_str(&line?).map_err(std::io::Error::other)?;
        let answer = answer(&question).unwrap_or_else(|refusal| json!({ "refused": refusal.to_string() }));
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

fn answer(question: &Value) -> Result<Value, Refusal> {
    let text = |name: &str| question.get(name).and_then(Value::as_str).unwrap_or_default();
    let key = question.get("key").unwrap_or(&Value::Null);
    let way = || KeyManagement::from_name(text("alg")).ok_or(Refusal::WrongAlgorithm);
    let cipher = || ContentEncryption::from_name(text("enc")).ok_or(Refusal::WrongAlgorithm);
    match text("do") {
        "sign" => {
            let key = SigningKey::from_jwk(key)?;
            Ok(json!({ "token": jws::sign(&key, "x+jwt", text("payload").as_bytes())? }))
        }
        "verify" => {
            let key = PublicKey::from_jwk(key)?;
            let payload = jws::Unverified::parse(text("token"))?.verify(&key, &Algorithm::ALL)?;
            Ok(json!({ "payload": String::from_utf8_lossy(&payload) }))
        }
        "thumbprint" => Ok(json!({ "thumbprint": PublicKey::from_jwk(key)?.thumbprint() })),
        "set" => Ok(json!({ "keys": KeySet::parse(text("set"))?.keys().len() })),
        "encrypt" => {
            let to = EncryptionKey::from_jwk(way()?, key)?;
            let random = SystemRandom::new();
            let mut failed = false;
            let mut draw = |bytes: &mut [u8]| failed |= random.fill(bytes).is_err();
            let token = encrypt(&to, cipher()?, None, text("payload").as_bytes(), &mut draw)?;
            if failed { Err(Refusal::Failure) } else { Ok(json!({ "token": token })) }
        }
        "decrypt" => {
            let from = DecryptionKey::from_jwk(way()?, key)?;
            let plain = Encrypted::parse(text("token"))?.decrypt(&from, &ContentEncryption::ALL)?;
            Ok(json!({ "payload": String::from_utf8_lossy(&plain) }))
        }
        _ => Err(Refusal::Malformed),
    }
}
