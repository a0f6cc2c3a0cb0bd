"""``python -m simulator``: the command line where the command ``simulator`` is not on the path."""

from simulator.faces.cli import main

if __name__ == "__main__":
    main(prog_name="simulator")
