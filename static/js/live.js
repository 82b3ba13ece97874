// One socket a page. Hints say what changed; the page asks for it again, so rights are checked where they always are.
//   [data-live-topic]  some part of the page cares: it hears `live:<topic>` on <body> (htmx: hx-trigger="live:… from:body")
//   [data-live-rows]   a list: rows are refreshed in place, newer ones wait behind its "n new · show"
//   [data-live-reload] the whole page, once
//   [data-live-every]  seconds that a part wants left in peace after it was told
const POLL_MS = 60_000;
const PATIENCE = 3; // failed tries before the badge says that we poll

const badge = document.querySelector("[data-live-badge]");
const wanted = [...new Set([...document.querySelectorAll("[data-live-topic], [data-live-rows]")]
  .map((part) => part.dataset.liveTopic || part.dataset.liveRows))];
const told = new Map(); // topic -> when it was last told
const waiting = new Map(); // topic -> timer
let seq = 0, tries = 0, last = 0, socket = null, polling = null, leaving = false;

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/live?topics=${wanted.join(",")}`);
  socket.addEventListener("message", (event) => hear(JSON.parse(event.data)));
  socket.addEventListener("close", lost);
}

function hear(hint) {
  if (hint.topic === "hello") {
    if (tries) changed(wanted); // whatever was said meanwhile is lost
    [seq, tries] = [0, 0];
    stopPolling();
    return show("live");
  }
  const missed = hint.seq !== seq + 1;
  [seq, last] = [hint.seq, hint.version];
  changed(missed ? wanted : [hint.topic], hint);
  show("live");
}

function lost() {
  if (leaving) return;
  tries += 1;
  show(tries < PATIENCE ? "reconnecting" : "polling");
  polling ??= setInterval(() => { last = Date.now(); changed(wanted); show("polling"); }, POLL_MS);
  // Jitter, so that a restarted server is not asked by everyone at once.
  setTimeout(connect, Math.min(30_000, 500 * 2 ** Math.min(tries, 6)) * (0.5 + Math.random()));
}

function stopPolling() {
  clearInterval(polling);
  polling = null;
}

function everyMs(topic) {
  const parts = [...document.querySelectorAll(`[data-live-topic="${topic}"]`)];
  return 1_000 * Math.max(1, ...parts.map((part) => Number(part.dataset.liveEvery ?? 1)));
}

function changed(topics, hint = {}) {
  for (const topic of topics) {
    if (waiting.has(topic)) continue;
    const pause = Math.max(0, (told.get(topic) ?? 0) + everyMs(topic) - Date.now());
    waiting.set(topic, setTimeout(() => tell(topic, hint), pause));
  }
}

function tell(topic, hint) {
  waiting.delete(topic);
  if (document.hidden) return document.addEventListener("visibilitychange", () => changed([topic]), { once: true });
  told.set(topic, Date.now());
  document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: hint }));
  if (document.querySelector(`[data-live-reload][data-live-topic="${topic}"]`)) location.reload();
  for (const box of document.querySelectorAll(`[data-live-rows="${topic}"]`)) refreshRows(box);
}

async function refreshRows(box) {
  const answer = await fetch(box.dataset.rowsUrl, { headers: { "HX-Request": "true" } }).catch(() => null);
  const elsewhere = answer?.headers.get("HX-Redirect");
  if (elsewhere) location.assign(elsewhere);
  if (!answer?.ok || elsewhere) return;
  const fresh = new DOMParser().parseFromString(`<table>${await answer.text()}</table>`, "text/html").querySelector("tbody");
  for (const row of fresh?.rows ?? []) {
    const shown = document.getElementById(row.id);
    if (!shown || sameRow(shown, row)) continue;
    row.classList.add("changed");
    const focused = shown.contains(document.activeElement);
    shown.replaceWith(document.importNode(row, true));
    if (focused) document.getElementById(row.id).querySelector("[data-open]")?.focus();
  }
  const newer = Number(fresh?.dataset.newer ?? 0), pill = box.querySelector("[data-new-pill]");
  if (!pill) return;
  pill.hidden = newer === 0;
  pill.querySelector("[data-new-count]").textContent = newer >= 99 ? "99+" : newer;
}

// Relative times tick by themselves and are no change.
function sameRow(one, other) {
  const plain = (row) => {
    const copy = row.cloneNode(true);
    for (const time of copy.querySelectorAll("time")) time.replaceWith(time.dateTime);
    return copy.innerHTML;
  };
  return plain(one) === plain(other);
}

const LOOKS = { live: ["ok", "Live"], reconnecting: ["retrying", "Reconnecting"], polling: ["unknown", "Polling 60 s"] };

function show(state) {
  if (!badge) return;
  const [shape, words] = LOOKS[state];
  const sprite = document.querySelector("use")?.getAttribute("href").split("#")[0];
  badge.hidden = false;
  badge.dataset.state = state;
  badge.title = last ? `Last event ${new Date(last).toLocaleTimeString()}` : "No event since this page was opened";
  badge.innerHTML = `<svg class="glyph" aria-hidden="true"><use href="${sprite}#s-${shape}"/></svg><span></span>`;
  badge.lastChild.textContent = last ? `${words} · ${new Date(last).toLocaleTimeString([], { hour12: false })}` : words;
}

if (wanted.length) {
  connect();
  addEventListener("pagehide", () => { leaving = true; if (socket?.readyState === WebSocket.OPEN) socket.close(); });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
