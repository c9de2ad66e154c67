"""``python -m refinement`` is the command ``refinement``, also where the package is not installed."""

from refinement.running.step_commands import main

if __name__ == "__main__":
    main()
