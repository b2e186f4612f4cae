"""`[tool.pydo]` in a project's pyproject.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.config import ConfigError, ToolOptions, load_tool

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_is_said_without_a_file_or_a_table(tmp_path: Path) -> None:
    assert load_tool(tmp_path) == ToolOptions()

    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\n')

    assert load_tool(tmp_path) == ToolOptions(warns_of_lost_memory=True, may_forget=())


def test_attributes_that_may_be_forgotten(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pydo]\nlost-memory = "ignore"\nmay-forget = ["Chat.typing", "Chat.seen"]\n'
    )

    assert load_tool(tmp_path) == ToolOptions(
        warns_of_lost_memory=False, may_forget=("Chat.typing", "Chat.seen")
    )


def test_commits_may_have_to_survive_a_power_loss(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pydo]\ndurability = "full"\n')

    assert load_tool(tmp_path) == ToolOptions(survives_power_loss=True)


def test_less_may_be_kept_of_the_past(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pydo]\nhistory-days = 0\nhistory-size-mb = 5\n")

    assert load_tool(tmp_path) == ToolOptions(history_days=0, history_size_mb=5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('lost-memory = "loudly"', '"tool.pydo.lost-memory" should be "warn" or "ignore".'),
        ("may-forget = true", '"tool.pydo.may-forget" should be an array of attributes such as'),
        ('may-forget = ["no such-name"]', '"tool.pydo.may-forget" should be an array'),
        ('durability = "some"', '"tool.pydo.durability" should be "normal" or "full".'),
        ("history-days = -1", '"tool.pydo.history-days" should be a number of days'),
        ("history-days = true", '"tool.pydo.history-days" should be a number of days'),
        ("history-size-mb = 0", '"tool.pydo.history-size-mb" should be a number of megabytes.'),
        ('history-size-mb = "x"', '"tool.pydo.history-size-mb" should be a number of'),
        ("may-forget = [1]", '"tool.pydo.may-forget" should be an array'),
    ],
)
def test_what_is_not_understood_is_told_with_its_place(
    tmp_path: Path, line: str, message: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.pydo]\n{line}\n")

    with pytest.raises(ConfigError) as raised:
        load_tool(tmp_path)

    assert "pyproject.toml:2:" in str(raised.value)
    assert message in str(raised.value)
