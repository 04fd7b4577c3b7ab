// Shared by components: prepend this text to their script (`pages.components.base.script`).
// Tags come from strangers: textContent only, never innerHTML.

function el(name, className = "", text = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

const SIGN = { kept: "", added: "+ ", removed: "- ", unsure: "? ", untold: "" };

/** Return a chip element for a tag; kind is "kept", "added", "removed", "unsure" or "untold". */
function chip(tag, kind = "kept") {
  const element = el("span", `tr-chip tr-${kind}`);
  if (SIGN[kind]) element.append(el("span", "tr-sign", SIGN[kind]));
  element.append(tag);
  element.title = tag;
  return element;
}

/** Put `tr-dark` on the root when Streamlit's background is dark, so that the tokens follow the theme. */
function followTheme(root) {
  const [r, g, b] = (getComputedStyle(root).getPropertyValue("--st-background-color").trim().match(/[0-9a-f]{2}/gi) || ["ff", "ff", "ff"]).map((part) => parseInt(part, 16));
  root.classList.toggle("tr-dark", 0.3 * r + 0.59 * g + 0.11 * b < 128);
}

/** Whether the visitor asked for no movement that is not needed. */
function calm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** A part that is heard and not seen. */
function unseen(text) {
  return el("span", "unseen", text);
}

/** Draw a component by an object that stays on its root: made once, updated whenever the page runs, stopped when the root is gone. */
function keep(Kind, { parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  followTheme(root);
  root.kept ??= new Kind(root);
  root.kept.update(data, setStateValue, setTriggerValue);
  return () => {
    if (!root.isConnected) root.kept.stop();
  };
}

/** Let the browser save a file. */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Write a title, and under it what a picture is of, at the top of a white canvas. */
function heading(context, ratio, title, about) {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillStyle = "#1d2125";
  context.font = "600 19px Inter, system-ui, sans-serif";
  context.fillText(title, 16, 28);
  context.fillStyle = "#5d646c";
  context.font = "13px Inter, system-ui, sans-serif";
  context.fillText(about, 16, 48);
}
