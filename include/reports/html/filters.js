// One search and six filters over controls and long tables; the address keeps them.

const KEYS = ["q", "status", "set", "severity", "account", "region", "source", "control"];
const NAMES = { q: "Search", status: "Status", set: "Control set", severity: "Severity", account: "Account", region: "Region", source: "Source", control: "Control" };
let state = Object.fromEntries(KEYS.map((key) => [key, ""]));
let index = { accounts: [], regions: [], controls: {}, checks: {} };
const longTables = [];

function termsOf(text) {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

/** A control's status: the whole's, or that of the account chosen. */
function statusOf(control) {
  const at = state.account ? index.accounts.indexOf(state.account) : -1;
  return (at >= 0 && control.by[at]) || control.status;
}

function chosen(id) {
  const control = index.controls[id];
  return (!state.control || state.control === id) && (!state.set || state.set === control.set)
    && (!state.status || state.status === statusOf(control));
}

/** Whether one of the control's checks has the severity and source, and is asked (or fails) there. */
function concerned(id) {
  if (!state.severity && !state.region && !state.source) return true;
  const control = index.controls[id];
  const region = state.region ? index.regions.indexOf(state.region === "-" ? "" : state.region) : -1;
  const account = state.account ? index.accounts.indexOf(state.account) : -1;
  const mustFail = statusOf(control) === "NON_COMPLIANT";
  return control.checks.some((name) => {
    const check = index.checks[name];
    if (state.severity && check.severity !== state.severity) return false;
    if (state.source && !check.sources.includes(state.source)) return false;
    if (state.region && !check.regions.includes(region)) return false;
    return !mustFail || check.fails.some(([a, r]) => (account < 0 || a === account) && (region < 0 || r === region));
  });
}

const searchable = new Map();

function said(block) {
  if (!searchable.has(block)) {
    const cited = [...block.querySelectorAll(".ref")].map((link) => link.title);
    searchable.set(block, [block.textContent, ...cited].join(" ").toLowerCase());
  }
  return searchable.get(block);
}

function applyFilters() {
  const terms = termsOf(state.q);
  let shown = 0, all = 0;
  for (const set of document.querySelectorAll(".set")) {
    let here = 0;
    for (const block of set.querySelectorAll(".control")) {
      const id = block.dataset.control;
      const text = said(block);
      const keep = chosen(id) && concerned(id) && terms.every((term) => text.includes(term));
      block.hidden = !keep;
      const note = block.querySelector(".here");
      note.hidden = !state.account;
      note.textContent = state.account ? `In account ${state.account}: ${STATUS_WORDS[statusOf(index.controls[id])]}` : "";
      here += keep;
      all++;
    }
    set.hidden = !here;
    shown += here;
  }
  document.getElementById("no-controls").hidden = shown > 0;
  const narrowed = state.control || state.set || state.status;
  const kept = narrowed ? new Set(Object.keys(index.controls).filter(chosen)) : null;
  for (const table of longTables) table.filter(state, kept);
  tell(shown, all);
  chips();
  for (const select of document.querySelectorAll("#filters select")) select.value = state[select.name];
  const box = document.getElementById("q");
  if (document.activeElement !== box) box.value = state.q;
}

function tell(shown, all) {
  const of = (part, whole) => (part === whole ? whole.toLocaleString("en") : `${part.toLocaleString("en")} of ${whole.toLocaleString("en")}`);
  const words = { failing: "failing resources", population: "population rows", evidence: "evidence items" };
  const parts = [`${of(shown, all)} controls`, ...longTables.map((one) => `${of(one.count, one.rows)} ${words[one.name]}`)];
  const text = parts.join(" \u00b7 ");
  const counts = document.getElementById("counts");
  if (counts.textContent !== text) counts.textContent = text;
}

function chips() {
  const found = KEYS.filter((key) => state[key]);
  const box = document.getElementById("chips");
  box.replaceChildren(...found.map((key) => {
    const text = STATUS_WORDS[state[key]] || SOURCE_NAMES[state[key]] || (state[key] === "-" ? "account-wide" : state[key]);
    const chip = made("button", { type: "button", class: "chip", "aria-label": `Remove the filter ${NAMES[key]}: ${text}` }, `${NAMES[key]}: `, made("bdi", {}, text), " \u00d7");
    chip.addEventListener("click", () => { change({ [key]: "" }); document.getElementById("q").focus(); });
    return chip;
  }));
  if (found.length > 1) {
    const all = made("button", { type: "button", class: "chip" }, "Remove all");
    all.addEventListener("click", () => { change(Object.fromEntries(KEYS.map((key) => [key, ""]))); document.getElementById("q").focus(); });
    box.append(all);
  }
  const hidden = found.filter((key) => key !== "q" && key !== "control").length;
  document.getElementById("filters-n").textContent = hidden ? ` (${hidden})` : "";
}

function change(some) {
  Object.assign(state, some);
  if (some.q === "") document.getElementById("q").value = "";
  keepInAddress();
  applyFilters();
}

function keepInAddress() {
  const wanted = new URLSearchParams(KEYS.filter((key) => state[key]).map((key) => [key, state[key]])).toString();
  if (!wanted && !location.hash.includes("=")) return;
  try {
    history.replaceState(null, "", wanted ? `#${wanted}` : location.pathname + location.search);
  } catch {
    location.hash = wanted;
  }
}

/** Filters and the chapter that an address asks for; or the place it names. */
function followAddress() {
  const hash = location.hash.slice(1);
  if (hash.includes("=")) {
    const asked = new URLSearchParams(hash);
    state = Object.fromEntries(KEYS.map((key) => [key, asked.get(key) || ""]));
    document.getElementById("q").value = state.q;
    applyFilters();
    const view = asked.get("view");
    if (view) document.getElementById(view)?.scrollIntoView();
    return;
  }
  let place = null;
  try { place = document.getElementById(decodeURIComponent(hash)); } catch { /* no place of ours */ }
  if (!hash || !place) return;
  if (place.closest("[hidden]")) change(Object.fromEntries(KEYS.map((key) => [key, ""])));
  if (place.matches("details")) place.open = true;
  place.scrollIntoView();
}
