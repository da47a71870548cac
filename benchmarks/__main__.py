"""``make bench``: the figures beside their goals."""

from . import harvesting, loading, reading, startup

print("| figure | goal | measured | |\n|---|---|---|---|")
for part in (startup, reading, loading, harvesting):
    for line in part.lines():
        print(line, flush=True)
