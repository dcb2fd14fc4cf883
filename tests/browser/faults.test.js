// What goes wrong at a browser: old pages, foreign pages, forged forms, pressing twice, going back.

import assert from "node:assert/strict";

import { PASSWORD, address, suite } from "./harness/index.js";

const person = suite();

/** Sends a form as a script on another page of the same origin would, and does not follow the answer. */
async function post(someone, url, form, headers = {}) {
  return someone.page.context().request.post(url, { form, headers, maxRedirects: 0 });
}

async function hidden(someone, name) {
  return someone.page.locator(`#flow input[name="${name}"]`).getAttribute("value");
}

person("another browser cannot see a flow", async ({ jane, another }) => {
  await jane.go("/sign-in");
  await jane.sees("sign-in/choose_method", "identifier");
  const mallory = await another();
  const answer = await mallory.go(jane.page.url());
  assert.equal(answer.status(), 404);
  await mallory.sees("sign-in/flow_expired");
  await mallory.press("#continue");
  await mallory.sees("sign-in/choose_method", "identifier");
});

for (const path of ["sign-in", "sign-up", "recovery", "verify"]) {
  person(`a flow of ${path} that never was leads to a new one`, async ({ jane }) => {
    await jane.go(`/${path}?flow=flw_01kjpwjw2bfeh982d16269dv5s`);
    await jane.sees(`${path}/flow_expired`);
    await jane.press("#continue");
    assert.match(jane.page.url(), /\?flow=flw_/);
    assert.notEqual(await jane.where(), `${path}/flow_expired`);
  });
}

person("a finished flow is over", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.go("/sign-in");
  await jane.identify(email);
  const flow = jane.page.url();
  await jane.send({ password: PASSWORD });
  await jane.sees("account/overview");
  const answer = await jane.go(flow);
  assert.equal(answer.status(), 410);
  await jane.sees("sign-in/flow_expired");
});

person("after signing in the back button shows no form that works again", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.signIn(email);
  await jane.sees("account/overview");
  await jane.page.goBack();
  await jane.sees("sign-in/flow_expired");
  await jane.page.goForward();
  await jane.sees("account/overview");
});

person("after signing out the back button shows nothing of the account", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.signIn(email);
  await jane.go("/account/profile");
  await jane.signOut();
  await jane.page.goBack();
  await jane.page.goBack();
  await jane.sees("sign-in/choose_method", "identifier");
  assert.doesNotMatch(await jane.page.content(), new RegExp(email));
});

person("pressing the button twice registers once", async ({ jane, server }) => {
  const email = address();
  await jane.go("/sign-up");
  await jane.fill({ "traits.email": email, password: PASSWORD });
  await jane.page.locator("#flow .primary").dblclick();
  await jane.sees("verify/sent_email");
  const { identities } = await server.api("GET", `/v1/identities?filter=${encodeURIComponent(`email = "${email}"`)}`);
  assert.equal(identities.length, 1);
  assert.equal((await server.mails(email)).length, 1, "one code is mailed");
});

person("two browsers' worth of the same submit at once sign in once", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.go("/sign-in");
  await jane.identify(email);
  await jane.choose("code");
  const { code } = await server.mail(email, "sign_in_code");
  const action = await jane.page.locator("#flow").getAttribute("action");
  const form = { method: "code", code, csrf_token: await hidden(jane, "csrf_token") };
  const answers = await Promise.all(Array.from({ length: 8 }, () => post(jane, action, form)));
  const signedIn = answers.filter((answer) => (answer.headers()["set-cookie"] ?? "").includes("avnology_session="));
  assert.equal(signedIn.length, 1, `answers: ${answers.map((a) => a.status())}`);
  for (const answer of answers) assert.ok(answer.status() < 500, `${answer.status()}`);
});

for (const [what, change] of [
  ["missing", (input) => input.remove()],
  ["altered", (input) => { input.value = `${input.value.slice(0, -2)}${input.value.endsWith("AA") ? "BB" : "AA"}`; }],
  ["empty", (input) => { input.value = ""; }],
]) {
  person(`a form whose token is ${what} is refused, and the flow stays usable`, async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.go("/sign-in");
    await jane.identify(email);
    const flow = jane.page.url();
    await jane.page.locator('#flow input[name="csrf_token"]').evaluate(change);
    const answer = await jane.send({ password: PASSWORD });
    assert.equal(answer.status(), 403);
    await jane.sees("error/error", "csrf");
    assert.equal(await jane.page.locator("#error-code").innerText(), "AVNOLOGY_AUTH_015");
    assert.equal(await jane.isSignedIn(), false);
    await jane.go(flow);
    await jane.send({ password: PASSWORD });
    await jane.sees("account/overview");
  });
}

person("the token of one flow does not fit another", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.go("/sign-up");
  const foreign = await hidden(jane, "csrf_token");
  await jane.go("/sign-in");
  await jane.identify(email);
  await jane.page.locator('#flow input[name="csrf_token"]').evaluate((input, value) => { input.value = value; }, foreign);
  const answer = await jane.send({ password: PASSWORD });
  assert.equal(answer.status(), 403);
  assert.equal(await jane.isSignedIn(), false);
});

person("a form from another site is refused, even with the right token", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.go("/sign-in");
  await jane.identify(email);
  const action = await jane.page.locator("#flow").getAttribute("action");
  const form = { method: "password", password: PASSWORD, csrf_token: await hidden(jane, "csrf_token") };
  for (const headers of [{ "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, { origin: "https://evil.example" }]) {
    const answer = await post(jane, action, form, headers);
    assert.equal(answer.status(), 403, JSON.stringify(headers));
  }
  const answer = await post(jane, action, form, { origin: "null" });
  assert.equal(answer.status(), 303, "our own forms say Origin: null, by our referrer policy");
});

person("signing out and ending sessions need the page's token", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.signIn(email);
  for (const path of ["/sign-out", "/account/sessions", "/account/sessions/ses_01kjpwe8c8e1ha07b8xps8vded"]) {
    for (const form of [{}, { csrf_token: "wrong" }]) {
      assert.equal((await post(jane, server.url + path, form)).status(), 403, path);
    }
  }
  assert.ok(await jane.isSignedIn());
  await jane.go("/sign-out");
  await jane.page.locator('#sign-out input[name="csrf_token"]').evaluate((input) => { input.value = "wrong"; });
  await jane.press("#sign-out .primary");
  await jane.sees("sign-out/error");
  assert.ok(await jane.isSignedIn(), "still signed in, and told so");
});

const ELSEWHERE = [
  "https://evil.example/",
  "//evil.example/",
  "/\\evil.example/",
  "\\\\evil.example",
  "/\t/evil.example",
  "https:evil.example",
  "https://localhost@evil.example/",
  "http://localhost.evil.example/",
  "javascript:alert(1)",
  "data:text/html,hello",
  "http://127.0.0.1:1/",
  "%2f%2fevil.example",
  "///evil.example",
];

person("no spelling of return_to leads elsewhere", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  for (const target of ELSEWHERE) {
    for (const path of ["/sign-in", "/sign-up", "/recovery", "/verify"]) {
      await jane.go(`${path}?return_to=${encodeURIComponent(target)}`);
      assert.equal(new URL(jane.page.url()).origin, server.url, `${path} with ${target}`);
    }
    await jane.go(`/sign-in?return_to=${encodeURIComponent(target)}`);
    await jane.identify(email);
    await jane.send({ password: PASSWORD });
    assert.equal(new URL(jane.page.url()).origin, server.url, `signed in with ${target}`);
    await jane.go(`/sign-in?return_to=${encodeURIComponent(target)}`);
    assert.equal(new URL(jane.page.url()).origin, server.url, `signed in already, with ${target}`);
    await jane.page.context().clearCookies();
  }
});

person("return_to leads to a page of ours and to where the settings allow", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.go("/sign-in?return_to=%2Faccount%2Fprofile");
  await jane.identify(email);
  await jane.send({ password: PASSWORD });
  await jane.sees("account-profile/show_form", "plain");
});

person("a session token in the address is refused and revoked", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.signIn(email);
  await jane.sees("account/overview");
  const { value } = await jane.cookie("avnology_session");
  const answer = await jane.page.context().request.get(`${server.url}/v1/sessions/whoami?session_token=${value}`);
  assert.equal(answer.status(), 400);
  assert.equal(await jane.isSignedIn(), false);
});

person("too many tries from one address are told in plain words", async ({ jane, server }) => {
  await server.settings({ rate_limits: { "ip.auth": { limit: 2, window_seconds: 600 } } });
  try {
    let answer;
    for (let i = 0; i < 6; i += 1) answer = await jane.go("/sign-in");
    assert.equal(answer.status(), 429);
    assert.match(answer.headers()["retry-after"], /^\d+$/);
    await jane.sees("error/error", "rate-limit");
  } finally {
    await server.settings({ rate_limits: null });
  }
});
