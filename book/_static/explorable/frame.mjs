// What every explorable has besides its picture: the state in the address, on its own page; Reset, Copy link, Open on
// its own page; and words for those who do not see the picture, a moment after each change.

import { button, html } from "./elements.mjs";

/**
 * Frame a `<figure class="explorable">`.
 *
 *   query    () => the state as a query
 *   summary  () => the state in words
 *   follow   (query) => go to the state of a query
 *   focus    () => the element that has the focus after a link into the explorable was followed
 *
 * Gives `own`, whether the page is its own; `first`, the query to begin with; `row`, the element that goes below;
 * `refresh()`, to be called when the state was drawn; `tell()`, when it has changed: unless `now` is false, address and
 * words follow after a moment; and `say(text)`.
 */
export function frame(figure, { query, summary, follow, focus }) {
  const own = "own" in figure.dataset;
  const open = html("a", {}, "Open on its own page");
  const note = html("span", { class: "explorable-note", "aria-hidden": "true" });
  const live = html("output", { class: "sr-only", "aria-live": "polite" });
  const reset = button("Reset", () => follow(figure.dataset.query));
  const copy = button("Copy link", async () => {
    await navigator.clipboard.writeText(address()).then(
      () => say("The link is copied."),
      () => say(`This browser does not let a page copy. The link is ${address()}`),
    );
  });
  const row = html("p", { class: "explorable-actions" }, reset, copy, ...(own ? [] : [open]), note, live);

  function address() {
    const page = new URL(own ? location.href : figure.dataset.page, location.href);
    page.search = query();
    return page.href;
  }

  function refresh() {
    open.href = `${figure.dataset.page}?${query()}`;
  }

  let waiting;
  function tell(now = true) {
    clearTimeout(waiting);
    if (now) waiting = setTimeout(record, 400);
  }

  function record() {
    if (own) history.replaceState(history.state, "", address());
    say(summary(), false);
  }

  function say(text, visibly = true) {
    live.textContent = text;
    note.textContent = visibly ? text : "";
  }

  // Links on its own page that carry a state lead to it without loading the page again.
  const followed = () => follow(location.search || figure.dataset.query);
  if (own) {
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.("a[href]");
      if (!link?.search || link.origin + link.pathname !== location.origin + location.pathname) return;
      if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      history.pushState(null, "", link.search);
      followed();
      figure.scrollIntoView({ block: "start", behavior: "instant" });
      focus().focus({ preventScroll: true });
    });
    addEventListener("popstate", followed);
  }

  const first = own && location.search ? location.search : figure.dataset.query;
  return { own, first, row, refresh, tell, say };
}

/** Mount all figures of a name that are not mounted yet. */
export function mountAll(name, mount) {
  if (typeof document === "undefined") return;
  document.querySelectorAll(`figure[data-explorable="${name}"]:not([data-ready])`).forEach(mount);
}
