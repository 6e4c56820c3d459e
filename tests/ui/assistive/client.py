"""What a screen reader finds: run by the system's Python, which has the AT-SPI bindings.

    python3 client.py APPLICATION SECONDS

Prints the tree of the application as JSON, one object per accessible: depth, role, name, states.
"""

import json
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

STATES = {
    "focused": Atspi.StateType.FOCUSED,
    "focusable": Atspi.StateType.FOCUSABLE,
    "showing": Atspi.StateType.SHOWING,
}


def application(name: str, seconds: float):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        desktop = Atspi.get_desktop(0)
        for number in range(desktop.get_child_count()):
            found = desktop.get_child_at_index(number)
            if found is not None and found.get_name() == name and found.get_child_count():
                return found
        time.sleep(0.2)
    sys.exit(f"no application {name} on the accessibility bus")


def walk(node, depth: int) -> None:
    states = node.get_state_set()
    held = [name for name, state in STATES.items() if states.contains(state)]
    print(json.dumps([depth, node.get_role_name(), node.get_name() or "", held]))
    for number in range(node.get_child_count()):
        child = node.get_child_at_index(number)
        if child is not None:
            walk(child, depth + 1)


Atspi.init()
walk(application(sys.argv[1], float(sys.argv[2])), 0)
