"""Configuration files are read as they are typed, or told by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from calvingfront.configuration.reading import read_places, read_yaml
from calvingfront.configuration.schema import schema_of_configuration
from calvingfront.configuration.validation import examine
from calvingfront.errors import CalvingFrontError, Faults

REPOSITORY = Path(__file__).resolve().parents[3]


def told(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(CalvingFrontError) as caught:
        read_yaml(path)
    return str(caught.value).replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: 1\n# Isbr\xe6\n", "/mine.yaml line 2: is not UTF-8 (byte 0xe6). Save it as UTF-8."),
        ("a: 1\n".encode("utf-16"), "/mine.yaml: is UTF-16, not UTF-8. Save it as UTF-8."),
        (b"a:\n\tb: 1\n", "/mine.yaml line 2: is indented with a tab. Indent with blanks."),
        (b"a: 1\nb:\n  c: 2\n  c: 3\n", "line 4, b.c: appears twice, in line 3 and here."),
        (b"1: a\n1: b\n", "line 2, 1: appears twice, in line 1 and here."),
        (b"{'a': 1, 'a': 2}", "a: appears twice"),
        (b'{"a": 1, "a": 2}', "a: appears twice"),
        (b"a: [1,\nb: 2\n", "is not YAML"),
        (b"- 1\n", "holds no keys at its top level"),
        (b"a: 2007-13-45\n", "line 1: YAML cannot read '2007-13-45' (month must be in 1..12)"),
        (b"a: " + b"9" * 5000 + b"\n", "line 1: YAML cannot read '999"),
        (b"a: 010\n", "line 1, a: 010 is read as 8. Write 8, or"),
        (b"a: 1:30\n", "line 1, a: 1:30 is read as 90."),
        (b"a: 0x10\n", "line 1, a: 0x10 is read as 16."),
        (b"a: 1_000\n", "line 1, a: 1_000 is read as 1000."),
        (b"? [1, 2]\n: 3\n", "line 1: has a list or group as a key"),
        (b"a: !!python/object:os.system x\n", "YAML cannot read"),
    ],
)
def test_what_cannot_be_taken_as_it_is_typed_is_told(
    tmp_path: Path, content: bytes, said: str
) -> None:
    assert said in told(tmp_path, content)


def test_a_mark_of_utf8_windows_line_ends_and_an_empty_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes("\ufeffa: é\r\nb: [1.5e-3, -2, '010']\r\n".encode())
    assert read_yaml(path).content == {"a": "é", "b": [1.5e-3, -2, "010"]}
    path.write_bytes(b"")
    assert read_yaml(path).content == {}


def test_a_bomb_of_aliases_is_walked_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    path = tmp_path / "mine.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert len(read_places([path])) < 1000


def test_keys_of_several_files_keep_their_places_and_templates_are_left_to_snakemake(
    tmp_path: Path,
) -> None:
    for name, text in (
        ("one", "a: 1\nb: 2\n"), ("two", "b: 3\n"), ("three", "__use_yte__: true\nb: 4\n"),
    ):  # fmt: skip
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    places = read_places([tmp_path / f"{name}.yaml" for name in ("one", "two", "three")])
    assert str(places["a",]).endswith("one.yaml line 1")
    assert str(places["b",]).endswith("two.yaml line 1")


def test_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text("a: 1\na: 2\n", encoding="utf-8")
    with pytest.raises(Faults) as caught:
        read_places([tmp_path / "one.yaml", tmp_path / "two.yaml"])
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("typed", ["20070304", "2007-04-03", "1.5"])
def test_a_key_that_is_written_as_yaml_reads_it_is_a_name(tmp_path: Path, typed: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"source:\n  exclude:\n    {typed}: torn\n", encoding="utf-8")
    written = read_yaml(path)
    examined = examine(written.content, schema_of_configuration(), written.places)
    assert examined.config is not None
    assert examined.config["source"]["exclude"] == {typed: "torn"}


@pytest.mark.parametrize("typed", ["007", "NO", "1.50", "~", "2007-04-03 12:00:00", "+7"])
def test_a_key_that_is_not_is_told_to_be_quoted(tmp_path: Path, typed: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"source:\n  exclude:\n    {typed}: torn\n    b: x\n", encoding="utf-8")
    written = read_yaml(path)
    (fault,) = examine(written.content, schema_of_configuration(), written.places).faults
    assert f"the name {typed} is read as" in str(fault)
    assert f'Write "{typed}", in quotes' in str(fault)


def test_the_package_holds_a_copy_of_the_workflows_schema() -> None:
    copy = REPOSITORY / "src" / "calvingfront" / "configuration" / "config.schema.yaml"
    own = REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"
    assert copy.read_text("utf-8") == own.read_text("utf-8"), "run `make docs`"
