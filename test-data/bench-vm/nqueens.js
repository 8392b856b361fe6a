// Placed queens are linked pairs, the latest first.
function safe(col, dist, placed) {
  while (placed !== null) {
    const c = placed[0];
    if (c === col || c === col + dist || c === col - dist) return false;
    dist += 1;
    placed = placed[1];
  }
  return true;
}

function place(n, row, placed) {
  if (row === n) return 1;
  let found = 0;
  for (let col = 0; col < n; col++) {
    if (safe(col, 1, placed)) found += place(n, row + 1, [col, placed]);
  }
  return found;
}

let found = 0;
for (let i = 0; i < 10; i++) found += place(9, 0, null);
console.log(found);
