function a(i, j) {
  return 1.0 / (Math.trunc(((i + j) * (i + j + 1)) / 2) + i + 1);
}

function times(n, from, to, turned) {
  for (let i = 0; i < n; i++) {
    let sum = 0.0;
    for (let j = 0; j < n; j++) {
      sum = sum + (turned ? a(j, i) : a(i, j)) * from[j];
    }
    to[i] = sum;
  }
}

const n = 320;
const u = new Float64Array(n).fill(1.0);
const v = new Float64Array(n);
const t = new Float64Array(n);
for (let k = 0; k < 10; k++) {
  times(n, u, t, false);
  times(n, t, v, true);
  times(n, v, t, false);
  times(n, t, u, true);
}
let vbv = 0.0;
let vv = 0.0;
for (let i = 0; i < n; i++) {
  vbv = vbv + u[i] * v[i];
  vv = vv + v[i] * v[i];
}
console.log(Math.floor(Math.sqrt(vbv / vv) * 1000000000.0));
