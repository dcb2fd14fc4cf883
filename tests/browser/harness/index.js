// What a test file needs: `suite()` starts server and browser once, and runs each test in a context of its own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.js";
import { Person } from "./person.js";
import { startServer } from "./server.js";

export { NEW_PASSWORD, PASSWORD, Person, address } from "./person.js";
export { API_KEY } from "./server.js";

const LONGEST_MS = 150_000;

/** @returns `person(name, options, body)`: one test with one person; `body({jane, server, another})`. */
export function suite({ environment = {}, settings, context: common = {} } = {}) {
  let server;
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([startServer(environment), startBrowser()]);
    if (settings) await server.settings(settings);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  return (name, ...rest) => {
    const body = rest.pop();
    const options = { ...common, ...rest[0] };
    test(name, { timeout: LONGEST_MS }, async () => {
      const open = [];
      /** Somebody at another browser. */
      const another = async (more = {}) => {
        const wanted = { ...options, ...more };
        const opened = await browser.open(server.url, wanted);
        open.push(opened);
        return new Person(await opened.context.newPage(), server, wanted.javaScriptEnabled !== false);
      };
      try {
        await body({ jane: await another(), server, another });
      } finally {
        for (const { context } of open) await context.close();
      }
      assert.deepEqual(open.flatMap((opened) => opened.wrong), [], "what pages must not do");
    });
  };
}
