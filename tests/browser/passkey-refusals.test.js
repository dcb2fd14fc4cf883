// Answers that Chromium's virtual authenticators give and this server refuses, each with its reason.
//
// Chromium signs for no relying party but the page's own, so that one lie is told in the API's tests only.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

import { PASSWORD, address, suite } from "./harness/index.js";
import { BY_PASSKEY, signUp } from "./passkeys.js";
import { device } from "./harness/authenticator.js";

const person = suite();
const REFUSED = "The passkey could not be used";

/** A program's sign-in: what it asks of the browser, and what it says to the answer. */
async function signIn(server, body) {
  const json = async (method, path, value) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(server.url + path, { method, headers, body: value && JSON.stringify(value) });
    return answer.json();
  };
  const opened = await json("GET", "/v1/flows/login");
  const submit = (method, fields) =>
    json("POST", `/v1/flows/login/${opened.id}:submit`, { method, body: fields });
  const shown = body ? (await submit("password", body)).continue_flow : opened;
  const node = shown.ui.nodes.find(({ attributes }) => attributes.webauthn);
  return {
    options: node.attributes.webauthn.options,
    answer: (given) => submit("passkey", { passkey_response: given }),
  };
}

/** What the browser answers on the page where it is. */
function sign(page, options) {
  return page.evaluate(async (json) => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
    return (await navigator.credentials.get({ publicKey })).toJSON();
  }, options);
}

/** Somebody who registered with a passkey, signed out again, at a page of the server that asks for nothing. */
async function withPasskey(jane) {
  const email = address();
  const phone = await device(jane);
  await signUp(jane, email);
  await jane.signOut();
  return { email, phone };
}

person("a signature that is none, and a person who is not there or not verified", async ({ jane, server }) => {
  const { phone } = await withPasskey(jane);
  const lies = [
    ["signature", { isBogusSignature: true }],
    ["user_verification", { isBadUP: true }],
    ["user_verification", { isBadUV: true }],
  ];
  await server.settings({ webauthn: { user_verification: "required" } });
  for (const [reason, bits] of lies) {
    await phone.forges(bits);
    const flow = await signIn(server);
    const refused = await flow.answer(await sign(jane.page, flow.options));
    assert.deepEqual([refused.code, refused.reason], ["AVNOLOGY_AUTH_017", reason]);
  }
  await phone.forges({});
  const flow = await signIn(server);
  const done = await flow.answer(await sign(jane.page, flow.options));
  assert.equal(done.session.aal, "aal2");
  await server.settings({ webauthn: null });
});

person("another origin of this very host", { others: "any" }, async ({ jane, server }) => {
  const { phone } = await withPasskey(jane);
  const other = createServer((_, answer) => answer.setHeader("content-type", "text/html").end("<title>Other</title>"));
  await once(other.listen(0, "127.0.0.1"), "listening");
  try {
    const flow = await signIn(server);
    await jane.page.goto(`http://localhost:${other.address().port}/`);
    const refused = await flow.answer(await sign(jane.page, flow.options));
    assert.equal(refused.reason, "origin");
    assert.equal((await phone.credentials()).length, 1);
  } finally {
    other.close();
  }
});

person("an answer that was given before", async ({ jane, server }) => {
  await withPasskey(jane);
  const flow = await signIn(server);
  const answer = await sign(jane.page, flow.options);
  assert.equal((await flow.answer(answer)).session.aal, "aal2");
  assert.equal((await (await signIn(server)).answer(answer)).reason, "challenge");
});

person("a key that was copied: its counter stands still", async ({ jane, server }) => {
  const { email, phone } = await withPasskey(jane);
  const [copy] = await phone.credentials();
  const flow = await signIn(server);
  assert.equal((await flow.answer(await sign(jane.page, flow.options))).session.aal, "aal2");
  await phone.becomes(copy);
  const again = await signIn(server);
  assert.equal((await again.answer(await sign(jane.page, again.options))).reason, "counter");
  // The same on the page; by the next signature it is ahead again, and nobody can tell.
  await phone.becomes(copy);
  await phone.answers(false);
  await jane.go("/sign-in");
  await jane.send({ identifier: email });
  await jane.sees("sign-in/choose_method", "methods");
  await phone.answers(true);
  await jane.press(BY_PASSKEY);
  await jane.sees("sign-in/choose_method", "passkey-refused");
  await jane.reads(REFUSED);
  assert.equal(await jane.isSignedIn(), false);
  const { events } = await server.api("GET", `/v1/audit/events?${new URLSearchParams({ filter: 'action = "user.credential_suspicious"' })}`);
  assert.ok(events.length >= 2);
});

person("somebody else's passkey as second factor", async ({ jane, another, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD, email_verified: true });
  const phone = await device(jane);
  await jane.signIn(email);
  await jane.go("/account/security?section=passkey");
  await jane.press(BY_PASSKEY);
  await jane.sees("account-security/recovery_codes", "after-passkey");
  await jane.press();
  await jane.signOut();
  const joe = await another();
  await withPasskey(joe);
  const flow = await signIn(server, { identifier: email, password: PASSWORD });
  assert.equal(flow.options.allowCredentials.length, 1);
  const refused = await flow.answer(await sign(joe.page, { ...flow.options, allowCredentials: [] }));
  assert.equal(refused.reason, "unknown_credential");
  assert.equal((await phone.credentials()).length, 1);
});

person("a signature that is none, on the page, with the way on", async ({ jane }) => {
  const { email, phone } = await withPasskey(jane);
  await phone.answers(false);
  await jane.go("/sign-in");
  await jane.send({ identifier: email });
  await jane.sees("sign-in/choose_method", "methods");
  await phone.forges({ isBogusSignature: true });
  await phone.answers(true);
  await jane.press(BY_PASSKEY);
  await jane.sees("sign-in/choose_method", "passkey-refused");
  await jane.reads(REFUSED);
  await phone.forges({});
  await jane.press(BY_PASSKEY);
  await jane.sees("account/overview", "unverified");
});

person("makers are asked for where the tenant says so, and one that nobody trusts changes nothing", async ({ jane, server }) => {
  await server.settings({ webauthn: { attestation: "direct", trusted_aaguids: ["2fc0579f-8113-47ea-b116-bb5a8db9202a"] } });
  const { phone } = await withPasskey(jane);
  assert.equal((await phone.credentials()).length, 1);
  const flow = await signIn(server);
  const done = await flow.answer(await sign(jane.page, flow.options));
  assert.equal(done.session.aal, "aal2");
  await server.settings({ webauthn: null });
});
