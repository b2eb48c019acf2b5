// Light or dark: as the system has it, or as the reader chose, on every page of socklab.

const theme = document.getElementById("theme");
const LIGHTS = ["", "light", "dark"];
const KEPT = "socklab-theme";

function illuminate(light) {
  if (light) document.documentElement.dataset.theme = light;
  else delete document.documentElement.dataset.theme;
  theme.textContent = `Theme: ${light || "auto"}`;
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

theme.addEventListener("click", () => {
  const light = LIGHTS[(LIGHTS.indexOf(document.documentElement.dataset.theme ?? "") + 1) % LIGHTS.length];
  illuminate(light);
  kept(light);
});

const lastLight = kept();
illuminate(LIGHTS.includes(lastLight) ? lastLight : "");
