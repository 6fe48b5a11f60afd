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
from typing import Collection, Iterator, Mapping
import zipfile

import griffe
from packaging import version as versions

from tfmot_contrib import errors
from tools.base import imports
from tools.env import bootstrap
from tools.env import index

MODULE = 'tensorflow_model_optimization'
PACKAGE = MODULE.replace('_', '-')


def _chain(node: ast.expr, known: Mapping[str, str]) -> str | None:
  """Returns what an expression names of what is known, or None."""
  parts: list[str] = []
  while isinstance(node, ast.Attribute):
    parts.append(node.attr)
    node = node.value
  if not isinstance(node, ast.Name) or node.id not in known:
    return None
  return '.'.join([known[node.id], *reversed(parts)])


def _names(tree: ast.Module, packages: Collection[str]) -> dict[str, str]:
  """Returns the names of a file that stand for something of some packages.

  Args:
    tree: The syntax tree of the file.
    packages: The packages.

  Returns:
    By name, the dotted name, from the package on.
  """
  known: dict[str, str] = {}
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      for alias in node.names:
        top = alias.name.partition('.')[0]
        if top in packages:
          known[alias.asname or top] = alias.name if alias.asname else top
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
      if node.module.partition('.')[0] in packages:
        for alias in node.names:
          known[alias.asname or alias.name] = f'{node.module}.{alias.name}'
  size = -1
  while size < len(known):  # `keras = tfmot.sparsity.keras`, and of that more.
    size = len(known)
    for node in ast.walk(tree):
      if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, named = node.targets[0], _chain(node.value, known)
        if isinstance(target, ast.Name) and named is not None:
          known.setdefault(target.id, named)
  return known


def used(
    tree: ast.Module, packages: Collection[str] = (MODULE,)
) -> Iterator[tuple[int, str]]:
  """Yields the names of TFMOT, or of other packages, that a module uses.

  Args:
    tree: Its syntax tree.
    packages: Whose names.

  Yields:
    The line and the dotted name from the package on, the longest chain of
    attributes only; of a parameter that is passed by name, `NAME(PARAMETER)`.
  """
  for module, line in imports.imported(tree):
    top, dot, _ = module.partition('.')
    if dot and top in packages:
      yield line, module
  known = _names(tree, packages)
  nodes = list(ast.walk(tree)) if known else []
  inner = {id(n.value) for n in nodes if isinstance(n, ast.Attribute)}
  for node in nodes:
    if isinstance(node, ast.Attribute) and id(node) not in inner:
      if named := _chain(node, known):
        yield node.lineno, named
    if isinstance(node, ast.Call) and (named := _chain(node.func, known)):
      for keyword in node.keywords:
        if keyword.arg:
          yield node.lineno, f'{named}({keyword.arg})'


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
    self._package = griffe.load(
        MODULE, search_paths=[folder], allow_inspection=False
    )

  def has(self, name: str) -> bool:
    """Tells whether it has a name.

    What is asked of a value, or of a class beyond the members that it shows,
    may be made when it runs or come from Keras, and is taken to be there.

    Args:
      name: Dotted, from the package on, or `NAME(PARAMETER)`.

    Returns:
      Whether it is there.
    """
    dotted, _, parameter = name.removesuffix(')').partition('(')
    found = self._package
    for part in dotted.split('.')[1:]:
      try:
        found = found[part]
      except KeyError:
        return not found.is_module
      try:
        found = found.final_target if found.is_alias else found
      except griffe.AliasResolutionError as error:
        return not error.alias.target_path.startswith(f'{MODULE}.')
    if not parameter or not (found.is_function or found.is_class):
      return True
    taken = {one.name: one.kind for one in found.parameters}
    any_other = griffe.ParameterKind.var_keyword in taken.values()
    return not taken or any_other or parameter in taken


@functools.cache
def load(version: str) -> Release:
  """Returns a release of TFMOT, whose wheel is downloaded and unpacked once.

  Args:
    version: Of TFMOT.

  Returns:
    The release.

  Raises:
    errors.InputError: It cannot be had, or is no wheel.
  """
  target = bootstrap.cache_dir() / 'wheels' / f'{PACKAGE}-{version}-read'
  with bootstrap.made_once(target) as partial:
    if partial:
      wheel = index.wheel(PACKAGE, version)
      try:
        with zipfile.ZipFile(wheel) as archive:
          archive.extractall(partial)
      except (OSError, zipfile.BadZipFile) as error:
        raise errors.InputError(f'{wheel.name} is no wheel: {error}') from error
  return Release(target)
