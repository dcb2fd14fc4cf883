// Getting back into an account whose second factors are lost, and keeping them, with and without JavaScript.

import assert from "node:assert/strict";

import { NEW_PASSWORD, PASSWORD, address } from "./harness/index.js";
import { setUp } from "./factors.js";
import { totp } from "./harness/authenticator.js";

/** Asks for the code of a recovery and enters it. */
export async function recover(jane, server, email) {
  await jane.go("/recovery");
  await jane.sees("recovery/show_form");
  await jane.send({ email });
  await jane.sees("recovery/sent_email");
  const { code } = await server.mail(email, "recovery");
  await jane.send({ code });
}

/** Somebody with an authenticator app, signed in. */
async function withApp(jane, server) {
  const email = address();
  const { id } = await server.account({ email, password: PASSWORD, email_verified: true });
  await jane.signIn(email);
  await jane.sees("account/overview");
  return { email, id, ...await setUp(jane) };
}

/** The link in a mail that keeps the factors. */
function keepLink(mail) {
  return mail.text.split(/\s+/u).find((word) => word.includes("/account/factor-recovery?token="));
}

export function recovery(person) {
  person("who has lost the second factor, too, waits, and whoever is signed in is warned and keeps it", async ({ jane, another, server }) => {
    const { email } = await withApp(jane, server);
    const stranger = await another();
    await recover(stranger, server, email);
    await stranger.sees("recovery/second_factor", "app");
    await stranger.press("button[value=lost_factors]");
    await stranger.sees("recovery/factors_waiting");
    await stranger.reads(/can be removed from/u);
    const mail = await server.mail(email, "factor_recovery_started");
    assert.ok(keepLink(mail), mail.text);
    await jane.go("/account/security");
    await jane.sees("account-security/step_up", "factor-recovery");
    await jane.reads("Have you lost your second factors?");
    await jane.go("/account");
    await jane.sees("account/overview", "factor-recovery");
    await jane.press("#factor-recovery button");
    await jane.sees("account-factor-recovery/kept");
    await jane.press("#continue");
    await jane.sees("account-security/step_up", "after-factor-recovery");
    assert.equal(await jane.page.locator("#factor-recovery").count(), 0);
    await jane.go(keepLink(mail));
    assert.equal(jane.answer.status(), 410);
    await jane.sees("account-factor-recovery/used");
    await jane.go("/account/activity");
    await jane.reads("Second factors kept");
  });

  person("the mailed link keeps the second factors for whoever reads the mail", async ({ jane, another, server }) => {
    const { email } = await withApp(jane, server);
    const stranger = await another();
    await recover(stranger, server, email);
    await stranger.press("button[value=lost_factors]");
    await stranger.sees("recovery/factors_waiting");
    const reader = await another();
    await reader.go(keepLink(await server.mail(email, "factor_recovery_started")));
    await reader.sees("account-factor-recovery/confirm");
    await reader.press();
    await reader.sees("account-factor-recovery/kept");
    await server.mail(email, "factor_recovery_cancelled");
  });

  person("an administrator lets somebody back in who has lost everything", async ({ jane, server }) => {
    const { email, id } = await withApp(jane, server);
    const started = await server.api("POST", `/v1/identities/${id}:startFactorRecovery`, { reason: "Lost phone", wait_hours: 0 });
    assert.equal(started.state, "ready");
    await jane.go("/account/sessions");
    await jane.sees("account-sessions/list", "factor-recovery-by-administrator");
    await jane.signOut();
    await recover(jane, server, email);
    await jane.sees("recovery/factors_ready");
    await jane.press();
    await jane.sees("recovery/new_password", "after-factors");
    await jane.send({ password: NEW_PASSWORD });
    await jane.sees("recovery/done");
    await jane.signOut();
    await jane.signIn(email, NEW_PASSWORD);
    await jane.sees("account/overview");
  });

  person("where everybody needs a second factor, recovery ends with setting up a new one", async ({ jane, server }) => {
    const { email, id } = await withApp(jane, server);
    await jane.signOut();
    await server.settings({ mfa_required: true });
    try {
      await server.api("POST", `/v1/identities/${id}:startFactorRecovery`, { reason: "Lost phone", wait_hours: 0 });
      await recover(jane, server, email);
      await jane.sees("recovery/factors_ready");
      await jane.press();
      await jane.sees("recovery/new_password", "after-factors");
      await jane.send({ password: NEW_PASSWORD });
      await jane.sees("sign-in/enroll_factor", "after-recovery");
      const key = (await jane.page.locator("#totp_secret").innerText()).trim();
      await jane.send({ totp_code: totp(key) });
      await jane.sees("account-security/recovery_codes", "after-recovery");
      await jane.go("/account");
      await jane.sees("account/overview");
    } finally {
      await server.settings({ mfa_required: false });
    }
  });
}
