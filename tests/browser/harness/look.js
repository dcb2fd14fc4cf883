// How a page looks and reads: what must hold for every page and state that any test meets.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const OUT = fileURLToPath(new URL("../out/", import.meta.url));
const LIGHT = { colorScheme: "light", reducedMotion: "no-preference", forcedColors: "none" };
const NARROW = { width: 320, height: 700 };
mkdirSync(OUT, { recursive: true });

/** What costs nothing, at every step. Whoever belongs to no organization never meets the word. */
export async function glance(page, belongs = false) {
  const seen = await page.evaluate(() => ({
    title: document.title,
    lang: document.documentElement.lang,
    dir: document.documentElement.dir,
    words: document.documentElement.innerHTML,
    headings: document.querySelectorAll("h1").length,
    ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  }));
  assert.match(seen.title, /^\S.* · Avnology ID$/, "the title names the task");
  assert.deepEqual([seen.lang, seen.dir], ["en", "ltr"]);
  assert.equal(seen.headings, 1, "one first heading");
  assert.equal(new Set(seen.ids).size, seen.ids.length, `an id stands twice: ${seen.ids}`);
  assert.doesNotMatch(seen.words, /tenant|undefined|\bnull\b|\{\{|\{%/iu, "words that a person never reads");
  if (!belongs) assert.doesNotMatch(seen.words, /organi[sz]ation/iu, "organizations, to somebody who belongs to none");
  assert.equal(seen.wide, false, "the page is wider than the window");
}

/** Everything else: once for each page and state. Without JavaScript no timer runs in the page, so axe cannot. */
export async function study(page, name, hasScripts) {
  const viewport = page.viewportSize();
  const suffix = hasScripts ? "" : ".plain";
  if (hasScripts) await accessible(page, RULES, "light");
  await shot(page, `${name}.light${suffix}`);

  if (hasScripts) {
    await look(page, { colorScheme: "dark" });
    await accessible(page, RULES, "dark");
    await shot(page, `${name}.dark`);
  }

  await look(page, { reducedMotion: "reduce" });
  await still(page);

  await look(page, { forcedColors: "active" });
  await bordered(page);

  await look(page, {});
  await page.setViewportSize(NARROW);
  await fits(page);
  if (hasScripts) await accessible(page, ["wcag22aa", "wcag2aa"], "narrow");
  await shot(page, `${name}.narrow${suffix}`);
  await page.setViewportSize(viewport);
}

/** Sets what the person prefers, and has colours fade over at once. */
async function look(page, preferences) {
  await page.emulateMedia({ ...LIGHT, ...preferences });
  await page.evaluate(() => {
    for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish();
  });
}

async function shot(page, name) {
  await page.screenshot({ path: `${OUT}${name}.png`, fullPage: true, animations: "disabled" });
}

async function accessible(page, rules, look) {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate((values) => globalThis.axe.run(document, {
    runOnly: { type: "tag", values },
    resultTypes: ["violations"],
  }), rules);
  const text = violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.map((n) => `    ${n.html}\n    ${n.failureSummary}`).join("\n")}`);
  assert.deepEqual(text, [], `axe, ${look}`);
  assert.ok(passes.length > 0, "axe looked at something");
}

/** With reduced motion nothing moves. */
async function still(page) {
  const moving = await page.evaluate(() => document.getAnimations()
    .filter((animation) => animation.playState === "running" && animation.effect?.getComputedTiming().duration > 10).length);
  assert.equal(moving, 0, "something moves although the person asked for stillness");
}

/** With forced colours, where backgrounds are gone, buttons and fields are still told apart by a border. */
async function bordered(page) {
  const bare = await page.evaluate(() => [...document.querySelectorAll("button, a.button, input:not([type=hidden], [type=checkbox]), textarea")]
    .filter((element) => element.getClientRects().length > 0 && !element.matches(".visually-hidden, .reveal, .copy"))
    .filter((element) => ![element, element.parentElement].some((box) => parseFloat(getComputedStyle(box).borderTopWidth) > 0))
    .map((element) => element.outerHTML));
  assert.deepEqual(bare, [], "without its background this cannot be seen");
}

/** 320 px wide, which is 1280 px at 400 %: no scrolling sideways, nothing cut off. */
async function fits(page) {
  const { wide, outside } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    outside: [...document.body.querySelectorAll("*")]
      .filter((element) => element.checkVisibility() && !element.closest(".visually-hidden, .skip, .side"))
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .map((element) => element.outerHTML.slice(0, 120)),
  }));
  assert.deepEqual({ wide, outside }, { wide: false, outside: [] }, "320 px wide");
}
