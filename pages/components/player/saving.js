// What can be taken home of a photo's neighborhood: the paper's Fig. 4 as a picture on white paper, and the curve of all photos as a table.

const CELL = 132;
const GAP = 10;
const SIDE = 150; // room for what a row is called
const TOP = 74;

/** Draw a loaded image so that it fills a square, cut at its longer side. */
function fill(context, image, x, y, size) {
  const { naturalWidth: width, naturalHeight: height } = image;
  if (!width) return;
  const side = Math.min(width, height);
  context.drawImage(image, (width - side) / 2, (height - side) / 2, side, side, x, y, size, size);
}

/** Save the rows that are shown. */
function savePicture({ data, chosen, lines, query, times }, name) {
  const cells = [...lines].map((line) => [...line.querySelectorAll(".cell")]);
  const [across, down, ratio] = [Math.max(...cells.map((row) => row.length)), cells.length, 2];
  const left = 16 + CELL * 1.5 + 24;
  const paper = document.createElement("canvas");
  paper.width = (left + SIDE + across * (CELL + GAP) + 60) * ratio;
  paper.height = (TOP + Math.max(down * (CELL + GAP), CELL * 1.5 + 30) + 12) * ratio;
  const context = paper.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, paper.width, paper.height);
  heading(context, ratio, data.title, data.saved);
  fill(context, query, 16, TOP, CELL * 1.5);
  context.font = "13px Inter, system-ui, sans-serif";
  context.fillText(name, 16, TOP + CELL * 1.5 + 18, CELL * 1.5);
  cells.forEach((row, place) => {
    const y = TOP + place * (CELL + GAP);
    context.fillStyle = "#5d646c";
    data.moments[times[place]].forEach((text, line) => context.fillText(text, left, y + CELL / 2 + 18 * line, SIDE - 12));
    row.forEach((cell, column) => {
      const x = left + SIDE + column * (CELL + GAP);
      fill(context, cell.querySelector("img"), x, y, CELL);
      const good = cell.classList.contains("good");
      context.lineWidth = 5;
      context.strokeStyle = good ? "#2f8f6b" : "#cf4f42";
      context.setLineDash(good ? [] : [9, 6]); // told without color, too
      context.strokeRect(x + 2.5, y + 2.5, CELL - 5, CELL - 5);
    });
    context.setLineDash([]);
    const good = row.filter((cell) => cell.classList.contains("good")).length;
    context.fillText(`${good} of ${row.length}`, left + SIDE + across * (CELL + GAP) + 4, y + CELL / 2 + 4);
  });
  paper.toBlob((blob) => save(blob, `neighbors-${chosen.row}.png`));
}

/** Save, moment by moment, the mean of all photos with its interval, and the share of the photo that is shown. */
function saveTable({ data, chosen, shares }) {
  const lines = ["moment,mean,low,high,chance,this_photo\n"];
  data.moments.forEach((moment, t) => {
    const mean = data.mean ? [data.mean[t], data.low[t], data.high[t]] : ["", "", ""];
    lines.push([moment.join(" ").trim().replaceAll(",", ""), ...mean, data.chance ?? "", shares[t]].join(",") + "\n");
  });
  save(new Blob(lines, { type: "text/csv" }), `neighbors-${chosen.row}.csv`);
}
