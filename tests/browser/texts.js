// Phones: proven, a way to sign in and to recover, and a second step; with and without JavaScript.

import assert from "node:assert/strict";

import { NEW_PASSWORD, PASSWORD, address } from "./harness/index.js";

const SETTINGS = { second_factors: ["totp", "passkey", "sms", "recovery_code"] };

let counted = 0;
/** A number that nobody else in this process has. */
const number = () => `+44207${String(process.pid % 10_000).padStart(4, "0")}${String(counted += 1).padStart(3, "0")}`;
const channel = (name) => `button[name="channel"][value="${name}"]`;

/** Somebody with a proven phone, not signed in yet. */
async function known(server) {
  const [email, phone] = [address(), number()];
  await server.account({ email, password: PASSWORD, email_verified: true, phone, phone_verified: true });
  return { email, phone };
}

export function texts(person) {
  person("a person signs in with a code by text", async ({ jane, server }) => {
    const { phone } = await known(server);
    await jane.go("/sign-in");
    await jane.sees("sign-in/choose_method", "identifier");
    await jane.send({ identifier: phone });
    await jane.sees("sign-in/choose_method", "phone");
    await jane.press(channel("sms"));
    await jane.sees("sign-in/sent_sms");
    await jane.reads(phone);
    await jane.send({ code: "000000" });
    await jane.sees("sign-in/sent_sms", "wrong-code");
    const { code, text, channel: by } = await server.mail(phone, "sign_in_code");
    assert.equal(by, "sms");
    assert.match(text, new RegExp(`^${code} is your [^\n]+\n\n@${new URL(server.url).hostname} #${code}$`));
    await jane.send({ code });
    await jane.sees("account/overview");
  });

  person("a number that nobody has looks the same", async ({ jane, server }) => {
    await jane.go("/sign-in");
    await jane.send({ identifier: number() });
    await jane.sees("sign-in/choose_method", "phone");
    await jane.press(channel("sms"));
    await jane.sees("sign-in/sent_sms");
  });

  person("a person adds a phone to their profile and proves it", async ({ jane, server }) => {
    const [email, phone] = [address(), number()];
    await server.account({ email, password: PASSWORD, email_verified: true });
    await jane.signIn(email);
    await jane.sees("account/overview");
    await jane.go("/account/profile");
    await jane.sees("account-profile/show_form", "phone");
    await jane.send({ "traits.phone": phone });
    await jane.sees("account-profile/show_form", "pending-phone");
    await jane.press("#verify-phone");
    await jane.sees("verify/sent_sms");
    const { code } = await server.mail(phone, "verification");
    await jane.send({ code });
    await jane.sees("verify/passed_challenge", "phone");
    await server.mail(email, "phone_changed");
    await jane.go("/account/profile");
    assert.equal(await jane.page.locator("[name='traits.phone']").inputValue(), phone);
  });

  person("a person asks for the text to a number themselves", async ({ jane }) => {
    await jane.go("/verify");
    await jane.sees("verify/show_form", "address");
    await jane.press(channel("sms"));
    await jane.sees("verify/show_form", "phone");
    await jane.send({ phone: "+12" });
    await jane.sees("verify/show_form", "no-phone");
    await jane.send({ phone: number() });
    await jane.sees("verify/sent_sms");
  });

  person("a person recovers the account by phone", async ({ jane, server }) => {
    const { email, phone } = await known(server);
    await jane.go("/recovery");
    await jane.sees("recovery/show_form", "both");
    await jane.press(channel("sms"));
    await jane.sees("recovery/show_form", "phone");
    await jane.send({ phone });
    await jane.sees("recovery/sent_sms");
    const { code } = await server.mail(phone, "recovery");
    await jane.send({ code });
    await jane.sees("recovery/new_password");
    await jane.send({ password: NEW_PASSWORD });
    await jane.sees("recovery/done");
    await jane.signOut();
    await jane.signIn(email, NEW_PASSWORD);
    await jane.sees("account/overview");
  });

  person("a person gets codes by text as second step, signs in with one, and stops them", async ({ jane, server }) => {
    await server.settings(SETTINGS);
    const [email, phone] = [address(), number()];
    await server.account({ email, password: PASSWORD, email_verified: true });
    await jane.signIn(email);
    await jane.sees("account/overview");
    await jane.go("/account/security");
    await jane.sees("account-security/show_form", "texts");
    await jane.press("#sms");
    await jane.sees("account-security/sms");
    await jane.send({ phone: "12" });
    await jane.sees("account-security/sms", "no-phone");
    await jane.send({ phone });
    await jane.sees("account-security/sms_sent");
    await jane.send({ code: "000000" });
    await jane.sees("account-security/sms_sent", "wrong");
    await jane.send({ code: (await server.mail(phone, "mfa_code")).code });
    await jane.sees("account-security/recovery_codes", "texts");
    await jane.press();
    await jane.go("/account/security");
    await jane.sees("account-security/step_up", "texts-on");
    await jane.signOut();

    await jane.signIn(email);
    await jane.sees("sign-in/second_factor", "text");
    await jane.reads(`Send a code to ••• ${phone.slice(-2)}`);
    await jane.press(channel("sms"));
    await jane.sees("sign-in/second_factor", "texted");
    await jane.send({ code: "000000" });
    await jane.sees("sign-in/second_factor", "texted-wrong");
    await jane.send({ code: (await server.mail(phone, "mfa_code")).code });
    await jane.sees("account/overview");
    await jane.go("/account/security?section=sms");
    await jane.sees("account-security/sms_enrolled");
    await jane.press("#flow button[name=sms_unlink]");
    await jane.sees("account-security/sms", "removed");
  });

  person("where everybody needs a second factor a phone is set up on the way in", async ({ jane, server }) => {
    await server.settings({ ...SETTINGS, mfa_required: true });
    try {
      const [email, phone] = [address(), number()];
      await jane.go("/sign-up");
      await jane.sees("sign-up/show_form");
      await jane.send({ "traits.email": email, password: PASSWORD });
      await jane.sees("sign-up/enroll_factor", "app-or-phone");
      await jane.page.locator("#sms-phone").fill(phone);
      await jane.press("button[name=method][value=sms]");
      await jane.sees("sign-up/enroll_factor", "texted");
      await jane.send({ code: (await server.mail(phone, "mfa_code")).code });
      await jane.sees("account-security/recovery_codes", "new-account-texts");
    } finally {
      await server.settings({ mfa_required: false });
    }
  });
}
