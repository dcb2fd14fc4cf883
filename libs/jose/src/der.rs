//! The little of ASN.1 (X.690, DER) that RSA keys need: whole numbers and sequences of them (RFC 8017 §A.1).

use crate::Refusal;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// A number without sign, from big-endian bytes without leading zeros.
pub(crate) fn unsigned(number: &[u8]) -> Vec<u8> {
    let needs_zero = number.first().is_none_or(|first| first & 0x80 != 0);
    let content = if needs_zero { [&[0], number].concat() } else { number.to_vec() };
    element(INTEGER, &content)
}

pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut der = vec![tag];
    match (content.len(), u8::try_from(significant.len())) {
        (0..128, _) => der.push(significant.first().copied().unwrap_or(0)),
        (_, Ok(count)) => {
            der.push(0x80 | count);
            der.extend(significant);
        }
        // A length has eight bytes at most.
        (_, Err(_)) => {}
    }
    der.extend(content);
    der
}

/// The numbers of an `RSAPublicKey` or `RSAPrivateKey`, big endian, without leading zeros.
pub(crate) fn numbers(der: &[u8]) -> Result<Vec<Vec<u8>>, Refusal> {
    let (mut content, rest) = read(der, SEQUENCE)?;
    let mut numbers = Vec::new();
    while !content.is_empty() {
        let (number, after) = read(content, INTEGER)?;
        numbers.push(number.iter().copied().skip_while(|byte| *byte == 0).collect());
        content = after;
    }
    if rest.is_empty() { Ok(numbers) } else { Err(Refusal::BadKey) }
}

/// The key inside PKCS#8 (RFC 5208 §5).
pub(crate) fn private_key(pkcs8: &[u8]) -> Result<&[u8], Refusal> {
    let (content, _) = read(pkcs8, SEQUENCE)?;
    let (_version, content) = read(content, INTEGER)?;
    let (_algorithm, content) = read(content, SEQUENCE)?;
    Ok(read(content, OCTETS)?.0)
}

/// The content of the first element, which must have this tag, and what follows it.
fn read(der: &[u8], tag: u8) -> Result<(&[u8], &[u8]), Refusal> {
    let bad = Refusal::BadKey;
    let (found, rest) = der.split_first().ok_or(bad)?;
    let (first, rest) = rest.split_first().ok_or(bad)?;
    if *found != tag {
        return Err(bad);
    }
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or(bad)?;
        if bytes.len() > 4 {
            return Err(bad);
        }
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    rest.split_at_checked(length).ok_or(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_were_written() {
        let numbers_in = [vec![1], vec![0x80, 0], vec![7; 127], vec![0xff; 300], vec![9; 70_000]];
        let der = sequence(&numbers_in.iter().map(|number| unsigned(number)).collect::<Vec<_>>());
        assert_eq!(numbers(&der).unwrap(), numbers_in);
        for end in 0..der.len().min(600) {
            assert_eq!(numbers(&der[..end]), Err(Refusal::BadKey));
        }
        assert_eq!(numbers(&[der, vec![0]].concat()), Err(Refusal::BadKey));
    }
}
