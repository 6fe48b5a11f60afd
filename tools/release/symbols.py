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

"""Looks for the symbols of TFMOT that are in use in the wheel of a release.

In use is what Python files take from TFMOT and what technique.yaml names under
`api`. That a release has all of it does not mean that it works: `pin.py` runs
tests for that.
"""

import pathlib
from typing import Iterator, NamedTuple

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tools.base import imports
from tools.env import releases
from tools.mirror import fork
from tools.suite import project


class Use(NamedTuple):
  """A symbol of TFMOT that is in use.

  Attributes:
    symbol: Its dotted name, from the package on, or `NAME(PARAMETER)`.
    path: The file.
    line: The line.
  """

  symbol: str
  path: str
  line: int

  def __str__(self) -> str:
    return f'{self.symbol}, used in {self.path}:{self.line}'


def _below(folder: pathlib.Path, name: str) -> Iterator[Use]:
  """Yields the uses of all Python files below a folder, tests excepted."""
  for path in sorted(folder.rglob('*.py')):
    if not path.name.endswith(('_test.py', 'testing.py')):
      if releases.MODULE.encode() in path.read_bytes():
        where = f'{name}/{path.relative_to(folder)}'
        for line, symbol in releases.used(imports.parse(path)):
          yield Use(symbol, where, line)


def in_use(root: pathlib.Path) -> list[Use]:
  """Returns the uses of this project's code, its techniques and the mirror.

  Args:
    root: The folder of the project.

  Returns:
    Each symbol once, with the first place.

  Raises:
    errors.InputError: A file is no Python, or nothing of TFMOT is in use.
  """
  found = list(_below(root / project.PACKAGE, project.PACKAGE))
  for folder in project.folders(root):
    path = project.technique_yaml(root, folder)
    for name in claims.read_technique(str(path))['api']:
      if name.startswith('tfmot.'):
        symbol = name.replace('tfmot', releases.MODULE, 1)
        found.append(Use(symbol, str(path.relative_to(root)), 1))
  for package, folder in sorted(fork.packages(root).items()):
    found += _below(folder, package)
  if not found:
    raise errors.InputError('nothing of TFMOT is in use: is this the project?')
  first: dict[str, Use] = {}
  for use in found:
    first.setdefault(use.symbol, use)
  return list(first.values())


def refuse_lacking(root: pathlib.Path, version: str) -> None:
  """Refuses a release that lacks a symbol in use.

  Args:
    root: The folder of the project.
    version: The release.

  Raises:
    errors.InputError: It does; the message names the first one.
  """
  uses = in_use(root)
  release = releases.load(version)
  lacking = [use for use in uses if not release.has(use.symbol)]
  if lacking:
    raise errors.InputError(
        f'TFMOT {version} lacks {len(lacking)} of the {len(uses)} symbols in'
        f' use, such as {lacking[0]}: take a later release, or mend the code'
    )
