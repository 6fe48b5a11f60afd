# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Which techniques and convergence tests this project has, by its own files."""

import pathlib
from typing import Any, Mapping, Sequence

from tfmot_contrib.convergence import claims
from tools.base import build_files

PACKAGE = 'tfmot_contrib'
BASELINES = 'baselines'


def technique_yaml(root: pathlib.Path, folder: str) -> pathlib.Path:
  """Returns the path of the technique.yaml of a folder."""
  return root / PACKAGE / folder / 'technique.yaml'


def folders(root: pathlib.Path) -> list[str]:
  """Returns the technique folders, baselines first and what combines last.

  Args:
    root: The folder of the project.

  Returns:
    The names of those that have a technique.yaml.
  """
  found = [p.parent.name for p in root.glob(f'{PACKAGE}/*/technique.yaml')]
  return sorted(found, key=lambda f: (f != BASELINES, f == 'combine', f))


def rows(root: pathlib.Path, folder: str) -> list[str]:
  """Returns the convergence tests that a technique.yaml has claims for."""
  path = technique_yaml(root, folder)
  return list(claims.read_technique(str(path))['claims'])


def declared(
    root: pathlib.Path,
    folder: str,
    kinds: Sequence[str] = ('convergence_test',),
) -> dict[str, Mapping[str, Any]]:
  """Returns how a BUILD file declares its convergence tests.

  Args:
    root: The folder of the project.
    folder: Of `tfmot_contrib/`.
    kinds: The macros whose calls are wanted, such as `control` for the float
      controls.

  Returns:
    By name, the arguments of the macro.

  Raises:
    errors.InputError: The BUILD file is not there or cannot be run.
  """
  rules = build_files.rules(root, f'{PACKAGE}/{folder}')
  return {rule.name: rule.attributes for rule in rules if rule.kind in kinds}
