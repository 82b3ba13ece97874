// What every page does. Each module works on data attributes and leaves pages without them alone.
import "./lib/menus.js";
import "./lib/times.js";
import "./lib/copy.js";
import "./lib/preferences.js";
import "./lib/keys.js";
import "./lib/ask.js";
import "./lib/forms.js";
import "./lib/fragments.js";
if (document.querySelector("[data-open-count]")) import("./lib/open-count.js");
