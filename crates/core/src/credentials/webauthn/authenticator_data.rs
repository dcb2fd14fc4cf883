//! What an authenticator says of itself each time that it signs (WebAuthn Level 3 §6.1).

use avnology_model::secret_token::sha256;

use super::Refused;

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// The data, taken apart.
pub(super) struct AuthenticatorData<'d> {
    rp_id_hash: &'d [u8; 32],
    flags: u8,
    pub(super) counter: u32,
    /// A credential and extensions, where the flags say so.
    pub(super) rest: &'d [u8],
}

impl<'d> AuthenticatorData<'d> {
    pub(super) fn read(data: &'d [u8]) -> Result<Self, Refused> {
        let (rp_id_hash, data) = data.split_first_chunk::<32>().ok_or(Refused::Format)?;
        let ([flags], data) = data.split_first_chunk::<1>().ok_or(Refused::Format)?;
        let (counter, rest) = data.split_first_chunk::<4>().ok_or(Refused::Format)?;
        let has_rest = flags & (HAS_CREDENTIAL | HAS_EXTENSIONS) != 0;
        let is_backed_up_alone = flags & BACKED_UP != 0 && flags & BACKUP_ELIGIBLE == 0;
        if has_rest == rest.is_empty() || is_backed_up_alone {
            return Err(Refused::Format);
        }
        Ok(Self { rp_id_hash, flags: *flags, counter: u32::from_be_bytes(*counter), rest })
    }

    /// Refuses what was signed for somebody else, or without the person.
    pub(super) fn check(&self, rp_id: &str, must_verify: bool) -> Result<(), Refused> {
        if *self.rp_id_hash != sha256(rp_id.as_bytes()) {
            return Err(Refused::RpId);
        }
        if self.flags & PRESENT == 0 || must_verify && !self.is_verified() {
            return Err(Refused::UserVerification);
        }
        Ok(())
    }

    pub(super) fn is_verified(&self) -> bool {
        self.flags & VERIFIED != 0
    }

    pub(super) fn is_backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn data(flags: u8, more: &[u8]) -> Vec<u8> {
        [sha256(b"id.example.com").as_slice(), &[flags, 0, 0, 1, 2], more].concat()
    }

    #[test]
    fn what_the_flags_say_is_read() {
        let all = data(PRESENT | VERIFIED | BACKUP_ELIGIBLE | BACKED_UP, &[]);
        let read = AuthenticatorData::read(&all).unwrap();
        assert_eq!(
            (read.counter, read.is_verified(), read.is_backup_eligible(), read.is_backed_up()),
            (258, true, true, true)
        );
        assert_eq!(read.check("id.example.com", true), Ok(()));
        assert_eq!(read.check("example.com", true), Err(Refused::RpId));
        let touched = data(PRESENT, &[]);
        let read = AuthenticatorData::read(&touched).unwrap();
        assert_eq!(read.check("id.example.com", false), Ok(()));
        assert_eq!(read.check("id.example.com", true), Err(Refused::UserVerification));
        let untouched = data(VERIFIED, &[]);
        let read = AuthenticatorData::read(&untouched).unwrap();
        assert_eq!(read.check("id.example.com", false), Err(Refused::UserVerification));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let wrong =
            [data(PRESENT | BACKED_UP, &[]), data(PRESENT, &[1]), data(PRESENT | HAS_EXTENSIONS, &[])];
        assert!(wrong.iter().all(|data| AuthenticatorData::read(data).err() == Some(Refused::Format)));
        assert!(AuthenticatorData::read(&data(PRESENT | HAS_EXTENSIONS, &[0xa0])).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let read = AuthenticatorData::read(&bytes);
            prop_assert!(bytes.len() >= 37 || read.is_err());
        }
    }
}
