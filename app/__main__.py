"""Starts one of: the window, the command line, an engine process. Imports nothing heavy here.

A frozen bundle has no `python -m`, so every process of ours starts through this file.
"""

import sys


def main() -> int:
    if sys.argv[1:2] == ["worker"]:
        from app.engine.child import main as worker

        return worker()
    if sys.argv[1:2] == ["probe-template"]:
        from app.engine.template_probe import main as probe

        return probe()
    if sys.argv[1:2] == ["extract"]:
        from app.chat.extract import main as extract

        return extract()
    if sys.argv[1:2] == ["fetch-xet"]:
        from app.hub.xet_child import main as fetch_xet

        return fetch_xet()
    from app.cli.main import main as cli

    return cli(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
