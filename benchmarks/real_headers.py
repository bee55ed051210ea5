"""How exactly orbit and timing of real headers locate their own ground control points.

    python benchmarks/real_headers.py DATA/products

Prints a Markdown table: mean ± standard deviation along the ground track and in slant range, m.
DATA/products contains one folder per header, as listed in docs/test_data.md. The headers are read
by the library's readers and located by the tests' own zero-Doppler solver
(tests/header_residuals.py).
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
        sys.exit(f"{folder} has no folder tsx-ssc; docs/test_data.md lists what belongs there")
    for line in table(folder):
        print(line)


if __name__ == "__main__":
    main()
