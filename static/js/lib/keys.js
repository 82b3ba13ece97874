// The keyboard map (`?` shows it). Single keys are off inside fields, inside dialogs, with modifiers, and by preference.
const GO_WITHIN_MS = 1200;
let wentAt = -Infinity;

const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")].filter((row) => row.offsetParent);
const opener = (row) => row.querySelector("[data-open]") ?? row;

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.contains(document.activeElement) || row.matches("[data-current]"));
  const next = all[Math.min(Math.max(at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step, 0), all.length - 1)];
  select(next);
}

function select(row) {
  for (const other of document.querySelectorAll("[data-row][data-current]")) delete other.dataset.current;
  row.dataset.current = "";
  opener(row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function current() {
  return rows().find((row) => row.contains(document.activeElement)) ?? document.querySelector("[data-row][data-current]");
}

function press(selector, within = document) {
  const target = within?.querySelector(selector);
  if (!target) return false;
  target.click();
  return true;
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => current() && move(1),
  ArrowUp: () => current() && move(-1),
  o: () => { const row = current(); if (row) opener(row).click(); },
  u: () => press("[data-back]"),
  Escape: () => press("[data-back]"),
  "/": () => document.getElementById("search")?.focus(),
  f: () => {
    const menu = document.querySelector("[data-filter-menu]");
    if (menu) { menu.open = true; menu.querySelector("select, input:not([type=hidden])")?.focus(); }
  },
  r: () => press("[data-key=r]", current()) || press("[data-key=r]"),
  e: () => press("[data-key=e]", current()) || press("[data-key=e]"),
  y: () => press("[data-key=y]", current()) || press("[data-key=y]"),
  Y: () => press("[data-copy-link]"),
  n: () => press("[rel=next]"),
  p: () => press("[rel=prev]"),
  "?": () => document.getElementById("shortcuts")?.showModal(),
};

function ignored(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return true;
  if (document.documentElement.dataset.shortcuts === "off") return true;
  if (document.querySelector("dialog[open]")) return true;
  return event.target.matches?.("input, textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches?.("input[type=search]")) return event.target.blur();
  if (ignored(event)) return;
  if (performance.now() - wentAt < GO_WITHIN_MS) {
    wentAt = -Infinity;
    if (press(`[data-go="g ${event.key}"]`)) return event.preventDefault();
  }
  if (event.key === "g") { wentAt = performance.now(); return; }
  const act = KEYS[event.key];
  if (!act) return;
  const inRow = event.key.startsWith("Arrow") && !current();
  if (!inRow && act() !== false) event.preventDefault();
});

// Back to the very list one came from: its scroll position and row are kept.
function cameFrom(link) {
  const from = document.referrer && new URL(document.referrer);
  return from && from.origin === location.origin && from.pathname === new URL(link.href).pathname;
}

document.addEventListener("click", (event) => {
  const back = event.target.closest?.("a[data-back]");
  if (back && history.length > 1 && cameFrom(back)) { event.preventDefault(); history.back(); }
  if (event.target.closest?.("[data-shortcuts-open]")) document.getElementById("shortcuts")?.showModal();
  // The address remembers the row, so that going back finds it again.
  const row = event.target.closest?.("[data-row][id]");
  if (row && event.target.closest("[data-open]")) history.replaceState(history.state, "", `#${row.id}`);
});

const remembered = document.getElementById(location.hash.slice(1));
if (remembered?.matches("[data-row]")) select(remembered);
