// Passkeys, on a device that Chromium makes believe.

import assert from "node:assert/strict";

import { NEW_PASSWORD, PASSWORD, address, suite } from "./harness/index.js";
import { setUp } from "./factors.js";
import { BY_PASSKEY, signUp } from "./passkeys.js";
import { recover } from "./recovery.js";
import { device, totp } from "./harness/authenticator.js";

const person = suite();

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
  assert.deepEqual(await phone.credentials(), [], "the device was told that it is of no use any more");
  await jane.signOut();
  await phone.answers(false);
  await jane.signIn(email);
  await jane.sees("account/overview");
});

person("who comes back by recovery may choose a passkey in place of a password", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD, email_verified: true });
  const phone = await device(jane);
  await recover(jane, server, email);
  await jane.sees("recovery/new_password", "with-passkey");
  assert.equal(await jane.page.locator("#passkey-name").count(), 0, "its usual name is enough");
  await jane.press(BY_PASSKEY);
  await jane.sees("recovery/done", "passkey");
  await jane.reads("Your passkey is saved");
  assert.equal((await phone.credentials()).length, 1);
  await jane.press("#continue");
  await jane.sees("account/overview");
  await jane.signOut();
  await jane.page.goto("/sign-in").catch(() => {});
  await jane.sees("account/overview");
});

person("recovery asks for the passkey or the app that there is", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD, email_verified: true });
  const phone = await device(jane);
  await jane.signIn(email);
  await jane.go("/account/security?section=passkey");
  await jane.press(BY_PASSKEY);
  await jane.sees("account-security/recovery_codes", "after-passkey");
  await jane.press();
  await jane.signOut();
  await phone.answers(false);
  await recover(jane, server, email);
  await jane.sees("recovery/second_factor", "passkey");
  await phone.answers(true);
  await jane.press(BY_PASSKEY);
  await jane.sees("recovery/new_password", "with-passkey");
  await jane.send({ password: NEW_PASSWORD });
  await jane.sees("recovery/done");
  // With an app beside it both are offered.
  await jane.go("/account/security?section=totp");
  await jane.press(BY_PASSKEY);
  await jane.sees("account-security/totp");
  const key = (await jane.page.locator("#totp_secret").innerText()).trim();
  await jane.send({ totp_code: totp(key) });
  await jane.signOut();
  await recover(jane, server, email);
  await jane.sees("recovery/second_factor", "app-and-passkey");
  await jane.send({ totp_code: "000000" });
  await jane.sees("recovery/second_factor", "wrong");
});

person("the step-up page asks for what there is, and sets up what there is not", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD, email_verified: true });
  await jane.signIn(email);
  await jane.go("/mfa?return_to=%2Faccount%2Fsessions");
  await jane.sees("sign-in/enroll_factor", "mfa");
  const key = (await jane.page.locator("#totp_secret").innerText()).trim();
  await jane.send({ totp_code: totp(key) });
  await jane.sees("account-security/recovery_codes", "mfa");
  await jane.signOut();
  await jane.signIn(email);
  await jane.sees("sign-in/second_factor");
  await jane.send({ totp_code: totp(key, 1) });
  await jane.go("/mfa?return_to=%2Faccount%2Fsessions");
  await jane.sees("account-sessions/list");
});

person("without passkeys in the browser nothing is said of them", { javaScriptEnabled: false }, async ({ jane }) => {
  await jane.go("/sign-in");
  await jane.sees("sign-in/choose_method", "identifier");
  assert.equal(await jane.page.locator(BY_PASSKEY).isVisible(), false);
  await jane.go("/sign-up");
  await jane.sees("sign-up/show_form");
  assert.equal(await jane.page.locator("button[value=passkey]").isVisible(), false);
});

person("without JavaScript recovery offers a new password only", { javaScriptEnabled: false }, async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD, email_verified: true });
  await recover(jane, server, email);
  await jane.sees("recovery/new_password");
  assert.equal(await jane.page.locator(BY_PASSKEY).isVisible(), false);
  await jane.send({ password: NEW_PASSWORD });
  await jane.sees("recovery/done");
});

person("without JavaScript recovery asks for the app or a backup code", { javaScriptEnabled: false }, async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD, email_verified: true });
  await jane.signIn(email);
  const { codes } = await setUp(jane);
  await jane.signOut();
  await recover(jane, server, email);
  await jane.sees("recovery/second_factor", "app");
  await jane.page.locator("[name=recovery_code]").fill(codes[0]);
  await jane.press("button[name=method][value=recovery_code]");
  await jane.sees("recovery/new_password");
});
