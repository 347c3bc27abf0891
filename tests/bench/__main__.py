"""`make bench`: measured side by side with what a user would use instead, in one run on one machine."""

from __future__ import annotations

from tests.bench import accuracy, intake, judging, receiving


def main() -> None:
    intake.report()
    judging.report()
    receiving.report()
    accuracy.report()


if __name__ == "__main__":
    main()
