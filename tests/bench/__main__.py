"""`make bench`: measured side by side with what a user would use instead, in one run on one machine."""

from __future__ import annotations

from tests.bench import accuracy, exporting, intake, judging, receiving, screens


def main() -> None:
    intake.report()
    judging.report()
    receiving.report()
    exporting.report()
    screens.report()
    accuracy.report()


if __name__ == "__main__":
    main()
