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

// --- Panes -----------------------------------------------------------------------------------

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

// --- The beginning ----------------------------------------------------------------------------

settle();
for (const item of items) item?.classList.add("ahead");
show(fromAddress() ?? 0, { quick: true });
body.classList.add("ready");
