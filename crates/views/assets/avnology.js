// Comfort only: every page does its work without this file.
(() => {
  "use strict";
  const all = (selector) => document.querySelectorAll(selector);
  // The page's language, in the viewer's country when the browser names one.
  const page = document.documentElement.lang;
  const lang = navigator.languages.find((tag) => tag.split("-")[0] === page.split("-")[0]) ?? (page || undefined);
  const button = (text) => Object.assign(document.createElement("button"), { type: "button", textContent: text });

  // Errors are read first.
  document.getElementById("errors")?.focus({ preventScroll: true });

  // Times in the viewer's own zone, with the zone named.
  const exact = new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" });
  const zoned = new Intl.DateTimeFormat(lang, {
    day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  for (const time of all("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const words = zoned.format(at);
    if ("relative" in time.dataset) {
      time.title = words;
      const unseen = time.nextElementSibling;
      if (unseen?.classList.contains("visually-hidden")) unseen.textContent = ` (${words})`;
    } else if (!("worksFrom" in time.dataset)) {
      time.textContent = words;
      time.title = exact.format(at);
    }
  }

  // "Wait 42 seconds" counts down as well.
  for (const line of all("[data-wait]")) {
    const text = line.firstChild;
    const end = Date.now() + Number(line.dataset.wait) * 1000;
    const tick = () => {
      const left = Math.max(Math.ceil((end - Date.now()) / 1000), 0);
      text.data = text.data.replace(/\d+/, String(left));
      for (const again of all('button[name="resend"]')) again.disabled = left > 0;
      if (left > 0) setTimeout(tick, 1000);
      else line.closest(".notice").hidden = true;
    };
    tick();
  }

  // A button that works later counts down, and wakes up.
  for (const time of all("[data-works-from]")) {
    const submit = time.closest("form")?.querySelector("button");
    const line = time.parentElement;
    // Counted from now: the viewer's clock may be wrong, so a wait is never longer than a minute.
    const end = Date.now() + Math.min(Math.max(Date.parse(time.dateTime) - Date.now(), 0), 60_000);
    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      submit.disabled = left > 0;
      line.hidden = left <= 0;
      time.textContent = new Intl.RelativeTimeFormat(lang).format(Math.max(left, 0), "second");
      if (left > 0) setTimeout(tick, 1000);
    };
    if (submit) {
      line.replaceChildren("Works ", time);
      tick();
    }
  }

  // Passwords can be looked at while typing; they are hidden again before they are sent.
  for (const input of all('input[type="password"]')) {
    const toggle = button("Show");
    toggle.className = "reveal";
    toggle.setAttribute("aria-controls", input.id);
    const label = input.labels?.[0]?.textContent ?? "password";
    const set = (shown) => {
      input.type = shown ? "text" : "password";
      toggle.textContent = shown ? "Hide" : "Show";
      toggle.setAttribute("aria-label", `${toggle.textContent} ${label.trim().toLowerCase()}`);
    };
    set(false);
    toggle.addEventListener("click", () => set(input.type === "password"));
    input.form?.addEventListener("submit", () => set(false));
    input.after(toggle);
  }

  // The length rule of a new password is ticked off while typing.
  for (const input of all("input[minlength]")) {
    const hint = document.getElementById(`${input.id}-hint`);
    if (hint) input.addEventListener("input", () => hint.classList.toggle("met", [...input.value].length >= input.minLength));
  }

  // Spaces in a pasted code are dropped.
  for (const input of all("input.one-time")) {
    input.addEventListener("paste", (event) => {
      const text = event.clipboardData?.getData("text").replace(/\s/g, "");
      if (!text) return;
      event.preventDefault();
      input.value = text.slice(0, input.maxLength > 0 ? input.maxLength : undefined);
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  // Ids can be copied.
  for (const source of navigator.clipboard ? all("[data-copy]") : []) {
    const copy = button("Copy");
    copy.className = "copy";
    const done = document.createElement("span");
    done.className = "visually-hidden";
    done.setAttribute("role", "status");
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(source.textContent.trim());
      copy.textContent = done.textContent = "Copied";
      setTimeout(() => { copy.textContent = "Copy"; done.textContent = ""; }, 2000);
    });
    source.after(copy, done);
  }

  // What can be downloaded to be kept can be put on paper, too.
  for (const file of all(".keep a[download]")) {
    const print = button("Print");
    print.className = "copy";
    print.addEventListener("click", () => window.print());
    file.after(" ", print);
  }

  document.querySelector("[data-page=form-post] form")?.submit();

  // A form is sent once; after 400 ms its button turns.
  for (const form of all("form")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = "true";
      const submit = event.submitter;
      setTimeout(() => submit?.setAttribute("aria-busy", "true"), 400);
    });
  }
  // Back from the next page: the form can be sent again.
  addEventListener("pageshow", () => {
    for (const form of all("form")) delete form.dataset.sent;
    for (const busy of all("[aria-busy]")) busy.removeAttribute("aria-busy");
  });

  // A menu closes by Escape and by pressing elsewhere.
  for (const menu of all("details.menu")) {
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  }
})();
