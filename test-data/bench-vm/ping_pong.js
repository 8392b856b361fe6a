// Processes are generators with a mailbox; a scheduler runs those that have mail.
class Process {
  constructor() {
    this.mail = [];
    this.waiting = false;
    this.body = null;
  }
}

const ready = [];

function send(process, message) {
  process.mail.push(message);
  if (process.waiting) {
    process.waiting = false;
    ready.push(process);
  }
}

function* receive(me) {
  if (me.mail.length === 0) {
    me.waiting = true;
    yield;
  }
  return me.mail.shift();
}

function* pong(me, to) {
  while (true) {
    const n = yield* receive(me);
    if (n === -1) return;
    send(to, n + 1);
  }
}

function* ping(me, to, rounds) {
  let n = 0;
  for (let i = 0; i < rounds; i++) {
    send(to, n);
    n = yield* receive(me);
  }
  send(to, -1);
  console.log(n);
}

const a = new Process();
const b = new Process();
a.body = ping(a, b, 200000);
b.body = pong(b, a);
ready.push(a, b);
while (ready.length > 0) ready.shift().body.next();
