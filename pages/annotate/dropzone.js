// Streamlit says of the place that photos are dropped on that it only decorates ("presentation"), and gives it a name all the same, which
// screen readers cannot make sense of. It is a group: a button and a sentence.
export default function () {
  const mend = () => document.querySelectorAll('[data-testid="stFileUploaderDropzone"]').forEach((zone) => zone.setAttribute("role", "group"));
  mend();
  const observer = new MutationObserver(mend);
  observer.observe(document.querySelector('[data-testid="stMain"]'), { childList: true, subtree: true });
  return () => observer.disconnect();
}
