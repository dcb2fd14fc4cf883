// CAPTCHAs: the widget where there are scripts, a mailed code where there are none or nobody can solve it.

import { after } from "node:test";

import { NEW_PASSWORD, PASSWORD, address, suite } from "./harness/index.js";
import { SECRET, SITE, startCaptcha } from "./harness/captcha.js";

/** A suite whose server asks for CAPTCHAs of a provider on loopback. */
export async function guarded(context = {}) {
  const captcha = await startCaptcha();
  after(() => captcha.stop());
  const settings = { captcha: { provider: "turnstile", site_key: SITE, secret: SECRET, after_failures: 2 } };
  const person = suite({ environment: { AVNOLOGY_CAPTCHA_URL: captcha.origin }, settings, context: { ...context, others: [captcha.origin] } });
  return { person, captcha };
}

/** Wrong passwords until the page asks; others at this address may have failed before. */
async function failUntilAsked(jane, email) {
  await jane.go("/sign-in");
  await jane.sees("sign-in/choose_method", "identifier");
  await jane.send({ identifier: email });
  while (await jane.page.locator("[data-captcha]").count() === 0) await jane.send({ password: "not the password" });
  await jane.sees("sign-in/choose_method", "captcha");
}

/** What goes without the widget. */
export function wayRound({ person }) {
  person("who cannot solve it registers with a code by mail in its place", async ({ jane, server }) => {
    const email = address();
    await jane.go("/sign-up");
    await jane.sees("sign-up/show_form", "captcha");
    await jane.send({ "traits.email": email, "traits.first_name": "Jane" }, "button[value=captcha]");
    await jane.sees("sign-up/sent_email", "captcha");
    const { code } = await server.mail(email, "sign_in_code");
    await jane.send({ code });
    await jane.sees("sign-up/show_form", "after-captcha");
    await jane.reads(/you can go on now/u);
    await jane.send({ password: PASSWORD });
    await jane.go("/account");
    await jane.sees("account/overview");
  });

  person("who cannot solve it recovers by mail all the same", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.go("/recovery");
    await jane.sees("recovery/show_form", "captcha");
    await jane.send({ email }, "button[value=captcha]");
    await jane.sees("recovery/sent_email");
    const { code } = await server.mail(email, "recovery");
    await jane.send({ code });
    await jane.sees("recovery/new_password");
    await jane.send({ password: NEW_PASSWORD });
    await jane.sees("recovery/done");
  });

  person("after wrong passwords a code by mail signs in", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await failUntilAsked(jane, email);
    await jane.choose("code");
    await jane.sees("sign-in/sent_email");
    const { code } = await server.mail(email, "sign_in_code");
    await jane.send({ code });
    await jane.sees("account/overview");
  });
}

/** What the widget is for. */
export function widget({ person, captcha }) {
  const solve = async (jane) => {
    await jane.page.locator("#human").click();
    await jane.page.waitForFunction(() => document.querySelector("#flow [name=captcha_token]").value !== "");
  };

  person("whoever solves it registers, and is told first when it was forgotten", async ({ jane }) => {
    const email = address();
    await jane.go("/sign-up");
    await jane.page.locator("#human").waitFor();
    await jane.sees("sign-up/show_form", "captcha");
    await jane.fill({ "traits.email": email, password: PASSWORD });
    await jane.page.locator("#flow .primary").click();
    await jane.reads(/Confirm that you are human first/u);
    await solve(jane);
    await jane.press();
    await jane.go("/account");
    await jane.sees("account/overview");
  });

  person("after wrong passwords it is asked for, and the right one signs in", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await failUntilAsked(jane, email);
    await solve(jane);
    await jane.send({ password: PASSWORD });
    await jane.sees("account/overview");
  });

  person("a provider that does not answer is told, and mail is the way", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    captcha.goes(true);
    try {
      await jane.go("/recovery");
      await jane.reads(/check could not be loaded/u);
      await jane.send({ email }, "button[value=captcha]");
      await jane.sees("recovery/sent_email", "after-captcha");
    } finally {
      captcha.goes(false);
    }
  });
}
