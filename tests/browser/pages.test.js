// The pages beside the path: errors, explanations, closed registration; and what all pages promise.

import assert from "node:assert/strict";

import { PASSWORD, address, suite } from "./harness/index.js";

const person = suite();

person("an address with nothing there says so and leads back", async ({ jane }) => {
  const answer = await jane.go("/no/such/page");
  assert.equal(answer.status(), 404);
  await jane.sees("error/not_found");
  assert.equal(await jane.page.locator("#error-code").innerText(), "AVNOLOGY_AUTH_901");
  await jane.press("#continue");
  await jane.sees("sign-in/choose_method", "identifier");
});

person("the error page explains a code of ours, and repeats no words of the address", async ({ jane }) => {
  await jane.go("/error?code=AVNOLOGY_AUTH_015&request_id=abcdef123456");
  await jane.sees("error/error", "code");
  assert.equal(await jane.page.locator("#error-code").innerText(), "AVNOLOGY_AUTH_015");
  for (const words of ["<script>alert(1)</script>", "Call +44 1234 to win"]) {
    await jane.go(`/error?code=${encodeURIComponent(words)}&request_id=${encodeURIComponent(words)}&message=${encodeURIComponent(words)}`);
    await jane.sees("error/error", "unknown");
    assert.doesNotMatch(await jane.page.content(), /alert|1234/, "words of a stranger");
  }
});

person("each problem code has a page of its own", async ({ jane }) => {
  await jane.go("/problems/901");
  await jane.sees("problem/901");
  const answer = await jane.go("/problems/123456");
  assert.equal(answer.status(), 404);
  await jane.sees("error/not_found");
});

person("where registration is closed the page says so, and the sign-in page does not offer it", async ({ jane, server }) => {
  await server.settings({ registration: { mode: "closed" } });
  try {
    const answer = await jane.go("/sign-up");
    assert.equal(answer.status(), 403);
    await jane.sees("sign-up/closed");
    await jane.press("#continue");
    await jane.sees("sign-in/choose_method", "identifier");
    assert.equal(await jane.page.locator('a[href^="/sign-up"]').count(), 0);
  } finally {
    await server.settings({ registration: { mode: "public" } });
  }
});

person("signing out when nobody is signed in is simply done", async ({ jane }) => {
  await jane.go("/sign-out");
  await jane.sees("sign-out/done");
});

person("the well-known address for changing passwords leads to the security page", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.signIn(email);
  await jane.go("/.well-known/change-password");
  await jane.sees("account-security/show_form", "form");
  assert.equal(await jane.page.evaluate(() => document.activeElement?.closest("form") !== undefined), true);
});

person("an old sign-in must be repeated before the password can change", async ({ jane, server }) => {
  await server.settings({ session_policy: { privileged_max_age_seconds: 60 } });
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.signIn(email);
  await jane.go("/sign-in?refresh=true&return_to=%2Faccount%2Fsecurity");
  await jane.sees("sign-in/choose_method", "refresh");
  assert.equal(await jane.page.locator("#identifier:not([type=hidden]):not([readonly])").count(), 0, "nobody else can sign in here");
  await jane.send({ password: PASSWORD });
  await jane.sees("account-security/show_form", "form");
  await server.settings({ session_policy: null });
});

person("the first page is small: at most 45 kB are transferred, with the script for passkeys", async ({ jane }) => {
  const session = await jane.page.context().newCDPSession(jane.page);
  await session.send("Network.enable");
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await jane.go("/sign-in");
  await jane.page.waitForLoadState("networkidle");
  assert.ok(bytes > 5_000, `${bytes} bytes: something was measured`);
  assert.ok(bytes <= 45_000, `${bytes} bytes`);
});

person("every page carries the headers that keep strangers out", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.signIn(email);
  for (const path of ["/sign-in", "/sign-up", "/recovery", "/verify", "/sign-out", "/account", "/account/profile", "/account/security", "/account/sessions", "/error", "/problems/901", "/nothing"]) {
    const headers = (await jane.go(path)).headers();
    const policy = headers["content-security-policy"] ?? "";
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "connect-src 'self'"]) {
      assert.ok(policy.includes(part), `${path}: ${policy}`);
    }
    assert.ok(!policy.includes("unsafe-inline"), path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.equal(headers["referrer-policy"], "no-referrer", path);
    assert.equal(headers["cache-control"], "no-store", path);
    assert.match(headers["x-request-id"], /^[A-Za-z0-9._-]{8,128}$/, path);
    assert.ok("permissions-policy" in headers && "cross-origin-opener-policy" in headers, path);
  }
});

person("cookies are out of the reach of scripts, and there are four", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.signIn(email);
  const cookies = await jane.page.context().cookies();
  assert.deepEqual(cookies.map((c) => c.name).sort(), ["avnology_csrf", "avnology_device", "avnology_flow", "avnology_session"]);
  for (const cookie of cookies) {
    assert.equal(cookie.httpOnly, true, cookie.name);
    assert.equal(cookie.sameSite, "Lax", cookie.name);
    assert.equal(cookie.path, "/", cookie.name);
  }
});

person("the account is called by the name that the person gave, whatever is in it", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD, first_name: "<img src=x onerror=alert(1)>", last_name: "W".repeat(90) });
  await jane.signIn(email);
  await jane.sees("account/overview", "long-name");
  assert.equal(await jane.page.locator("img").count(), 0);
  await jane.go("/account/profile");
  await jane.sees("account-profile/show_form", "long-name");
});
