// What the page shows of a run, step by step. The data are those of moments.py:
//
//   hosts        names, in the order of the lifelines
//   steps        for each step: at (seconds), connection (an index); and where there is such:
//                move (a sentence), line (of the story), rows ([host, indexes of rows]),
//                expects ([number, met or unmet or unobserved, text]), changes ([host, was, now])
//   rows         rows of ss: text, or what to take from an earlier row (sockets.js)
//   sockets      for each row the index of its facts, -1 if it does not read
//   facts        [state, Recv-Q, Send-Q, local, peer, timer, more]
//   calls        [role, text, line, step it began in, step it returned in or -1]
//   wire         [from, to, label, on the wire from this step on, until this one or -1]
//   connections  {name, ends: [{host, local, turns: [step, was, now, cause, afresh]}]}
//   next         [state, those that may come after it], for every state
//
// Text gets into the page by textContent alone.

const data = JSON.parse(document.getElementById("data").textContent);
const LAST = data.steps.length - 1;

const by = (id) => document.getElementById(id);

// An element: its name and classes as "p.note", then its children, nodes or text.
function make(what, ...children) {
  const [name, ...classes] = what.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  element.append(...children);
  return element;
}

// The host's color, as the ladder has it.
const hue = (host) => `h${Math.max(0, data.hosts.indexOf(host)) % 4}`;

const items = data.steps.map((_, number) => by(`step-${number}`));
const body = document.body;

// --- Where we are -----------------------------------------------------------------------------

let at = 0;
const shows = []; // what is to be done when another step is shown: called with it and the one before

function show(step, { quick = false } = {}) {
  const before = at;
  at = Math.max(0, Math.min(LAST, step));
  mark(before);
  for (const update of shows) update(at, before);
  reach(items[at], quick || Math.abs(at - before) > 1);
}

// The ladder: what was is in ink, what is to come in pencil.
function mark(before) {
  for (let number = Math.min(at, before); number <= Math.max(at, before); number++) {
    items[number]?.classList.toggle("ahead", number > at);
  }
  items[before]?.classList.remove("now");
  items[before]?.removeAttribute("aria-current");
  items[at]?.classList.add("now");
  items[at]?.setAttribute("aria-current", "step");
}

const still = matchMedia("(prefers-reduced-motion: reduce)");

function reach(item, quick) {
  const pane = by("ladder");
  if (!item) pane.scrollTop = 0;
  const behavior = quick || still.matches ? "auto" : "smooth";
  // The pane only: a page that holds this one in a frame stays where its reader is.
  item?.scrollIntoView({ block: "nearest", container: "nearest", behavior });
}

// --- This step --------------------------------------------------------------------------------

const GLYPHS = { met: "✓", unmet: "✗", unobserved: "–" };
const BEFORE = "Before the first move";

shows.push((step) => {
  const told = data.steps[step];
  by("number").textContent = step;
  by("time").textContent = `${told.at.toFixed(3)} s`;
  by("sentence").textContent = told.move ?? BEFORE;
  by("claims").replaceChildren(
    ...(step ? [] : [...document.querySelectorAll(".question")].map(({ textContent }) => make("li", textContent))),
    ...(told.expects ?? []).map(([number, kind, text]) => {
      const sign = make(`b.mark.${kind}`, `${GLYPHS[kind]}${number}`);
      return make("li", sign, ` ${text}`);
    }),
  );
});

// What is said to those who hear the page: one sentence a step, and not while it plays fast.
let saying;

shows.push((step) => {
  clearTimeout(saying);
  saying = setTimeout(() => {
    const told = data.steps[step];
    const changes = (told.changes ?? []).map(([host, was, now]) => `${host} from ${was} to ${now}`);
    by("spoken").textContent = [`Step ${step}. ${told.move ?? BEFORE}`, ...changes].join(". ");
  }, 250);
});

// --- The source -------------------------------------------------------------------------------

const lines = by("source").getElementsByClassName("line");
const story = data.steps.map((told) => told.line ?? 0);
const firstLine = story.find((line) => line > 0) ?? Infinity;
let lit = [];

function lightUp(line, name, who) {
  const element = lines[line - 1];
  if (!element) return;
  element.classList.add(name);
  const said = element.dataset.who;
  element.dataset.who = said ? `${said}, ${who}` : who;
  lit.push(element);
}

// Whether what began with one step and ended with another is there at the end of this one.
const isOn = (step, began, ended) => began <= step && (ended > step || ended < 0);

shows.push((step) => {
  for (const element of lit) {
    element.classList.remove("story", "calling", "blocked");
    delete element.dataset.who;
  }
  lit = [];
  if (story[step]) lightUp(story[step], "story", "this move");
  for (const [role, , line, began, returned] of data.calls) {
    if (began === step || returned === step) lightUp(line, "calling", role);
    else if (isOn(step, began, returned)) lightUp(line, "blocked", `${role} is blocked`);
  }
  showLit();
});

// All that is lit, if there is room for it; else the calls, else the story. A pane that is not to be
// seen can't be scrolled, so this is done again when it is.
function showLit() {
  const pane = by("source").querySelector(".code");
  const high = pane?.clientHeight;
  if (!lit.length || !high) return;
  const line = lit[0].offsetHeight;
  const having = (name) => lit.filter((element) => element.classList.contains(name));
  const extents = [lit, having("calling"), having("story")]
    .filter((elements) => elements.length)
    .map((elements) => elements.map((element) => element.offsetTop))
    .map((tops) => [Math.min(...tops), Math.max(...tops) + line]);
  const [first, last] = extents.find(([top, bottom]) => bottom - top + 2 * line < high) ?? extents.at(-1);
  const seen = pane.scrollTop + line <= first && last + line <= pane.scrollTop + high;
  if (!seen) pane.scrollTop = (first + last - high) / 2;
}
