function numbers(n) {
  let seed = 42n;
  const done = [];
  for (let i = 0; i < n; i++) {
    done.push(Number(seed));
    seed = (seed * 1103515245n + 12345n) % 2147483648n;
  }
  return done;
}

function merge(a, b) {
  const done = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] < b[j]) {
      done.push(a[i]);
      i += 1;
    } else {
      done.push(b[j]);
      j += 1;
    }
  }
  while (i < a.length) {
    done.push(a[i]);
    i += 1;
  }
  while (j < b.length) {
    done.push(b[j]);
    j += 1;
  }
  return done;
}

function sorted(items) {
  if (items.length < 2) return items;
  const middle = Math.trunc(items.length / 2);
  return merge(sorted(items.slice(0, middle)), sorted(items.slice(middle)));
}

let sum = 0;
let at = 1;
for (const x of sorted(numbers(200000))) {
  sum = (sum + x * at) % 1000000007;
  at += 1;
}
console.log(sum);
