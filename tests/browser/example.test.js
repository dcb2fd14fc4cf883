// The application of examples/node, by the words of its README: registered, started, and used by a newcomer with a passkey.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { device } from "./harness/authenticator.js";
import { API_KEY, address, suite } from "./harness/index.js";
import { freePort } from "./harness/server.js";
import { BY_PASSKEY } from "./passkeys.js";

const EXAMPLE = fileURLToPath(new URL("../../examples/node/", import.meta.url));
const person = suite({ context: { others: "any" } });

/** Does what the README says, at other ports. */
async function start(server) {
  const home = `http://localhost:${await freePort()}`;
  const text = readFileSync(join(EXAMPLE, "README.md"), "utf8")
    .replaceAll("http://localhost:8080", server.url)
    .replaceAll("http://localhost:3000", home);
  const [, , commands, outbox] = text.split("```sh\n").map((block) => block.split("```")[0]);
  const [register] = commands.split("npm install");
  const folder = mkdtempSync(join(tmpdir(), "avnology-example-"));
  symlinkSync(join(EXAMPLE, "node_modules"), join(folder, "node_modules"));
  for (const file of ["app.mjs", "package.json"]) copyFileSync(join(EXAMPLE, file), join(folder, file));
  writeFileSync(join(folder, "test.key"), API_KEY);
  execFileSync("bash", ["-euc", register], { cwd: folder });
  const { scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const [command, ...parameters] = scripts.start.split(" ");
  const running = spawn(command, parameters, {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", ISSUER: server.url, HOME_URL: home },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(running.stdout, "data");
  assert.equal(String(said).trim(), home);
  return {
    home,
    newestCode: () => execFileSync("bash", ["-euo", "pipefail", "-c", outbox], { cwd: folder, encoding: "utf8" }).split("\n")[0],
    stop() {
      running.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What the application shows of an ID token. */
async function shown(jane, home) {
  await jane.page.waitForURL(`${home}/`);
  const [org_id, org_role] = await Promise.all(["#org_id", "#org_role"].map((one) => jane.page.locator(one).textContent()));
  return { org_id, org_role, permissions: await jane.page.locator("#permissions li").allTextContents() };
}

person("a newcomer makes a passkey, creates an organization, chooses another one, and signs out everywhere", async ({ jane, server, another }) => {
  const notes = await start(server);
  try {
    jane.belongs = true;
    await device(jane);
    const email = address("newcomer");
    await jane.page.goto(notes.home);
    await jane.page.getByRole("link", { name: "Sign in" }).click();
    await jane.sees("sign-in/choose_method", "for-an-application");
    await jane.reads("to go on to Notes");
    await jane.press(".prompt a");
    await jane.sees("sign-up/show_form", "for-an-application");
    await jane.fill({ "traits.email": email });
    await jane.press("button[name=method][value=passkey]");
    await jane.sees("sign-up/create_passkey", "for-an-application");
    await jane.press(BY_PASSKEY);
    await jane.sees("verify/sent_email", "for-an-application");
    await server.mail(email, "verification");
    await jane.send({ code: notes.newestCode() });
    await jane.sees("verify/passed_challenge");
    await jane.press("#continue");

    await jane.sees("select-organization/none", "for-an-application");
    await jane.press("#continue");
    await jane.sees("organization-new/form", "for-an-application");
    await jane.send({ name: `Acme ${process.pid}` });
    const acme = await shown(jane, notes.home);
    assert.deepEqual([acme.org_id.slice(0, 4), acme.org_role], ["org_", "owner"]);
    assert.ok(acme.permissions.includes("members:write"), `${acme.permissions}`);

    const globex = await server.api("POST", "/v1/organizations", { name: `Globex ${process.pid}` });
    const { identities: [{ id }] } = await server.api("GET", `/v1/identities?${new URLSearchParams({ filter: `email = "${email}"` })}`);
    await server.api("POST", `/v1/organizations/${globex.id}/members`, { identity_id: id, role: "member" });
    await jane.page.getByRole("link", { name: "Another organization" }).click();
    await jane.sees("select-organization/list", "of-two");
    await jane.page.getByRole("button", { name: globex.name }).click();
    const other = await shown(jane, notes.home);
    assert.deepEqual([other.org_id, other.org_role], [globex.id, "member"]);
    assert.ok(!other.permissions.includes("members:write"), `${other.permissions}`);

    await jane.page.getByRole("button", { name: "Sign out everywhere" }).click();
    await jane.page.getByRole("link", { name: "Sign in" }).waitFor();
    assert.equal(await jane.isSignedIn(), false);

    // The browser offers the passkey by itself, and this device always says yes. Then the session ends at our own page, and the
    // application is told.
    await jane.page.getByRole("link", { name: "Sign in" }).click();
    await jane.sees("select-organization/list", "of-two");
    await jane.page.getByRole("button", { name: globex.name }).click();
    assert.equal((await shown(jane, notes.home)).org_id, globex.id);
    await jane.signOut();
    for (let tries = 0; tries < 50 && (await jane.page.goto(notes.home)) && await jane.page.locator("#org_id").count() > 0; tries += 1) {
      await jane.page.waitForTimeout(100);
    }
    await jane.page.getByRole("link", { name: "Sign in" }).waitFor();
    const stranger = await another();
    await stranger.page.goto(`${notes.home}/callback?code=made-up&state=x`);
    await stranger.page.getByText(/\S/).first().waitFor();
    assert.equal(await stranger.page.locator("#org_id").count(), 0, "nobody comes in by a made-up answer");
  } finally {
    notes.stop();
  }
});
