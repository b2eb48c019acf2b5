// Prediction: the states that a step leads to are covered until the reader has said what they are.

let predicting = false;
let known = 0; // the last step that was shown since predicting began
let asked = 0; // the step that is asked for, 0 if none is
let answers = []; // for each end what the reader chose
const score = { right: 0, of: 0 };
const after = new Map(data.next);

const endsAt = (step) => data.connections[data.steps[step].connection].ends;

// Go to a step; where it is not to be seen yet, ask for the first that is not.
function go(step, options) {
  const wanted = Math.max(0, Math.min(LAST, step));
  if (predicting && wanted > known) ask(known + 1);
  else {
    leave();
    show(wanted, options);
  }
}

function ask(step) {
  pause();
  if (at !== step - 1) show(step - 1);
  if (asked === step) return;
  asked = step;
  answers = endsAt(step).map(() => null);
  items[step]?.classList.add("asked");
  items[step]?.scrollIntoView({ block: "nearest", container: "nearest" });
  const told = data.steps[step];
  by("sentence").textContent = `${told.move}. What follows?`;
  by("number").textContent = step;
  by("claims").replaceChildren();
  by("question").replaceChildren(...endsAt(step).map((end, number) => choices(end, number, step)), tools(step));
  by("question").hidden = false;
  litStory(step);
  by("spoken").textContent = `Step ${step}: ${told.move}. What follows?`;
  // Not from under a hand that drags it.
  if (document.activeElement !== slider) by("question").querySelector("button").focus();
}

function choices(end, number, step) {
  const was = stateOf(end, step - 1);
  const now = stateOf(end, step);
  // In the order of the states; what came is among them, even if nobody could have known.
  const might = new Set([...(after.get(was) ?? []), now]);
  might.delete(was);
  const states = [was, ...[...after.keys()].filter((state) => might.delete(state)), ...might];
  const who = make(`legend.${hue(end.host)}`, make("b.who", end.host), ` is in ${was}, and then`);
  return make("fieldset", who, ...states.map((state) => choice(number, state, state === was ? `stays ${state}` : state)));
}

function choice(number, state, text) {
  const button = make("button", text);
  button.type = "button";
  button.setAttribute("aria-pressed", false);
  button.addEventListener("click", () => {
    answers[number] = state;
    for (const other of button.parentElement.querySelectorAll("button")) {
      other.setAttribute("aria-pressed", other === button);
    }
    if (answers.every((answer) => answer !== null)) reveal();
  });
  return button;
}

function tools(step) {
  const button = make("button", "Show me");
  button.type = "button";
  button.addEventListener("click", () => reveal());
  return make("p.skip", button);
}

function reveal() {
  const step = asked;
  const chosen = answers;
  leave();
  known = step;
  show(step);
  const told = endsAt(step).map((end, number) => {
    const now = stateOf(end, step);
    const was = stateOf(end, step - 1);
    const fact = now === was ? `${end.host} stays ${now}` : `${end.host} is in ${now}`;
    if (chosen[number] === null) return make("li", fact);
    const right = chosen[number] === now;
    score.of += 1;
    score.right += right;
    return make(right ? "li.was-right" : "li.was-wrong", right ? fact : `${fact}, not ${chosen[number]}`);
  });
  if (score.of) told.push(make("li", `${score.right} of ${score.of} right`));
  by("question").replaceChildren(make("ul.answers", ...told));
  by("question").hidden = false;
  by("forward").focus();
}

function leave() {
  items[asked]?.classList.remove("asked");
  asked = 0;
  by("question").hidden = true;
  by("question").replaceChildren();
}

// The story goes on to say what is expected, so it is covered behind this step's line.
function litStory(step) {
  const line = Math.max(...story.slice(0, step + 1), firstLine - 1);
  for (const element of lines) element.classList.toggle("yet", predicting && Number(element.dataset.number) > line);
}

shows.push((step) => {
  if (predicting) litStory(Math.max(step, known));
});

function predict(so) {
  leave();
  predicting = so;
  known = at;
  score.right = score.of = 0;
  body.classList.toggle("predicting", so);
  by("predict").setAttribute("aria-pressed", so);
  litStory(at);
  if (so && at < LAST) ask(at + 1);
  else show(at);
}

by("predict").addEventListener("click", () => predict(!predicting));
