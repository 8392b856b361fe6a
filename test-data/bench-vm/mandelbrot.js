// Points of a 320 x 320 grid that stay bounded for 100 turns.
function escapes(cr, ci) {
  let zr = 0.0;
  let zi = 0.0;
  let turns = 0;
  while (turns < 100 && zr * zr + zi * zi <= 4.0) {
    const next = zr * zr - zi * zi + cr;
    zi = 2.0 * zr * zi + ci;
    zr = next;
    turns = turns + 1;
  }
  return turns;
}

let total = 0;
for (let y = 0; y < 320; y++) {
  for (let x = 0; x < 320; x++) {
    total += escapes((2.0 * x) / 320.0 - 1.5, (2.0 * y) / 320.0 - 1.0);
  }
}
console.log(total);
