// What moves through the steps: buttons, slider, keys, time, and the address of the page.

const slider = by("slider");
const PACE_MS = 1800; // for a step, at speed 1
let clock = 0;

function play() {
  body.classList.add("playing");
  by("play").setAttribute("aria-label", "Pause");
  if (at === LAST) go(0);
  else go(at + 1);
  tick();
}

function tick() {
  clearTimeout(clock);
  if (!body.classList.contains("playing")) return;
  if (at === LAST) return pause();
  clock = setTimeout(() => {
    go(at + 1);
    tick();
  }, PACE_MS / Number(by("speed").value));
}

function pause() {
  clearTimeout(clock);
  body.classList.remove("playing");
  by("play").setAttribute("aria-label", "Play");
}

const playing = () => body.classList.contains("playing");

function byHand(step) {
  pause();
  go(step);
}

by("play").addEventListener("click", () => (playing() ? pause() : play()));
by("first").addEventListener("click", () => byHand(0));
by("back").addEventListener("click", () => byHand(at - 1));
by("forward").addEventListener("click", () => byHand(at + 1));
by("last").addEventListener("click", () => byHand(LAST));
by("speed").addEventListener("change", tick);
slider.addEventListener("input", () => {
  pause();
  go(Number(slider.value), { quick: true });
  slider.value = at;
});

const KEYS = {
  " ": () => (playing() ? pause() : play()),
  ArrowRight: () => byHand(at + 1),
  ArrowLeft: () => byHand(at - 1),
  Home: () => byHand(0),
  End: () => byHand(LAST),
  Escape: () => enlarge(false),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const { target, key } = event;
  const own = target.closest?.("select, input, textarea, summary");
  if (own || (key === " " && target.closest?.("button, a"))) return;
  if (!KEYS[key]) return;
  event.preventDefault();
  KEYS[key]();
});

// A click on a step goes there, unless text was selected or a link has a place of its own.
by("ladder").addEventListener("click", (event) => {
  const item = event.target.closest(".step");
  const link = event.target.closest("a.mark");
  if (link) return view("lab");
  if (item && getSelection().isCollapsed) {
    event.preventDefault();
    byHand(Number(item.id.slice("step-".length)));
  }
});

// --- The address ------------------------------------------------------------------------------

let writing = 0;

// Browsers count how often an address changes, so it does when the steps stand still.
shows.push((step) => {
  slider.value = step;
  slider.setAttribute("aria-valuetext", `Step ${step}: ${data.steps[step].move ?? BEFORE}`);
  by("position").textContent = step;
  by("first").disabled = by("back").disabled = step === 0;
  by("forward").disabled = by("last").disabled = step === LAST;
  clearTimeout(writing);
  writing = setTimeout(write, 200);
});

// A page inside of another may have no address of its own.
function write() {
  try {
    history.replaceState(null, "", `#step-${at}`);
  } catch {
    // Then nobody can link to a step of it.
  }
}

function fromAddress() {
  const found = /^#step-(\d+)$/.exec(location.hash);
  return found && Number(found[1]) <= LAST ? Number(found[1]) : null;
}

addEventListener("hashchange", () => {
  const step = fromAddress();
  if (step !== null && step !== at) byHand(step);
});

// --- Panes and light --------------------------------------------------------------------------

const views = [...document.querySelectorAll(".views button")];

function view(name) {
  body.dataset.view = name;
  for (const button of views) button.setAttribute("aria-pressed", button.dataset.view === name);
  showLit();
  if (name === "ladder") reach(items[at], true);
}

// A wider window has some panes always, and their buttons go.
function settle() {
  const there = views.filter((button) => button.offsetParent !== null).map((button) => button.dataset.view);
  view(there.includes(body.dataset.view) ? body.dataset.view : (there[0] ?? "ladder"));
}

for (const button of views) button.addEventListener("click", () => view(button.dataset.view));
addEventListener("resize", settle);

const LIGHTS = ["", "light", "dark"];
const KEPT = "socklab-theme";

function illuminate(light) {
  if (light) document.documentElement.dataset.theme = light;
  else delete document.documentElement.dataset.theme;
  by("theme").textContent = `Theme: ${light || "auto"}`;
}

// A file that is opened from a disk may have no storage.
function kept(light) {
  try {
    if (light === undefined) return localStorage.getItem(KEPT) ?? "";
    localStorage.setItem(KEPT, light);
  } catch {
    // Then it is forgotten with the page.
  }
  return "";
}

by("theme").addEventListener("click", () => {
  const light = LIGHTS[(LIGHTS.indexOf(document.documentElement.dataset.theme ?? "") + 1) % LIGHTS.length];
  illuminate(light);
  kept(light);
});

// --- The beginning ----------------------------------------------------------------------------

const last = kept();
illuminate(LIGHTS.includes(last) ? last : "");
settle();
for (const item of items) item?.classList.add("ahead");
show(fromAddress() ?? 0, { quick: true });
body.classList.add("ready");
