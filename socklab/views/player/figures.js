// The figures of the states, one for each end of a connection.

const which = by("which"); // is there only where there are several connections

const figures = [...document.querySelectorAll("figure.end")].map((figure) => ({
  figure,
  who: figure.querySelector(".who"),
  address: figure.querySelector(".address"),
  state: figure.querySelector("figcaption .state"),
  cause: figure.querySelector(".cause"),
  queues: figure.querySelector(".queues"),
  path: figure.querySelector("svg > title"),
  boxes: [...figure.querySelectorAll("[data-state]")],
  arrows: [...figure.querySelectorAll("[data-arrow]")],
}));

// The way of an end up to a step: its turns since it opened.
function way(end, step) {
  const turns = end.turns.filter((turn) => turn[0] <= step);
  const afresh = turns.findLastIndex((turn) => turn[4]);
  return turns.slice(Math.max(0, afresh));
}

const stateOf = (end, step) => way(end, step).at(-1)?.[2] ?? "CLOSED";

const shown = (step) => data.connections[which?.value ? Number(which.value) : data.steps[step].connection];

// CLOSED has two boxes: one ends there after LAST-ACK and TIME-WAIT, and the other begins there.
function boxOf(boxes, state, was) {
  const own = boxes.filter((box) => box.dataset.state === state);
  return was === "LAST-ACK" || was === "TIME-WAIT" ? own.at(-1) : own[0];
}

function draw(parts, end, step) {
  const { figure, boxes, arrows } = parts;
  figure.hidden = !end;
  if (!end) return;
  const turns = way(end, step);
  const last = turns.at(-1);
  const state = last?.[2] ?? "CLOSED";
  const path = turns.length ? [turns[0][1], ...turns.map((turn) => turn[2])] : ["CLOSED"];
  figure.className = `end ${hue(end.host)}`;
  parts.who.textContent = end.host;
  parts.address.textContent = end.local;
  parts.state.textContent = state;
  const changed = last && last[0] === step;
  parts.cause.textContent = changed && last[3] ? `by ${last[3]}` : "";
  parts.path.textContent = path.join(" → ");
  const taken = new Set(turns.map((turn) => `${turn[1]} ${turn[2]}`));
  const newest = changed ? `${last[1]} ${last[2]}` : "";
  for (const arrow of arrows) {
    const name = arrow.dataset.arrow;
    const kind = taken.has(name) ? "inked" : "faint";
    arrow.setAttribute("class", `arrow ${kind}${name === newest ? " last" : ""}`);
  }
  const been = new Set(path);
  const here = boxOf(boxes, state, last?.[1]);
  for (const box of boxes) {
    const visited = been.has(box.dataset.state) && box === boxOf(boxes, box.dataset.state, "");
    box.setAttribute("class", box === here ? "box here" : visited ? "box been" : "box");
  }
}

// The queues and the timer of an end, as its row of ss has them.
function queuesOf(ends, end, step) {
  const peer = ends.find((other) => other !== end) ?? end;
  const rows = (looks[step].get(end.host) ?? []).map(factsOf);
  const facts = rows.find((row) => row?.[3] === end.local && row[4] === peer.local);
  if (!facts) return "no row in ss";
  const [, receive, send, , , timer, more] = facts;
  return [`Recv-Q ${receive}`, `Send-Q ${send}`, timer, more].filter(Boolean).join(" · ");
}

function drawAll(step) {
  const { ends } = shown(step);
  figures.forEach((parts, number) => {
    const end = ends[number];
    draw(parts, end, step);
    if (end) parts.queues.textContent = queuesOf(ends, end, step);
  });
}

shows.push(drawAll);
which?.addEventListener("change", () => drawAll(at));

by("enlarge").addEventListener("click", () => enlarge(!body.classList.contains("enlarged")));

function enlarge(so) {
  body.classList.toggle("enlarged", so);
  by("enlarge").setAttribute("aria-pressed", so);
  // What lies beneath is out of reach of the keyboard too.
  for (const pane of document.querySelectorAll("main > :not(#states)")) pane.inert = so;
}
