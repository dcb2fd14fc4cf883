// Passkeys, on a device that Chromium makes believe.

import assert from "node:assert/strict";

import { PASSWORD, address, suite } from "./harness/index.js";
import { device } from "./harness/authenticator.js";

const person = suite();
const BY_PASSKEY = "form.passkey button";

async function signUp(jane, email) {
  await jane.go("/sign-up");
  await jane.sees("sign-up/show_form");
  await jane.fill({ "traits.email": email });
  await jane.press("button[name=method][value=passkey]");
  await jane.sees("sign-up/create_passkey");
  await jane.press(BY_PASSKEY);
  await jane.sees("verify/sent_email");
}

person("a person signs up with a passkey only, and the sign-in page offers it by itself", async ({ jane, server }) => {
  const email = address();
  const phone = await device(jane);
  await signUp(jane, email);
  const [made] = await phone.credentials();
  assert.equal(made.rpId, "localhost");
  assert.ok(made.isResidentCredential, "the device can find it by itself");
  const { code } = await server.mail(email, "verification");
  await jane.send({ code });
  await jane.sees("verify/passed_challenge");
  await jane.signOut();
  // Nothing is typed or pressed: the field offers the passkey.
  await jane.page.goto("/sign-in").catch(() => {});
  await jane.sees("account/overview");
  assert.equal((await phone.credentials())[0].signCount > made.signCount, true);
});

person("a passkey is chosen by its button, and whoever cancels may choose another way", async ({ jane, server }) => {
  const email = address();
  const phone = await device(jane);
  await signUp(jane, email);
  await jane.signOut();
  await phone.answers(false);
  await jane.go("/sign-in");
  await jane.sees("sign-in/choose_method", "identifier");
  await jane.send({ identifier: email });
  await jane.sees("sign-in/choose_method", "methods");
  await phone.answers(true);
  await jane.press(BY_PASSKEY);
  await jane.sees("account/overview", "unverified");
});

person("a passkey that does not verify its owner is refused as second factor, with the way on", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD, email_verified: true });
  const phone = await device(jane);
  await jane.signIn(email);
  await jane.sees("account/overview");
  await jane.go("/account/security");
  await jane.sees("account-security/show_form", "form");
  await jane.press("#passkey");
  await jane.sees("account-security/passkeys", "none");
  await jane.page.locator("#passkey-name").fill("My phone");
  await jane.press(BY_PASSKEY);
  await jane.sees("account-security/recovery_codes", "after-passkey");
  await jane.press();
  await jane.signOut();
  await phone.answers(false);
  await jane.signIn(email);
  await jane.sees("sign-in/second_factor", "passkey");
  await phone.answers(true);
  await phone.verifies(false);
  await jane.page.locator(BY_PASSKEY).click();
  await jane.reads("Nothing was done. Try again, or choose another way.");
  await phone.verifies(true);
  await jane.press(BY_PASSKEY);
  await jane.sees("account/overview");
  // A second one, a new name, and the first one goes.
  await jane.go("/account/security?section=passkey");
  await jane.sees("account-security/passkeys", "one");
  await jane.reads("My phone");
  await jane.page.locator("details.rename > summary").click();
  await jane.page.locator("details.rename input[name=name]").fill("Old phone");
  await jane.press("details.rename button");
  await jane.sees("account-security/passkeys", "renamed");
  await jane.reads("Old phone");
  await jane.page.locator(BY_PASSKEY).click();
  await jane.reads("This device has a passkey for your account already.");
  await jane.press("button[name=passkey_remove]");
  await jane.sees("account-security/passkeys", "removed");
  await jane.signOut();
  await phone.answers(false);
  await jane.signIn(email);
  await jane.sees("account/overview");
});

person("without passkeys in the browser nothing is said of them", { javaScriptEnabled: false }, async ({ jane }) => {
  await jane.go("/sign-in");
  await jane.sees("sign-in/choose_method", "identifier");
  assert.equal(await jane.page.locator(BY_PASSKEY).isVisible(), false);
  await jane.go("/sign-up");
  await jane.sees("sign-up/show_form");
  assert.equal(await jane.page.locator("button[value=passkey]").isVisible(), false);
});
