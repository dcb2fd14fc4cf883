// An authenticator app and backup codes, with and without JavaScript.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { PASSWORD, address } from "./harness/index.js";
import { totp } from "./harness/authenticator.js";

/** Sets an authenticator app up; its key and the backup codes. */
export async function setUp(jane) {
  await jane.go("/account/security");
  await jane.sees("account-security/show_form", "form");
  await jane.press("#totp");
  await jane.sees("account-security/totp");
  const key = (await jane.page.locator("#totp_secret").innerText()).trim();
  await jane.send({ totp_code: "000000" });
  await jane.sees("account-security/totp", "wrong");
  await jane.send({ totp_code: totp(key) });
  await jane.sees("account-security/recovery_codes");
  const codes = (await jane.page.locator("#recovery_codes").innerText()).trim().split("\n");
  assert.equal(codes.length, 10);
  await kept(jane, codes);
  await jane.press();
  await jane.sees("account-security/recovery_code");
  return { key, codes };
}

/** The codes can be downloaded by anybody, and printed where a script can ask for it. */
async function kept(jane, codes) {
  const [file] = await Promise.all([jane.page.waitForEvent("download"), jane.page.getByText("Download").click()]);
  assert.equal(file.suggestedFilename(), "backup-codes.txt");
  const text = await readFile(await file.path(), "utf8");
  for (const code of codes) assert.ok(text.includes(code), "a code is missing in the file");
  const print = jane.page.getByRole("button", { name: "Print" });
  assert.equal(await print.count(), jane.hasScripts ? 1 : 0);
  if (!jane.hasScripts) return;
  await jane.page.evaluate(() => { window.print = () => { document.body.dataset.printed = "yes"; }; });
  await print.click();
  assert.equal(await jane.page.evaluate(() => document.body.dataset.printed), "yes");
  await jane.page.emulateMedia({ media: "print" });
  assert.equal(await jane.page.locator("#recovery_codes").isVisible(), true);
  assert.equal(await print.isVisible(), false);
  await jane.page.screenshot({ path: new URL("out/backup-codes.print.png", import.meta.url).pathname, fullPage: true });
  await jane.page.emulateMedia({ media: null });
}

export function factors(person) {
  person("a person sets up an authenticator app, and signing in asks for it", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD, email_verified: true });
    await jane.signIn(email);
    await jane.sees("account/overview");
    const { key, codes } = await setUp(jane);
    await server.mail(email, "factor_enrolled");
    await jane.signOut();
    await jane.signIn(email);
    await jane.sees("sign-in/second_factor");
    await jane.send({ totp_code: "000000" });
    await jane.sees("sign-in/second_factor", "wrong");
    await jane.send({ totp_code: totp(key, 1) });
    await jane.sees("account/overview");
    await jane.signOut();
    await jane.signIn(email);
    await jane.sees("sign-in/second_factor");
    await jane.page.locator("[name=recovery_code]").fill(codes[0].toLowerCase());
    await jane.press("button[name=method][value=recovery_code]");
    await jane.sees("account/overview");
    await jane.go("/account/security");
    await jane.reads("9 codes left");
  });

  person("a person removes the app after confirming it is them", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD, email_verified: true });
    await jane.signIn(email);
    await jane.sees("account/overview");
    const { codes } = await setUp(jane);
    await jane.go("/account/security?section=totp");
    await jane.sees("sign-in/second_factor", "step-up");
    await jane.page.locator("[name=recovery_code]").fill(codes[1]);
    await jane.press("button[name=method][value=recovery_code]");
    await jane.sees("account-security/totp_enrolled");
    await jane.press("#flow button[name=totp_unlink]");
    await jane.sees("account-security/totp", "removed");
    await jane.signOut();
    await jane.signIn(email);
    await jane.sees("account/overview");
  });

  person("where everybody needs a second factor it is set up on the way in", async ({ jane, server }) => {
    await server.settings({ mfa_required: true });
    try {
      const email = address();
      await jane.go("/sign-up");
      await jane.sees("sign-up/show_form");
      await jane.send({ "traits.email": email, password: PASSWORD });
      await jane.sees("sign-up/enroll_factor");
      const key = (await jane.page.locator("#totp_secret").innerText()).trim();
      await jane.send({ totp_code: totp(key) });
      await jane.sees("account-security/recovery_codes", "new-account");
      await jane.go("/account");
      await jane.sees("account/overview", "unverified");
    } finally {
      await server.settings({ mfa_required: false });
    }
  });
}
