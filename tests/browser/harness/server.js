// A server of its own for each test file: the real binary, a fresh data directory, free ports, the test environment.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { startNames } from "./names.js";

const BUILT = fileURLToPath(new URL("../../../target/debug/avnology", import.meta.url));
const BINARY = process.env.AVNOLOGY_BIN ?? BUILT;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const READY_MS = 20_000;

/** CRC-32 (ISO-HDLC) of ASCII text. */
function crc32(text) {
  let crc = ~0;
  for (const char of text) {
    crc ^= char.charCodeAt(0);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** A bearer secret with its check digits (contract 00 §5). */
export function withCheck(body) {
  let rest = crc32(body);
  let check = "";
  for (let i = 0; i < 6; i += 1) {
    check = DIGITS[rest % 62] + check;
    rest = Math.floor(rest / 62);
  }
  return body + check;
}

export const API_KEY = withCheck(`ak_test_${DIGITS.slice(0, 43)}`);

export async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** Starts a server; `environment` adds to or replaces what tests need. */
export async function startServer(environment = {}) {
  const dir = mkdtempSync(join(tmpdir(), "avnology-browser-"));
  const [port, adminPort] = [await freePort(), await freePort()];
  const url = `http://localhost:${port}`;
  const names = await startNames();
  const child = spawn(BINARY, ["serve"], {
    cwd: dir,
    env: {
      AVNOLOGY_DATA_DIR: join(dir, "data"),
      AVNOLOGY_LISTEN: `127.0.0.1:${port}`,
      AVNOLOGY_ADMIN_ADDR: `127.0.0.1:${adminPort}`,
      AVNOLOGY_PUBLIC_URL: url,
      AVNOLOGY_ENVIRONMENT: "test",
      AVNOLOGY_PASSWORD_HASH: "cheapest",
      AVNOLOGY_BOOTSTRAP_API_KEY: API_KEY,
      AVNOLOGY_DNS_SERVER: names.address,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => { said += text; });
  const server = new Server(child, url, () => said, dir, names);
  await server.ready(`http://127.0.0.1:${adminPort}/readyz`);
  return server;
}

class Server {
  #child; #said; #dir;

  constructor(child, url, said, dir, names) {
    this.#child = child;
    this.#said = said;
    this.#dir = dir;
    this.url = url;
    /** The name server that it asks. */
    this.names = names;
  }

  /** Everything that it printed. */
  get said() { return this.#said(); }

  async ready(url) {
    for (const end = Date.now() + READY_MS; Date.now() < end; await sleep(20)) {
      if (this.#child.exitCode !== null) throw new Error(`the server ended: ${this.said}`);
      if (await fetch(url).then((answer) => answer.ok, () => false)) return;
    }
    throw new Error(`the server is not ready: ${this.said}`);
  }

  /** Calls the API as a program with every right. */
  async api(method, path, body, headers = {}) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, ...(body && { "content-type": "application/json" }), ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  settings(patch) { return this.api("PATCH", "/v1/tenant", patch); }

  /** The newest mail to an address, once there is one of this type. */
  async mail(to, type) {
    const query = new URLSearchParams({ to, ...(type && { type }) });
    for (const end = Date.now() + 5_000; Date.now() < end; await sleep(25)) {
      const { messages } = await this.api("GET", `/v1/outbox/messages?${query}`);
      if (messages.length > 0) return messages[0];
    }
    throw new Error(`no ${type ?? "mail"} came to ${to}`);
  }

  async mails(to) {
    return (await this.api("GET", `/v1/outbox/messages?${new URLSearchParams({ to })}`)).messages;
  }

  /** An account made by a program, with a proven address unless told otherwise. */
  account({ email, password, ...rest }) {
    return this.api("POST", "/v1/identities", {
      identity: { email, email_verified: true, ...rest },
      ...(password && { initial_password: password }),
    });
  }

  async stop() {
    if (this.#child.exitCode === null) {
      this.#child.kill("SIGTERM");
      await once(this.#child, "exit");
    }
    await this.names.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
