// The button that saves the picture above it: it presses plotly's own, which only draws a small camera.

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  followTheme(root);
  const button = root.querySelector("button") ?? root.appendChild(document.createElement("button"));
  button.type = "button";
  button.textContent = data.label;
  button.onclick = () => document.querySelector(".st-key-picture_frame .modebar-btn")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
}
