// Small things: pages update themselves, links to Airflow leave the frame, colours follow Airflow's, time is slid through.
"use strict";

(() => {
  const EVERY = 15_000; // ms between updates, or ten times what the last one took, so that a slow page rests too

  /** Make `old` like `fresh`, keeping every node that can be kept: with them focus, scroll and open details. */
  function morph(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) {
      old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !(old.tagName === "DETAILS" && name === "open")) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const keyed = new Map([...old.children].filter((child) => child.dataset.key).map((child) => [child.dataset.key, child]));
    let at = old.firstChild;
    for (const wanted of [...fresh.childNodes]) {
      const key = wanted.dataset?.key;
      let kept = key ? keyed.get(key) : at;
      if (!key && (kept?.nodeName !== wanted.nodeName || kept?.dataset?.key)) kept = null;
      if (!kept) {
        old.insertBefore(wanted, at);
        continue;
      }
      if (kept === at) at = at.nextSibling;
      else old.insertBefore(kept, at);
      morph(kept, wanted);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  /** Fetch this very page again; say how it went. */
  async function update() {
    const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (response.status === 401) return "signed-out";
    if (!response.ok) return "stale";
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const focused = document.activeElement;
    for (const part of document.querySelectorAll("[data-live]")) morph(part, fresh.getElementById(part.id));
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true }); // its row moved
    return "fresh";
  }

  let timer;
  let updating = false;

  async function keepUpdated() {
    clearTimeout(timer);
    if (updating || document.hidden) return; // hidden: goes on as soon as somebody looks again
    updating = true;
    const started = performance.now();
    const state = await update().catch(() => "stale");
    updating = false;
    document.body.dataset.state = state;
    if (state !== "signed-out") timer = setTimeout(keepUpdated, Math.max(EVERY, 10 * (performance.now() - started)));
  }

  /** Airflow's pages cannot be opened inside the frame: ask the page around it to go there. */
  function leave(event) {
    const link = event.target.closest("a[data-leave]");
    if (!link || parent === window || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    parent.history.pushState({}, "", link.href);
    parent.dispatchEvent(new PopStateEvent("popstate"));
  }

  /** Inside Airflow, its own choice of light or dark counts, not the system's. */
  function followColours() {
    if (parent === window) return;
    const around = parent.document.documentElement;
    const follow = () => {
      document.documentElement.dataset.theme = around.classList.contains("dark") ? "dark" : "light";
    };
    follow();
    new MutationObserver(follow).observe(around, { attributes: true, attributeFilter: ["class"] });
  }

  /** The slider of days sets the moment beside it, and looks there once it is let go. */
  function slideThroughTime() {
    const slider = document.querySelector("input[data-moment]");
    if (!slider) return;
    const field = slider.form.elements.at;
    const now = Date.parse(`${field.max}Z`);
    slider.closest("[hidden]").hidden = false;
    slider.addEventListener("input", () => {
      const days = Number(slider.value);
      field.value = days ? new Date(now + days * 86_400_000).toISOString().slice(0, 16) : "";
    });
    slider.addEventListener("change", () => slider.form.requestSubmit());
  }

  /** A box that ticks all of its form's boxes with a name. */
  function tickAll({ target }) {
    if (!target.dataset.all) return;
    for (const box of target.form.querySelectorAll(`input[name="${target.dataset.all}"]`)) box.checked = target.checked;
  }

  document.documentElement.dataset.scripted = "";
  document.addEventListener("change", tickAll);
  document.addEventListener("click", leave);
  slideThroughTime();
  followColours();
  if (document.querySelector("main[data-live], main [data-live]")) {
    document.addEventListener("visibilitychange", keepUpdated);
    timer = setTimeout(keepUpdated, EVERY);
  }
})();
