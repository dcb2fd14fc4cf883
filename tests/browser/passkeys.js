// What tests of passkeys share.

/** The button beside the browser's own dialogue. */
export const BY_PASSKEY = "form.passkey button";

/** Registers with a passkey and nothing else; a code waits in the mailbox. */
export async function signUp(jane, email) {
  await jane.go("/sign-up");
  await jane.sees("sign-up/show_form");
  await jane.fill({ "traits.email": email });
  await jane.press("button[name=method][value=passkey]");
  await jane.sees("sign-up/create_passkey");
  await jane.press(BY_PASSKEY);
  await jane.sees("verify/sent_email");
}
