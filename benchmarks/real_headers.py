"""How exactly orbit and timing of real headers put their own ground points.

    python benchmarks/real_headers.py DATA/products

Prints a Markdown table: mean ± standard deviation along the ground track and in slant range, m.
The folder holds one folder for each header, named as in tests/header_residuals.py, which the tests
share: read by the library's readers, solved by the tests' own zero-Doppler solver.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from header_residuals import table


def main() -> None:
    """Print the table."""
    if len(sys.argv) != 2:
        sys.exit("usage: python benchmarks/real_headers.py DATA/products")
    folder = Path(sys.argv[1])
    if not (folder / "tsx-ssc").is_dir():
        sys.exit(f"{folder} holds no folder tsx-ssc: docs/evidence.md says what belongs there")
    for line in table(folder):
        print(line)


if __name__ == "__main__":
    main()
