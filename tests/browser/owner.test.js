// One account from its first passkey to the day its owner leaves, and stays after all. Nobody but its owner decides anything
// here, and where everything is lost an administrator lets the owner back in without ever holding what opens the account.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { address, suite } from "./harness/index.js";
import { device, totp } from "./harness/authenticator.js";
import { BY_PASSKEY, signUp } from "./passkeys.js";
import { recover } from "./recovery.js";

const COPY_MS = 10_000;
const person = suite({ settings: { remember_device_days: 14 } });

/** Signs up on a phone, with its passkey and nothing else. */
async function joins(jane, server, email) {
  const phone = await device(jane);
  await signUp(jane, email);
  const { code } = await server.mail(email, "verification");
  await jane.send({ code });
  await jane.sees("verify/passed_challenge");
  assert.equal((await phone.credentials()).length, 1);
  return phone;
}

/** Adds the passkey of a security key; with the first second factor come backup codes. */
async function addsKey(jane, phone) {
  await phone.answers(false);
  const key = await device(jane, { transport: "usb" });
  await jane.go("/account/security?section=passkey");
  await jane.sees("account-security/passkeys", "of-sign-up");
  await jane.page.locator("#passkey-name").fill("Security key");
  await jane.press(BY_PASSKEY);
  await jane.sees("account-security/recovery_codes", "after-second-passkey");
  const codes = (await jane.page.locator("#recovery_codes").innerText()).trim().split("\n");
  await jane.press();
  await jane.go("/account/security?section=passkey");
  await jane.sees("account-security/passkeys", "two");
  await jane.reads("Security key");
  assert.deepEqual([codes.length, (await key.credentials()).length], [10, 1]);
  return { key, codes };
}

/** Adds an authenticator app; its secret. */
async function addsApp(jane) {
  await jane.go("/account/security?section=totp");
  await jane.sees("account-security/totp", "beside-passkeys");
  const secret = (await jane.page.locator("#totp_secret").innerText()).trim();
  await jane.send({ totp_code: totp(secret) });
  await jane.sees("account-security/totp_enrolled", "beside-passkeys");
  return secret;
}

/** Signs in by a mailed code, up to the second factor. */
async function byMail(jane, server, email) {
  const before = (await server.mails(email)).length;
  await jane.go("/sign-in");
  await jane.sees("sign-in/choose_method", "identifier");
  await jane.send({ identifier: email });
  await jane.sees("sign-in/choose_method", "methods");
  await jane.choose("code");
  await jane.sees("sign-in/sent_email");
  while ((await server.mails(email)).length === before) await sleep(25);
  const { code } = await server.mail(email, "sign_in_code");
  await jane.send({ code });
}

/** Removes the app, on a device that skips the second factor: there it is asked for now. */
async function removesApp(jane, server, email, { secret, codes }) {
  await jane.signOut();
  await byMail(jane, server, email);
  await jane.sees("sign-in/second_factor", "app-and-passkey");
  await jane.page.getByLabel("Skip the second factor on this device").check();
  await jane.send({ totp_code: totp(secret, 1) });
  await jane.sees("account/overview");
  await jane.signOut();
  await byMail(jane, server, email);
  await jane.sees("account/overview");
  await jane.go("/account/security?section=totp");
  await jane.sees("sign-in/second_factor", "step-up-with-passkey");
  await jane.page.locator("[name=recovery_code]").fill(codes[0]);
  await jane.press("button[name=method][value=recovery_code]");
  await jane.sees("account-security/totp_enrolled");
  await jane.press("#flow button[name=totp_unlink]");
  await jane.sees("account-security/totp", "removed");
  await server.mail(email, "factor_removed");
}

/** Comes back from a computer that knows nothing of the account, and makes a passkey there. */
async function comesBack(jane, server, email, id) {
  await recover(jane, server, email);
  await jane.sees("recovery/second_factor", "passkey-and-codes");
  await server.api("POST", `/v1/identities/${id}:startFactorRecovery`, { reason: "Lost it all", wait_hours: 0 });
  await recover(jane, server, email);
  await jane.sees("recovery/factors_ready", "of-passkeys");
  await jane.press();
  await jane.sees("recovery/new_password", "passkey-again");
  const computer = await device(jane);
  await jane.press(BY_PASSKEY);
  await jane.sees("recovery/done", "passkey");
  assert.equal((await computer.credentials()).length, 1);
  return computer;
}

/** Takes a copy of everything. */
async function downloads(jane) {
  await jane.go("/account/privacy");
  await jane.sees("account-privacy/overview");
  await jane.press("#export button");
  for (const end = Date.now() + COPY_MS; Date.now() < end && await jane.page.locator("#download").count() === 0;) {
    await sleep(100);
    await jane.go("/account/privacy");
  }
  const href = await jane.page.locator("#download").getAttribute("href");
  const file = await jane.page.context().request.get(href);
  assert.equal(file.headers()["content-type"], "application/zip");
  return (await file.body()).toString("latin1");
}

person("an account is its owner's from the first passkey to the last day", async ({ jane, another, server }) => {
  const email = address();
  const phone = await joins(jane, server, email);
  const { key, codes } = await addsKey(jane, phone);
  const secret = await addsApp(jane);
  const { identities: [{ id, mfa_methods: factors, has_password: hasPassword }] } = await server.api("GET", `/v1/identities?filter=${encodeURIComponent(`email = "${email}"`)}`);
  assert.deepEqual([factors.sort(), hasPassword], [["passkey", "recovery_code", "totp"], false]);
  await key.answers(false);
  await removesApp(jane, server, email, { secret, codes });

  // Phone, key, codes and browser are gone.
  const computer = await another();
  await comesBack(computer, server, email, id);
  assert.equal(await jane.isSignedIn(), false, "what was signed in before is not any more");

  const copy = await downloads(computer);
  for (const part of ["profile.json", "credentials.json", "sessions.json", "audit.json"]) assert.ok(copy.includes(part), part);

  await computer.page.locator("#delete select").selectOption("UNUSED");
  await computer.press("#delete button");
  await computer.sees("account-privacy/scheduled");
  await server.mail(email, "deletion_scheduled");
  await computer.signOut();
  await computer.page.goto("/sign-in").catch(() => {});
  await computer.sees("account/overview");
  await server.mail(email, "deletion_cancelled");
  const kept = await server.api("GET", `/v1/identities/${id}`);
  assert.deepEqual([kept.state, kept.deletion, kept.has_password], ["active", null, false]);
});
