// The page comes to life: colours, keys, filters, long tables, printing.

const STATUS_WORDS = {};

function rememberedTheme(value) {
  // Storage may be closed to pages from a file, or at all: then the choice lasts while the page does.
  try {
    if (value) sessionStorage.setItem("audit-report-theme", value);
    return sessionStorage.getItem("audit-report-theme");
  } catch {
    return value || null;
  }
}

function startTheme() {
  const button = document.getElementById("theme"), dark = matchMedia("(prefers-color-scheme: dark)");
  const now = () => document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
  const show = () => button.setAttribute("aria-pressed", String(now() === "dark"));
  const known = rememberedTheme();
  if (known === "dark" || known === "light") document.documentElement.dataset.theme = known;
  button.addEventListener("click", () => {
    const next = now() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    rememberedTheme(next);
    show();
  });
  dark.addEventListener("change", show);
  show();
}

function startTools() {
  const tools = document.getElementById("tools"), box = document.getElementById("q");
  const button = document.getElementById("filters-button"), filters = document.getElementById("filters");
  new ResizeObserver(() => document.documentElement.style.setProperty("--tools", `${tools.offsetHeight}px`)).observe(tools);
  button.addEventListener("click", () => {
    filters.hidden = !filters.hidden;
    button.setAttribute("aria-expanded", String(!filters.hidden));
  });
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("change", (event) => change({ [event.target.name]: event.target.value }));
  let pause = 0;
  box.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => change({ q: box.value.trim() }), 80);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest?.("input, select, textarea, dialog")) {
      event.preventDefault();
      box.focus();
      box.select();
    } else if (event.key === "Escape" && event.target === box && box.value) {
      event.preventDefault();
      change({ q: "" });
    }
  });
  const each = (open) => () => { for (const block of document.querySelectorAll(".control:not([hidden])")) block.open = open; };
  document.getElementById("open-all").addEventListener("click", each(true));
  document.getElementById("close-all").addEventListener("click", each(false));
  document.querySelector("#row .close").addEventListener("click", () => document.getElementById("row").close());
}

function startChapters() {
  const links = new Map([...document.querySelectorAll(".chapters a")].map((link) => [link.hash.slice(1), link]));
  const inSight = new Set();
  const watch = new IntersectionObserver((seen) => {
    for (const one of seen) inSight[one.isIntersecting ? "add" : "delete"](one.target.id);
    let current = true;
    for (const [id, link] of links) {
      if (inSight.has(id) && current) { link.setAttribute("aria-current", "true"); current = false; }
      else link.removeAttribute("aria-current");
    }
  }, { rootMargin: "-20% 0px -60% 0px" });
  for (const id of links.keys()) watch.observe(document.getElementById(id));
}

function startPrinting() {
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
}

async function startTables() {
  for (const host of document.querySelectorAll(".long")) {
    try {
      const table = new LongTable(host, await readData(host.dataset.table));
      longTables.push(table);
    } catch (error) {
      host.replaceChildren(made("p", { class: "notice", role: "alert" }, `This table can't be shown. ${error.message} The same rows lie beside this page as CSV.`));
    }
  }
  applyFilters();
}

async function start() {
  for (const [select, words] of [["status", STATUS_WORDS], ["source", SOURCE_NAMES]]) {
    for (const option of document.querySelector(`#filters select[name="${select}"]`).options) if (option.value) words[option.value] = option.text;
  }
  startTheme();
  startTools();
  startChapters();
  startPrinting();
  index = await readData("controls");
  applyFilters();
  followAddress();
  addEventListener("hashchange", followAddress);
  await startTables();
  if (location.hash.includes("view=")) followAddress();
  document.documentElement.dataset.ready = "true";
  // The first search shouldn't wait for what can be prepared while nobody asks.
  const columns = longTables.flatMap((table) => table.columns);
  const prepare = () => {
    columns.pop()?.makeSearchable();
    if (columns.length) setTimeout(prepare, 10);
  };
  setTimeout(prepare, 50);
}

document.documentElement.classList.add("js");
start();
