// What a person sees of their own account and takes from it. With JavaScript and without it.

import assert from "node:assert/strict";

import { PASSWORD, address, suite } from "./harness/index.js";

const ACTIVITY_MS = 5_000;

/** A person with an account, signed in; its address and id. */
async function signedIn(jane, server) {
  const email = address();
  const { id } = await server.account({ email, password: PASSWORD, first_name: "Jane" });
  await jane.signIn(email);
  await jane.sees("account/overview");
  return { email, id };
}

/** Opens the page again until it is in this state, or shows these words. */
async function until(jane, path, is) {
  for (const end = Date.now() + ACTIVITY_MS; Date.now() < end;) {
    await jane.go(path);
    if (await is()) return;
    await new Promise((done) => { setTimeout(done, 100); });
  }
  assert.fail(`${path} does not come so far: ${await jane.text()}`);
}

function journeys(person) {
  person("a person sees what happened to the account", async ({ jane, server }) => {
    const { id } = await signedIn(jane, server);
    await server.api("PATCH", `/v1/identities/${id}`, { identity: { last_name: "Doe" } });
    await until(jane, "/account/activity", async () => (await jane.text()).includes("Profile changed"));
    await jane.sees("account-activity/list");
    await jane.reads("Signed in");
    await jane.reads("A program");
    assert.equal(await jane.page.locator('nav.side a[aria-current="page"]').innerText(), "Activity");
  });

  person("a person takes a copy of their data", async ({ jane, server }) => {
    await signedIn(jane, server);
    await jane.go("/account/privacy");
    await jane.sees("account-privacy/overview");
    await jane.press("#export button");
    await until(jane, "/account/privacy", async () => (await jane.page.locator("#download").count()) === 1);
    await jane.sees("account-privacy/overview", "copy");
    const file = await jane.page.context().request.get(await jane.page.locator("#download").getAttribute("href"));
    assert.equal(file.headers()["content-type"], "application/zip");
    assert.equal((await file.body()).subarray(0, 2).toString(), "PK");
  });

  person("a person objects to the sale of their data", async ({ jane, server }) => {
    await signedIn(jane, server);
    await jane.go("/account/privacy");
    await jane.press("#opt-out button");
    await jane.sees("account-privacy/overview", "opted-out");
    await jane.reads("Your choice was recorded");
    assert.equal(await jane.page.locator("#opt-out").count(), 0);
  });

  person("a person asks for the deletion of the account and keeps it", async ({ jane, server }) => {
    await signedIn(jane, server);
    await jane.go("/account/privacy");
    await jane.page.locator("#delete select").selectOption("UNUSED");
    await jane.page.locator("#delete textarea").fill("I moved on.");
    await jane.press("#delete button");
    await jane.sees("account-privacy/scheduled");
    await jane.reads("Your account will be deleted");
    await jane.press("#keep button");
    await jane.sees("account-privacy/overview", "kept");
    await jane.reads("Your account stays");
  });

  person("the mailed link keeps the account without a sign-in", async ({ jane, another, server }) => {
    const { email } = await signedIn(jane, server);
    await jane.go("/account/privacy");
    await jane.page.locator("#cancel_on_login").uncheck();
    await jane.page.locator("#revoke_sessions").check();
    await jane.press("#delete button");
    assert.equal(await jane.isSignedIn(), false);
    const { link } = await server.mail(email, "deletion_scheduled");
    const phone = await another();
    await phone.go(link);
    await phone.sees("account-privacy-deletion/confirm");
    await phone.reads(email);
    await phone.press();
    await phone.sees("account-privacy-deletion/kept");
    await phone.go(link);
    await phone.sees("account-privacy-deletion/used");
    await jane.signIn(email);
    await jane.sees("account/overview");
  });
}

journeys(suite());
journeys(suite({ context: { javaScriptEnabled: false } }));
