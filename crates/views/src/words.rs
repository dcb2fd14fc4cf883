//! Words by message id: what to do next after an error, and which messages a page says itself.

use avnology_model::flows::{FlowKind, Label, Message};

/// What happens next, or what is still safe, after the message with this id; empty when the message says enough.
pub(crate) fn next_step(id: &str) -> &'static str {
    match id {
        "4000002" => "Check it for a typing mistake.",
        "4000003" => "Others know it, so choose another one, here and wherever else you use it.",
        "4000004" => "A few unrelated words make a good one.",
        "4000005" => "Sign in to that account, or use another address.",
        "4000006" => "Choose one that is new to this account.",
        "4000007" | "4010005" => "Choose another one.",
        "4000008" => "Use the newest one; older codes no longer work.",
        "4000009" => "We can send you a new one.",
        "4000010" => "Each works once; try another one.",
        "4000011" => "Nothing was changed.",
        "4000012" => "Solve the check, or have a code e-mailed to you instead.",
        "4000013" => "The code we sent before still works.",
        "4010001" => "Check both and try again.",
        "4010002" => {
            "Nothing was changed. If it was not you, recover your account and choose a new password."
        }
        "4010003" => "Ask support to switch it on again.",
        "4010006" => "Try again, or choose another way.",
        "4010007" => "It leads in when it is set up; ask an administrator there.",
        "4040001" => "Ask somebody there.",
        "4010009" => "We can send you a code for that.",
        "4060003" => "Your account is safe. Start again to get a new message.",
        "5000001" => "Please try again in a moment.",
        _ => "",
    }
}

/// Messages that a page says in its heading or first sentence, so that they are not said twice.
pub(crate) fn said_by_page(id: &str) -> bool {
    matches!(
        id,
        "1010001"
            | "1010002"
            | "1010003"
            | "1010004"
            | "1010005"
            | "1010006"
            | "1010010"
            | "1050002"
            | "1040001"
            | "1040002"
            | "1040003"
            | "1060001"
            | "1060002"
            | "1060003"
            | "1060004"
            | "1080001"
            | "1080002"
            | "1080003"
            | "1080004"
    )
}

/// The words of a main button, where the flow's label is made for a list of choices.
pub(crate) fn main_button(kind: FlowKind, label: &Label) -> String {
    match (kind, label.id.as_str()) {
        (FlowKind::Login, "1070020") => "Sign in".to_owned(),
        (FlowKind::Registration, "1070010" | "1070020") => "Create account".to_owned(),
        _ => label.text.clone(),
    }
}

/// The message as whole sentences: its own words, then what to do next.
pub(crate) fn sentences(message: &Message) -> String {
    let next = next_step(&message.id);
    let text = sentence(&message.text);
    if next.is_empty() { text } else { format!("{text} {next}") }
}

/// The text with a full stop, unless it ends in punctuation already.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', ':', '…']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

#[cfg(test)]
mod tests {
    use avnology_model::flows::{MessageId, MessageKind};

    use super::*;

    #[test]
    fn an_error_says_what_happened_and_what_to_do() {
        let words = sentences(&Message::new(MessageId::CodeExpired));
        assert_eq!(words, "The code has expired. We can send you a new one.");
        assert_eq!(sentences(&Message::new(MessageId::Saved)), "Saved.");
    }

    #[test]
    fn a_page_never_swallows_an_error() {
        for id in MessageId::ALL.iter().filter(|id| id.kind() == MessageKind::Error) {
            assert!(!said_by_page(id.id()), "{}", id.id());
        }
    }
}
