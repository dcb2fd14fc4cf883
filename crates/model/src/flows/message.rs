//! Messages and labels by id (`contract/11` §12).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Whether a message informs, reports success or names an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// For information.
    Info,
    /// Something was done.
    Success,
    /// Something was refused.
    Error,
}

macro_rules! messages {
    ($($name:ident = $id:literal, $kind:ident, $text:literal;)*) => {
        /// A text of the flows, by its stable id. 1xxxxxx inform, 4xxxxxx are refusals, 107xxxx are labels.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum MessageId {
            $(#[doc = $text] $name,)*
        }

        impl MessageId {
            /// Every message, by id.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable id, as in `1010001`.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id),* }
            }

            /// The kind.
            pub const fn kind(self) -> MessageKind {
                match self { $(Self::$name => MessageKind::$kind),* }
            }

            /// The English text; values of the context stand in braces.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

messages! {
    SignIn = "1010001", Info, "Sign in";
    SignInAgain = "1010002", Info, "Sign in again to continue";
    ConfirmIdentity = "1010003", Info, "Confirm it is you";
    SignInCodeSent = "1010004", Info, "A code was sent if the account exists";
    SignInLinkSent = "1010005", Info, "A link was sent if the account exists";
    SignedInElsewhere = "1010006", Info, "You signed in on another device";
    SetUpFactor = "1010010", Info, "Set up a second factor to continue";
    PersonConfirmed = "1010016", Success, "Thank you; you can go on now";
    CreateAccount = "1040001", Info, "Create your account";
    Invited = "1040002", Info, "You have been invited to {organization}";
    WillJoin = "1040003", Info, "You will join {organization}";
    Saved = "1050001", Success, "Saved";
    SaveBackupCodes = "1050002", Info, "Save these backup codes";
    RecoverySent = "1060001", Info, "If the account exists, a message is on its way";
    ChooseNewPassword = "1060002", Info, "Choose a new password";
    FactorRecoveryWaiting = "1060003", Info, "Your second factors can be removed from {time} on";
    FactorRecoveryReady = "1060004", Info, "You can remove your second factors now";
    LabelEmail = "1070001", Info, "E-mail";
    LabelPhone = "1070002", Info, "Phone";
    LabelUsername = "1070003", Info, "Username";
    LabelPassword = "1070004", Info, "Password";
    LabelNewPassword = "1070005", Info, "New password";
    LabelUsePasskey = "1070006", Info, "Sign in with a passkey";
    LabelAddPasskey = "1070007", Info, "Add a passkey";
    LabelContinue = "1070010", Info, "Continue";
    LabelCode = "1070011", Info, "Code";
    LabelTotpCode = "1070012", Info, "Authentication code";
    LabelBackupCode = "1070013", Info, "Backup code";
    LabelSendNewCode = "1070014", Info, "Send a new code";
    LabelFirstName = "1070015", Info, "First name";
    LabelLastName = "1070016", Info, "Last name";
    LabelRememberDevice = "1070018", Info, "Skip the second factor on this device";
    LabelCurrentPassword = "1070019", Info, "Current password";
    LabelUsePassword = "1070020", Info, "Sign in with your password";
    LabelUseCode = "1070021", Info, "E-mail me a code";
    LabelUseLink = "1070022", Info, "E-mail me a link";
    LabelSave = "1070023", Info, "Save";
    LabelChangePassword = "1070024", Info, "Change password";
    LabelKeepOtherSessions = "1070025", Info, "Stay signed in on other devices";
    LabelDisplayName = "1070026", Info, "Display name";
    LabelLocale = "1070027", Info, "Language";
    LabelTimezone = "1070028", Info, "Time zone";
    LabelCreateAccount = "1070029", Info, "Create account";
    LabelSendNewLink = "1070030", Info, "Send a new link";
    LabelChangeIdentifier = "1070031", Info, "Use another account";
    LabelConfirm = "1070032", Info, "Confirm";
    LabelRemoveTotp = "1070033", Info, "Remove the authenticator app";
    LabelNewBackupCodes = "1070034", Info, "Make new backup codes";
    LabelNoBackupCodes = "1070035", Info, "Turn backup codes off";
    LabelBackupCodesSaved = "1070036", Info, "I have saved them";
    LabelUseBackupCode = "1070037", Info, "Use a backup code";
    LabelPasskeyName = "1070038", Info, "Name of the passkey";
    LabelRenamePasskey = "1070039", Info, "Rename";
    LabelRemovePasskey = "1070040", Info, "Remove";
    LabelCreatePasskey = "1070041", Info, "Create account with a passkey";
    LabelUseSms = "1070060", Info, "Text me a code";
    LabelSendSms = "1070061", Info, "Send a code to {phone}";
    LabelRemoveSms = "1070062", Info, "Stop sending codes to this phone";
    LabelTextCode = "1070063", Info, "Send a code";
    LabelChangePhone = "1070064", Info, "Use another number";
    LabelUsePhone = "1070065", Info, "Use your phone number";
    LabelUseEmail = "1070066", Info, "Use your e-mail";
    LabelLostFactors = "1070067", Info, "I have lost these, too";
    LabelRemoveFactors = "1070068", Info, "Remove my second factors";
    LabelCaptchaByMail = "1070080", Info, "E-mail me a code instead";
    VerificationSent = "1080001", Info, "A code was sent";
    AddressVerified = "1080002", Success, "Your address is verified";
    ChangeUndone = "1080003", Success, "The change was undone";
    AccountDenied = "1080004", Success, "The account was deleted";
    Required = "4000001", Error, "This field is required";
    Invalid = "4000002", Error, "This is not valid";
    PasswordBreached = "4000003", Error, "This password appeared in a breach";
    PasswordWeak = "4000004", Error, "This password is too weak";
    EmailTaken = "4000005", Error, "This e-mail is already registered";
    PasswordReused = "4000006", Error, "You used this password before";
    HandleTaken = "4000007", Error, "Already in use";
    WrongCode = "4000008", Error, "The code is not right";
    CodeExpired = "4000009", Error, "The code has expired";
    WrongBackupCode = "4000010", Error, "The backup code is not right";
    StartAgain = "4000011", Error, "Please start again";
    CaptchaNeeded = "4000012", Error, "Confirm that you are human";
    WaitForCode = "4000013", Error, "Wait {seconds} seconds for a new code";
    WrongCredentials = "4010001", Error, "The e-mail or password is not right";
    AccountLocked = "4010002", Error, "Too many attempts; try again in {minutes} minutes";
    AccountInactive = "4010003", Error, "This account is not active";
    MethodUnavailable = "4010005", Error, "This way to sign in is not available";
    PasskeyRefused = "4010006", Error, "The passkey could not be used";
    SsoRequired = "4010007", Error, "Your organization requires single sign-on";
    VerifyFirst = "4010009", Error, "Verify your address first";
    SsoNotSetUp = "4010010", Error, "Single sign-on is not set up; contact your administrator";
    OrganizationInactive = "4010011", Error, "Your organization is not active; contact its administrator";
    NotAvailable = "4010012", Error, "Not available right now; try again shortly";
    InvitationNeeded = "4040001", Error, "You need an invitation to join";
    RegistrationClosed = "4040002", Error, "Registration is closed";
    RecoveryExpired = "4060003", Error, "This recovery has expired";
}

/// A message as a flow shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// The stable id.
    pub id: String,
    /// Information, success or error.
    #[serde(rename = "type")]
    pub kind: MessageKind,
    /// The words.
    pub text: String,
    /// The values in the words.
    pub context: Map<String, Value>,
}

impl Message {
    /// The message without values.
    pub fn new(id: MessageId) -> Self {
        Self { id: id.id().to_owned(), kind: id.kind(), text: id.text().to_owned(), context: Map::new() }
    }

    /// The message with one number put in.
    #[must_use]
    pub fn with(mut self, name: &str, value: i64) -> Self {
        self.text = self.text.replace(&format!("{{{name}}}"), &value.to_string());
        self.context.insert(name.to_owned(), value.into());
        self
    }

    /// The message with one text put in.
    #[must_use]
    pub fn with_text(mut self, name: &str, value: &str) -> Self {
        self.text = self.text.replace(&format!("{{{name}}}"), value);
        self.context.insert(name.to_owned(), value.into());
        self
    }
}

impl From<MessageId> for Message {
    fn from(id: MessageId) -> Self {
        Self::new(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_in_order() {
        assert!(MessageId::ALL.windows(2).all(|pair| pair[0].id() < pair[1].id()));
    }

    #[test]
    fn the_leading_digit_tells_information_from_errors() {
        for id in MessageId::ALL {
            assert_eq!(id.id().starts_with('4'), id.kind() == MessageKind::Error, "{}", id.id());
        }
    }

    #[test]
    fn a_value_stands_in_text_and_context() {
        let message = Message::new(MessageId::WaitForCode).with("seconds", 60);
        assert_eq!(message.text, "Wait 60 seconds for a new code");
        assert_eq!(message.context.get("seconds"), Some(&Value::from(60)));
        let message = Message::new(MessageId::WillJoin).with_text("organization", "Acme");
        assert_eq!(message.text, "You will join Acme");
        assert_eq!(message.context.get("organization"), Some(&Value::from("Acme")));
    }
}
