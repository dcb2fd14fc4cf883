// The audit log of an organization, and the service accounts and keys of its programs. Run with JavaScript and without it.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { organization, signInHere } from "./organization-entry.js";

/** Somebody with a role in an organization of their own, signed in there. */
async function insider(jane, server, role = "admin") {
  jane.belongs = true;
  const globex = await organization(server);
  await jane.go(`/org/${globex.slug}`);
  await signInHere(jane, await globex.member(role));
  await jane.sees("organization/overview", "insider");
  return { globex, url: `/organizations/${globex.slug}` };
}

/** Reloads until the words are there: records follow within seconds. */
async function until(jane, path, words) {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(200)) {
    await jane.go(path);
    if ((await jane.text()).includes(words)) return;
  }
  assert.fail(`${words} never came to ${path}`);
}

/** Adds the tests to a suite. */
export function records(person) {
  person("an admin searches the log, reads a record, and learns that it is whole", async ({ jane, server }) => {
    const { globex, url } = await insider(jane, server);
    await until(jane, `${url}/audit`, "organization.member.added");
    await jane.sees("organization-audit/list");
    await jane.page.locator("#action").fill("member");
    await jane.press('form[role="search"] button');
    await jane.sees("organization-audit/list", "narrowed");
    assert.equal(await jane.page.locator("tbody tr").count(), 1);
    await jane.page.locator("#actor").fill("nobody@example.org");
    await jane.press('form[role="search"] button');
    await jane.sees("organization-audit/empty", "nothing-fits");
    await jane.go(`${url}/audit?from=yesterday`);
    assert.equal(jane.answer.status(), 400);
    await jane.sees("organization-audit/empty", "refused");
    await jane.go(`${url}/audit?action=member`);
    await jane.press(".list td a");
    await jane.sees("organization-audit-event/event");
    await jane.reads("This record is as it was written");
    await jane.reads(globex.name);
    await jane.go(`${url}/audit`);
    await jane.press('button:has-text("Check the last 30 days")');
    await jane.sees("organization-audit/checked");
    await jane.reads("none is missing");
  });

  person("an admin exports what is shown, as a table and as lines", async ({ jane, server }) => {
    const { url } = await insider(jane, server);
    await until(jane, `${url}/audit`, "organization.member.added");
    for (const [format, first] of [["CSV", "id,"], ["JSONL", '{"id"']]) {
      await jane.go(`${url}/audit?action=member`);
      await jane.press(".panel-top a.primary");
      await jane.sees("organization-audit-export/form");
      assert.equal(await jane.page.locator("#action").inputValue(), "member");
      await jane.page.locator("#format").selectOption(format);
      await jane.press();
      for (let tries = 0; (await jane.where()).endsWith("pending") && tries < 40; tries += 1) {
        await jane.sees("organization-audit-export/pending");
        await sleep(250);
        await jane.press("#continue");
      }
      await jane.sees("organization-audit-export/complete");
      const file = await jane.page.context().request.get(await jane.page.locator("#continue").getAttribute("href"));
      const text = await file.text();
      assert.ok(text.startsWith(first) || format === "JSONL", text.slice(0, 80));
      assert.ok(text.includes("organization.member.added") && !text.includes("session.created"), text.slice(0, 400));
    }
    await jane.go(`${url}/audit/exports`);
    await jane.page.locator("#from").fill("2026-11-20");
    await jane.page.locator("#until").fill("2026-11-01");
    await jane.press();
    await jane.sees("organization-audit-export/form", "refused");
  });

  person("a member without the permission finds no log", async ({ jane, server }) => {
    const { url } = await insider(jane, server, "member");
    assert.equal(await jane.page.locator('a[href$="/audit"]').count(), 0);
    await jane.go(`${url}/audit`);
    assert.equal(jane.answer.status(), 403);
  });

  person("a program has an account, and a key that works from its network only", async ({ jane, server }) => {
    const { globex, url } = await insider(jane, server);
    await jane.go(`${url}/api-keys`);
    await jane.sees("organization-api-keys/empty", "admin");
    await jane.press('a[href$="/api-keys/accounts"]');
    await jane.sees("organization-service-accounts/empty");
    await jane.send({ name: "Warehouse" });
    await jane.sees("organization-service-accounts/empty", "refused");
    await jane.fill({ name: "Warehouse", description: "Brings members in." });
    await jane.page.locator('[id="scope:members:read"]').check();
    await jane.press();
    await jane.sees("organization-api-keys/empty", "account-made");
    await jane.page.locator("#service_account").selectOption({ label: "Warehouse" });
    await jane.send({ name: "Nightly", allowed_cidrs: "192.0.2.0/24\nnonsense" });
    await jane.sees("organization-api-keys/empty", "wrong-network");
    await jane.page.locator("#service_account").selectOption({ label: "Warehouse" });
    await jane.send({ name: "Nightly", allowed_cidrs: "192.0.2.0/24" });
    await jane.sees("organization-api-keys/created", "with-network");
    const key = await jane.page.locator("#secret").innerText();
    const answer = await fetch(`${server.url}/v1/organizations/${globex.id}/members`, { headers: { authorization: `Bearer ${key.trim()}` } });
    assert.equal(answer.status, 403, "this machine is elsewhere");
    await jane.go(`${url}/api-keys`);
    await jane.reads("Only from 192.0.2.0/24");
    await jane.go(`${url}/api-keys/accounts`);
    await jane.sees("organization-service-accounts/list");
    await jane.press('button:has-text("Switch off")');
    await jane.sees("organization-service-accounts/list", "off");
    await jane.reads("None of its keys works");
  });
}
