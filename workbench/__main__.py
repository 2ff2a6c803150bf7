"""`python -m workbench` and the `workbench` command.

The commands are imported here and not above, so that Ctrl-C while Python still loads them ends in a
sentence like any other.
"""

import sys


def main() -> None:
    """Run the command line; exit codes as in `workbench.cli.app.main`."""
    try:
        from workbench.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped before anything began.\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
