// One Chromium for each test file, and watched contexts in it: whatever a page does that it should not is noted, and
// fails the test in the end.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];
const PATIENCE_MS = 10_000;

export async function startBrowser() {
  // Chromium keeps crash reports and fontconfig caches below the home directory: give it one of its own.
  const home = mkdtempSync(join(tmpdir(), "avnology-chromium-"));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
  });
  return {
    open: (url, options) => open(browser, url, options),
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A browser context at `url`, and the list of what went wrong in it. Pages may ask `others` for something, too: some origins, or "any". */
async function open(browser, url, { others = [], ...options } = {}) {
  const context = await browser.newContext({
    baseURL: url,
    locale: "en-GB",
    timezoneId: "Europe/London",
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const wrong = [];
  const { origin } = new URL(url);
  context.on("request", (request) => {
    const target = new URL(request.url());
    const isOurs = target.origin === origin || target.protocol === "data:";
    if (!isOurs && others !== "any" && !others.includes(target.origin)) wrong.push(`a request to ${target.origin}`);
  });
  context.on("weberror", (error) => wrong.push(`an error in a script: ${error.error()}`));
  context.on("console", (message) => {
    // A document with an error status is reported on the console too; that is no error of the page.
    const isDocument = message.text().startsWith("Failed to load resource")
      && !new URL(message.location().url).pathname.startsWith("/assets/");
    if (["error", "warning"].includes(message.type()) && !isDocument) wrong.push(`on the console: ${message.text()}`);
  });
  return { context, wrong };
}
