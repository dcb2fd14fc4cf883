//! Whether a password is good enough (`contract/00` §14, `password_policy`).

use avnology_model::{FieldCode, FieldError, credentials::PasswordPolicy};

/// The largest password in bytes, whatever the policy says of characters.
pub const MAX_BYTES: usize = 4096;

/// How much of a password is judged, in characters: the estimate takes more than linear time.
const JUDGED: usize = 100;

/// Words of the person that are shorter than this may be part of a password.
const SHORTEST_FORBIDDEN: usize = 4;

/// The rules that `password` breaks, as errors of the field `password`.
///
/// `own_words` are the person's e-mail addresses, username and names. Length counts Unicode characters.
pub fn problems(policy: &PasswordPolicy, password: &str, own_words: &[&str]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |code: FieldCode, message: String| {
        errors.push(FieldError { field: "password".to_owned(), code, message });
    };
    let length = password.chars().count();
    if length < size(policy.min_length) {
        refuse(FieldCode::TooShort, format!("At least {} characters.", policy.min_length));
    }
    if length > size(policy.max_length) || password.len() > MAX_BYTES {
        // Not judged further: the text may be of any size.
        refuse(FieldCode::TooLong, format!("At most {} characters.", policy.max_length));
        return errors;
    }
    if policy.forbid_identifiers && holds_own_word(password, own_words) {
        refuse(FieldCode::NotAllowed, "Leave out your name, username and e-mail address.".to_owned());
    }
    if score(password, own_words) < policy.min_score {
        refuse(
            FieldCode::NotAllowed,
            "Too easy to guess. A few unrelated words make a good password.".to_owned(),
        );
    }
    errors
}

/// How hard `password` is to guess, 0 (at once) to 4 (very hard), for somebody who knows the person.
pub fn score(password: &str, own_words: &[&str]) -> u8 {
    let judged: String = password.chars().take(JUDGED).collect();
    let mut known: Vec<&str> = Vec::new();
    for word in own_words.iter().copied() {
        known.push(word);
        known.push(without_domain(word));
        known.extend(word.split(|c: char| !c.is_alphanumeric()));
    }
    known.retain(|word| word.chars().count() > 1);
    zxcvbn::zxcvbn(&judged, &known).score().into()
}

fn holds_own_word(password: &str, own_words: &[&str]) -> bool {
    let password = password.to_lowercase();
    own_words.iter().any(|word| {
        let word = without_domain(word).trim().to_lowercase();
        word.chars().count() >= SHORTEST_FORBIDDEN && password.contains(&word)
    })
}

/// The local part of an e-mail address, without what follows a `+`; any other word as it is.
fn without_domain(word: &str) -> &str {
    match word.rsplit_once('@') {
        Some((local, _)) => local.split_once('+').map_or(local, |(account, _)| account),
        None => word,
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[&str] = &["anna.bergstroem+shop@example.com", "anna_b", "Anna", "Bergström", "Li"];

    fn codes(password: &str) -> Vec<FieldCode> {
        codes_under(&PasswordPolicy::default(), password)
    }

    fn codes_under(policy: &PasswordPolicy, password: &str) -> Vec<FieldCode> {
        let problems = problems(policy, password, OWN);
        assert!(problems.iter().all(|p| p.field == "password"));
        problems.into_iter().map(|p| p.code).collect()
    }

    #[test]
    fn a_few_unrelated_words_are_accepted() {
        assert_eq!(codes("velvet otter ladder 7"), []);
        assert_eq!(codes("纸 лестница выдра"), []);
    }

    #[test]
    fn length_counts_characters_and_not_bytes() {
        let policy = PasswordPolicy { min_score: 0, ..PasswordPolicy::default() };
        assert_eq!(codes_under(&policy, "éééééée"), [FieldCode::TooShort]);
        assert_eq!(codes_under(&policy, "ééééééée"), []);
        assert_eq!(codes_under(&policy, &"é".repeat(256)), []);
        assert_eq!(codes_under(&policy, &"é".repeat(257)), [FieldCode::TooLong]);
    }

    #[test]
    fn no_policy_lets_more_than_the_largest_size_in() {
        let policy = PasswordPolicy { max_length: 1024, min_score: 0, ..PasswordPolicy::default() };
        assert_eq!(codes_under(&policy, &"🦦".repeat(1024)), []);
        let policy = PasswordPolicy { max_length: u32::MAX, ..policy };
        assert_eq!(codes_under(&policy, &"🦦".repeat(1025)), [FieldCode::TooLong]);
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for weak in ["password1", "qwertyuiop", "12345678", "aaaaaaaaaaaaaaaa", "letmein123"] {
            assert_eq!(codes(weak), [FieldCode::NotAllowed], "{weak}");
        }
        assert_eq!(codes("abc"), [FieldCode::TooShort, FieldCode::NotAllowed]);
    }

    #[test]
    fn the_own_name_username_or_address_is_refused_in_any_case() {
        for own in [
            "xANNA.bergstroem-velvet-otter",
            "velvet otter BERGSTRÖM",
            "velvet-ANNA_B-otter",
            "velvet anna otter 7",
        ] {
            assert_eq!(codes(own), [FieldCode::NotAllowed], "{own}");
        }
        let policy = PasswordPolicy { forbid_identifiers: false, ..PasswordPolicy::default() };
        assert_eq!(codes_under(&policy, "velvet otter BERGSTRÖM"), []);
    }

    #[test]
    fn short_names_and_domains_may_be_part_of_a_password() {
        assert_eq!(codes("velvet Light otter"), []);
        assert_eq!(codes("velvet otter example.com"), []);
    }

    #[test]
    fn knowing_the_person_lowers_the_score() {
        assert!(score("bergstroem1", OWN) < score("bergstroem1", &[]));
    }

    #[test]
    fn the_score_of_a_long_password_is_that_of_its_beginning() {
        let long = format!("{}{}", "a".repeat(JUDGED), "velvet otter ladder ".repeat(40));
        assert_eq!(score(&long, OWN), score(&"a".repeat(JUDGED), OWN));
        assert_eq!(score("", OWN), 0);
    }
}
