// The example of docs/oauth.md: its commands and its application, at other ports.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { ISSUER, Person } from "./house.js";

const DOCS = new URL("../../../docs/oauth.md", import.meta.url);
const PACKAGES = fileURLToPath(new URL("node_modules", import.meta.url));

async function freePort() {
  const probe = createServer().listen(0, "localhost");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

test("the application of docs/oauth.md greets whoever signs in", { timeout: 60_000 }, async (t) => {
  const home = `http://localhost:${await freePort()}`;
  const text = readFileSync(DOCS, "utf8")
    .replaceAll("http://localhost:8080", ISSUER)
    .replaceAll("http://localhost:3000", home)
    .replaceAll("listen(3000", `listen(${new URL(home).port}`);
  const [, section] = /^## With other people's libraries$(.*?)^## /ms.exec(text);
  const [, , register] = section.split("```sh\n").map((block) => block.split("```")[0]);
  const [, app] = /```js\n(.*?)```/s.exec(section);

  const folder = mkdtempSync(join(tmpdir(), "avnology-docs-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(PACKAGES, join(folder, "node_modules"));
  writeFileSync(join(folder, "test.key"), process.env.OIDC_API_KEY);
  writeFileSync(join(folder, "app.mjs"), app);
  execFileSync("bash", ["-euc", register], { cwd: folder });

  const running = spawn(process.execPath, [...process.execArgv.filter((one) => !one.startsWith("--test")), "app.mjs"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => running.kill());
  const [said] = await once(running.stdout, "data");
  assert.equal(String(said).trim(), home);

  const jane = await Person.create();
  const sent = await fetch(home, { redirect: "manual" });
  const back = await jane.authorize(sent.headers.get("location"), `${home}/callback`);
  const [cookie] = sent.headers.get("set-cookie").split(";");
  const greeted = await fetch(back, { headers: { cookie } });
  assert.equal(await greeted.text(), `Hello ${jane.email}`);
  const again = await fetch(back, { headers: { cookie } });
  assert.equal(again.status, 400);
});
