# Processes are generators with a mailbox; a scheduler runs those that have mail.
from collections import deque


class Process:
    def __init__(self):
        self.mail = deque()
        self.waiting = False
        self.body = None


ready = deque()


def send(process, message):
    process.mail.append(message)
    if process.waiting:
        process.waiting = False
        ready.append(process)


def receive(me):
    if not me.mail:
        me.waiting = True
        yield
    return me.mail.popleft()


def pong(me, to):
    while True:
        n = yield from receive(me)
        if n == -1:
            return
        send(to, n + 1)


def ping(me, to, rounds):
    n = 0
    for _ in range(rounds):
        send(to, n)
        n = yield from receive(me)
    send(to, -1)
    print(n)


a = Process()
b = Process()
a.body = ping(a, b, 200000)
b.body = pong(b, a)
ready.append(a)
ready.append(b)
while ready:
    next(ready.popleft().body, None)
