// A person at a browser: reads the page, fills in the form, presses the button.

import assert from "node:assert/strict";

import { glance, study } from "./look.js";

export const PASSWORD = "violet-harbour-quilt-93";
export const NEW_PASSWORD = "copper-lantern-drift-58";

let counted = 0;
/** An address that nobody else in this process has. */
export const address = (name = "jane") => `${name}.${process.pid}.${counted += 1}@example.com`;

/** Pages and states that were studied already. */
const studied = new Set();

export class Person {
  constructor(page, server, hasScripts = true) {
    this.page = page;
    this.server = server;
    this.hasScripts = hasScripts;
    /** Whether the person has to do with organizations, and so meets the word. */
    this.belongs = false;
  }

  async go(path) {
    this.answer = await this.page.goto(path);
    return this.answer;
  }

  /** The page and state before us, as in "sign-in/choose_method". */
  where() {
    return this.page.locator("body").evaluate((body) => `${body.dataset.page}/${body.dataset.state}`);
  }

  /** Waits until this page in this state is there, and looks at it. `as` sets apart looks of one state. */
  async sees(wanted, as = "") {
    const [page, state] = wanted.split("/");
    const body = this.page.locator(`body[data-page="${page}"][data-state="${state}"]`);
    await body.waitFor({ state: "attached" }).catch(async () => {
      assert.fail(`expected ${wanted}, not ${await this.where()} at ${this.page.url()}: ${await this.text()}`);
    });
    await this.page.waitForLoadState("load");
    await glance(this.page, this.belongs);
    const name = [page, state, as].filter(Boolean).join(".");
    if (!studied.has(name)) {
      studied.add(name);
      await study(this.page, name, this.hasScripts);
    }
  }

  text() { return this.page.locator("body").innerText(); }

  async reads(words) { await this.page.getByText(words).filter({ visible: true }).first().waitFor(); }

  /** Fills in fields of the main form by their names. */
  async fill(fields) {
    for (const [name, value] of Object.entries(fields)) {
      const field = this.page.locator(`#flow [id="${name}"]`);
      assert.equal(await field.getAttribute("name"), name, "id and name are the same");
      await field.fill(value);
    }
  }

  /** Presses the main button of the main form, or another one, and waits for the next page. */
  async press(selector = "#flow .primary") {
    const [answer] = await Promise.all([
      this.page.waitForResponse((response) => response.request().isNavigationRequest() && ![301, 302, 303, 307].includes(response.status())),
      this.page.locator(selector).click(),
    ]);
    this.answer = answer;
    await this.page.waitForLoadState("load");
    return answer;
  }

  /** Fills in the main form and sends it. */
  async send(fields, selector) {
    await this.fill(fields);
    return this.press(selector);
  }

  /** Chooses another way to sign in by its method. */
  choose(method) { return this.press(`button[name="method"][value="${method}"]`); }

  /** Opens the menu of the header and goes to another organization. */
  async switchTo(name) {
    await this.page.locator("details.switcher > summary").click();
    return this.press(`button[form="switch"]:has-text(${JSON.stringify(name)})`);
  }

  async signUp(email, password = PASSWORD) {
    await this.go("/sign-up");
    await this.sees("sign-up/show_form");
    await this.send({ "traits.email": email, password });
  }

  /** Signs in by password, from the sign-in page. */
  async signIn(email, password = PASSWORD) {
    await this.go("/sign-in");
    await this.identify(email);
    await this.send({ password });
  }

  async identify(identifier) {
    await this.sees("sign-in/choose_method", "identifier");
    await this.send({ identifier });
    await this.sees("sign-in/choose_method", "methods");
  }

  async signOut() {
    await this.go("/sign-out");
    await this.sees("sign-out/confirm");
    await this.press("#sign-out .primary");
    await this.sees("sign-out/done");
  }

  /** Whether somebody is signed in here. */
  async isSignedIn() {
    const answer = await this.page.context().request.get(`${this.server.url}/v1/sessions/whoami`);
    return answer.status() === 200;
  }

  cookie(name) {
    return this.page.context().cookies().then((all) => all.find((cookie) => cookie.name === name));
  }
}
