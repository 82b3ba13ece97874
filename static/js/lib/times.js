// Keeps relative times true while the page is open and swaps both forms when the reader asks for it.
const STEPS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];

export function ago(seconds) {
  const size = Math.abs(seconds);
  if (size < 1) return "now";
  const [, unit, word] = STEPS.find(([limit]) => size < limit);
  const words = `${Math.floor(size / unit)} ${word}`;
  return seconds < 0 ? `in ${words}` : `${words} ago`;
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-form]")) {
    const words = ago((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (time.dataset.form === "relative") { if (time.textContent !== words) time.textContent = words; }
    else time.dataset.other = words;
  }
}

export function showTimes(form) {
  for (const time of document.querySelectorAll("time[data-form]")) {
    if (time.dataset.form === form) continue;
    [time.textContent, time.dataset.other] = [time.dataset.other, time.textContent];
    time.dataset.form = form;
  }
}

refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 10_000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
