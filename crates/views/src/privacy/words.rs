//! What happened, in words.

/// An event of an account as a short sentence; `failed` is what was tried in vain.
pub(super) fn happened(action: &str, failed: bool) -> String {
    let said = match action {
        "user.created" => "Account created",
        "user.updated" => "Profile changed",
        "user.disabled" => "Account switched off",
        "user.enabled" => "Account switched on",
        "user.locked" => "Account locked after failed attempts",
        "user.unlocked" => "Lock lifted",
        "user.email_verified" => "E-mail verified",
        "user.email_changed" => "E-mail changed",
        "user.phone_verified" => "Phone verified",
        "user.phone_changed" => "Phone changed",
        "user.password_changed" => "Password changed",
        "user.passkey_added" => "Passkey added",
        "user.passkey_removed" => "Passkey removed",
        "user.credential_suspicious" => "Passkey refused: it may have been copied",
        "user.mfa_enrolled" => "Second factor added",
        "user.mfa_removed" => "Second factor removed",
        "user.mfa_reset" => "Second factors reset",
        "user.recovery_requested" => "Recovery asked for",
        "user.recovery_completed" => "Account recovered",
        "user.recovery_link_created" => "Recovery link made by an administrator",
        "user.factor_recovery_started" => "Removal of lost second factors asked for",
        "user.factor_recovery_cancelled" => "Second factors kept",
        "user.factor_recovery_completed" => "Lost second factors removed",
        "user.sessions_read" => "Sessions looked at by an administrator",
        "user.deletion_scheduled" => "Deletion scheduled",
        "user.deletion_cancelled" => "Deletion cancelled",
        "device.posture_changed" => "Report about a device changed",
        "device.removed" => "Device removed",
        "session.created" => "Signed in",
        "session.login_failed" => "Wrong password or code",
        "session.elevated" => "Confirmed it is you",
        "session.revoked" => "Session ended",
        "session.expired" => "Session expired",
        "session.organization_switched" => "Organization switched",
        "organization.member.added" => "Joined an organization",
        "organization.member.role_changed" => "Role in an organization changed",
        "organization.member.updated" => "Membership changed",
        "organization.member.suspended" => "Membership suspended",
        "organization.member.reactivated" => "Membership active again",
        "organization.member.removed" => "Left an organization",
        "privacy.export.requested" => "Copy of your data asked for",
        "privacy.export.completed" => "Copy of your data made",
        "privacy.deletion.requested" => "Deletion asked for",
        "privacy.deletion.cancelled" => "Account kept",
        "privacy.opt_out.recorded" => "Objection to the sale of your data",
        other => return other.replace(['.', '_'], " "),
    };
    if failed && action != "session.login_failed" { format!("{said}: refused") } else { said.to_owned() }
}

/// A size in bytes, as in "1.4 MB".
pub(super) fn size(bytes: i64) -> String {
    match bytes {
        ..1_000 => crate::when::count(bytes, "byte"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_told_by_its_name() {
        assert_eq!(happened("risk.level_changed", false), "risk level changed");
        assert_eq!(happened("user.updated", true), "Profile changed: refused");
        assert_eq!(happened("session.login_failed", true), "Wrong password or code");
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(
            (size(1).as_str(), size(12_400).as_str(), size(1_450_000).as_str()),
            ("1 byte", "12 kB", "1.4 MB")
        );
    }
}
