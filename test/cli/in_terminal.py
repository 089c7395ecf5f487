"""Runs a command on a terminal of its own, and prints all that the terminal was sent.

    in_terminal.py COLUMNS ROWS STEPS COMMAND...

STEPS is a JSON list. Each step waits until its "after" was sent since the step before, and then sends the "signal" to
the command, or appends the "text" to the "file".
"""

import fcntl
import json
import os
import pty
import signal
import struct
import sys
import termios

columns, rows, steps, *command = sys.argv[1:]
steps = json.loads(steps)
pid, terminal = pty.fork()
if pid == 0:
    # The size is there before the command looks at it.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
    os.execvp(command[0], command)

sent = b""
seen = 0
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    sent += chunk
    while steps and steps[0]["after"].encode() in sent[seen:]:
        step = steps.pop(0)
        seen = len(sent)
        if "signal" in step:
            os.kill(pid, getattr(signal, step["signal"]))
        else:
            with open(step["file"], "a") as file:
                file.write(step["text"])

status = os.waitpid(pid, 0)[1]
sys.stdout.buffer.write(sent)
sys.stderr.write(json.dumps({"code": os.waitstatus_to_exitcode(status), "left": steps}))
