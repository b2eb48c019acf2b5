"""Which socklab this is."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def version() -> str:
    """The version of the package that is installed, or of the checkout that is run."""
    from importlib.metadata import PackageNotFoundError, version as installed

    try:
        return installed("socklab")
    except PackageNotFoundError:
        import tomllib

        told: str = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
        return told
