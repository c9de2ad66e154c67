"""Bring the steps into a wheel: scripts/{area}/ becomes refinement/steps/{area}/, where the command finds them."""

from pathlib import Path

from setuptools import find_packages, setup

AREAS = {f"refinement.steps.{path.parent.name}": str(path.parent) for path in Path("scripts").glob("*/*.py")}

setup(packages=[*find_packages(include=["refinement", "refinement.*"]), *sorted(AREAS)], package_dir=AREAS)
