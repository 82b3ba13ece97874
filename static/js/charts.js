// Draws every [data-chart] from its JSON. Colours come as "@token" and are resolved by the page's palettes.
const CONFIG = {
  displayModeBar: false, displaylogo: false, showSendToCloud: false, plotlyServerURL: "", responsive: true,
  locale: document.documentElement.lang || "en", scrollZoom: false, doubleClick: false, showTips: false,
};
const palettes = JSON.parse(document.getElementById("chart-palettes").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const opened = new Set();

function palette() {
  const chosen = document.documentElement.dataset.theme;
  return palettes[chosen in palettes ? chosen : dark.matches ? "dark" : "light"];
}

function painted(part, colours) {
  if (Array.isArray(part)) return part.map((one) => painted(one, colours));
  if (part && typeof part === "object") {
    return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, painted(one, colours)]));
  }
  return typeof part === "string" && part[0] === "@" ? colours[part.slice(1)] ?? part : part;
}

function drawAll() {
  const colours = palette();
  for (const plot of document.querySelectorAll("[data-chart]")) {
    const source = document.getElementById(plot.dataset.chart);
    if (!source) continue;
    const figure = painted(JSON.parse(source.textContent), colours);
    window.Plotly.react(plot, figure.data, figure.layout, CONFIG);
  }
}

// A table someone opened stays open when its chart is fetched again.
document.addEventListener("toggle", ({ target }) => {
  if (target.matches?.("details[data-keep-open]")) opened[target.open ? "add" : "delete"](target.id);
}, true);
document.addEventListener("htmx:afterSettle", () => {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  drawAll();
});
dark.addEventListener("change", drawAll);
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
drawAll();
