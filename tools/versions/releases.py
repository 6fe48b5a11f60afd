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

"""Which names a release of TFMOT has: its wheel is read and not imported."""

import ast
import functools
import pathlib
from typing import Iterator
import zipfile

import griffe
from packaging import version as versions

from tools.versions import bootstrap

MODULE = 'tensorflow_model_optimization'
_PACKAGE = MODULE.replace('_', '-')


def used(tree: ast.AST) -> Iterator[tuple[int, str]]:
  """Yields the names of TFMOT that a module uses.

  Args:
    tree: Its syntax tree.

  Yields:
    Lines and dotted names, from the package on.
  """
  names: dict[str, str] = {}
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      for alias in node.names:
        if alias.name == MODULE:
          names[alias.asname or alias.name] = MODULE
    elif isinstance(node, ast.ImportFrom):
      if (node.module or '').startswith(MODULE):
        for alias in node.names:
          names[alias.asname or alias.name] = f'{node.module}.{alias.name}'
          yield node.lineno, f'{node.module}.{alias.name}'
  for node in ast.walk(tree):
    if isinstance(node, ast.Attribute):
      first, _, rest = ast.unparse(node).partition('.')
      if first in names:
        yield node.lineno, f'{names[first]}.{rest}'


def order(version: str) -> versions.Version:
  """Returns a version in a form that can be compared; of none, the lowest."""
  try:
    return versions.Version(version)
  except versions.InvalidVersion:
    return versions.Version('0')


class Release:
  """A release of TFMOT."""

  def __init__(self, folder: pathlib.Path):
    """Reads the package in a folder."""
    self._names = griffe.load(
        MODULE, search_paths=[folder], resolve_aliases=True
    )

  def has(self, name: str) -> bool:
    """Tells whether it has a name.

    Args:
      name: Dotted, from the package on. What comes after a class or a function
        is not looked for, as classes inherit from packages that are not here.

    Returns:
      Whether it is there.
    """
    found = self._names
    for part in name.split('.')[1:]:
      try:
        found = found.members[part] if part in found.members else found[part]
        found = found.final_target if found.is_alias else found
      except (KeyError, griffe.AliasResolutionError):
        return False
      if not found.is_module:
        return True
    return True


@functools.cache
def load(version: str) -> Release:
  """Returns a release, whose wheel is downloaded once.

  Args:
    version: Of TFMOT.

  Returns:
    What is in it.

  Raises:
    errors.InputError: It cannot be had.
  """
  target = bootstrap.cache_dir() / 'wheels' / f'{_PACKAGE}-{version}-read'
  with bootstrap.made_once(target) as partial:
    if partial:
      pin = f'{_PACKAGE}=={version}'
      command = ['download', '-q', '--no-deps', '--only-binary=:all:']
      what = f'downloading {pin}'
      bootstrap.pip(*command, '-d', partial, pin, what=what)
      with zipfile.ZipFile(next(partial.glob('*.whl'))) as archive:
        archive.extractall(partial)
  return Release(target)
