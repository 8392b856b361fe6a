function make(depth) {
  return depth === 0 ? null : { left: make(depth - 1), right: make(depth - 1) };
}

function nodes(tree) {
  return tree === null ? 1 : nodes(tree.left) + nodes(tree.right) + 1;
}

const kept = make(14);
let total = 0;
for (let i = 0; i < 100; i++) total += nodes(make(12));
console.log(total + nodes(kept));
