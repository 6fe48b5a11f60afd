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

"""Which symbols of the mirror our code uses, and where.

Reads our files without running them. Names are followed through imports and
attributes; values are followed as far as classes, annotations and plain
assignments tell what they are: `params.task` of a function whose `params` is
annotated, `self.x` and `super().x` of a class with an official base, what our
classes override. What is reached by `getattr`, by a string or through a value
of unknown type is not seen. `api.py` compares each of these symbols.
"""

import ast
import pathlib
from typing import Iterator, Sequence

import griffe

from tfmot_contrib import errors
from tools.sync.impact import build_files
from tools.sync.impact import expressions
from tools.sync.impact import symbols


class _Finder(expressions.Expressions):
  """Finds the uses in the statements of one file."""

  def _import(self, node: ast.Import | ast.ImportFrom) -> None:
    """Notes what an import statement imports, and binds its names."""
    for alias in node.names:
      if isinstance(node, ast.Import):
        path = alias.name
        bound = path if alias.asname else path.split('.')[0]
      else:
        path = bound = f'{node.module}.{alias.name}'
      name = alias.asname or bound.rpartition('.')[2]
      known = self._tree.find(bound)
      if known is None or isinstance(known, symbols.Outside):
        self._scopes[-1].names[name] = None
        continue
      self._scopes[-1].names[name] = expressions.NameOf(bound)
      if self._wanted(path):
        self._use(path, node, 'imports')

  def _function(
      self, node: ast.FunctionDef | ast.AsyncFunctionDef, of_class: bool
  ) -> None:
    """Notes the uses in a function."""
    names = []
    for decorator in node.decorator_list:
      self.value(decorator)
      names.append(symbols.dotted(decorator))
    self.annotation(node.returns)
    method = of_class and self._selves and 'staticmethod' not in names
    first = self._selves[-1][0] if method else None
    scope = expressions.Scope(self._arguments(node.args, first))
    if not of_class and len(self._scopes) > 1:
      self._scopes[-1].names[node.name] = None
    self._scopes.append(scope)
    self.visit_all(node.body)
    self._scopes.pop()

  def _class(self, node: ast.ClassDef) -> None:
    """Notes what a class inherits and overrides, and the uses in it."""
    for decorator in node.decorator_list:
      self.value(decorator)
    inherited: list[griffe.Class] = []
    for base in node.bases:
      count = len(self.uses)
      found = self.value(base)
      symbol = (
          self._tree.find(found.path)
          if found and isinstance(found, expressions.NameOf)
          else None
      )
      if isinstance(symbol, griffe.Class):
        classes = self._classes(symbol)
        inherited += [c for c in classes if c not in inherited]
        if len(self.uses) > count and self._wanted(found.path):
          self.uses[-1] = self.uses[-1]._replace(how='subclasses')
        elif first := self._official(classes):
          self._use(first, base, 'subclasses')
    for keyword in node.keywords:
      self.value(keyword.value)
    own = dict(_defined(node))
    for name, line in own.items():
      owner = next((c for c in inherited if name in c.members), None)
      if owner is not None and self._wanted(owner.path):
        if name != '__init__':
          symbol = f'{self._official(inherited)}.{name}'
          self.uses.append(
              expressions.Use(symbol, self._path, line, 'overrides')
          )
    if len(self._scopes) > 1:
      self._scopes[-1].names[node.name] = None
    above = expressions.Instance(tuple(inherited))
    cls = self._tree.find(f'{self._module.path}.{node.name}')
    outermost = len(self._scopes) == 1 and isinstance(cls, griffe.Class)
    itself = (
        expressions.Instance((cls, *inherited))
        if outermost
        else above._replace(own=frozenset(own))
    )
    self._selves.append((itself, above))
    self._scopes.append(expressions.Scope({}, of_class=True))
    self.visit_all(node.body)
    self._scopes.pop()
    self._selves.pop()

  def visit_all(self, body: Sequence[ast.AST]) -> None:
    """Notes the uses in statements, one after the other."""
    for node in body:
      self.visit(node)

  def visit(self, node: ast.AST) -> None:
    """Notes the uses in a statement."""
    match node:
      case ast.expr():
        self.value(node)
      case ast.Import() | ast.ImportFrom():
        self._import(node)
      case ast.FunctionDef() | ast.AsyncFunctionDef():
        self._function(node, self._scopes[-1].of_class)
      case ast.ClassDef():
        self._class(node)
      case ast.Assign():
        found = self.value(node.value)
        for target in node.targets:
          self.bind(target, found)
      case ast.AnnAssign():
        self.annotation(node.annotation)
        found = self.value(node.value)
        text = ast.unparse(node.annotation)
        self.bind(node.target, self._typed(self._module, text) or found)
      case ast.For() | ast.AsyncFor():
        self.value(node.iter)
        self.bind(node.target, None)
        self.visit_all([*node.body, *node.orelse])
      case ast.withitem():
        self.value(node.context_expr)
        if node.optional_vars:
          self.bind(node.optional_vars, None)
      case _:
        if isinstance(node, ast.ExceptHandler) and node.name:
          self._scopes[-1].names[node.name] = None
        self.visit_all(list(ast.iter_child_nodes(node)))


def _defined(node: ast.ClassDef) -> Iterator[tuple[str, int]]:
  """Yields the members that the body of a class defines, with their lines."""
  for part in node.body:
    match part:
      case ast.FunctionDef() | ast.AsyncFunctionDef():
        yield part.name, part.lineno
      case ast.AnnAssign(target=ast.Name(id=name)):
        yield name, part.lineno
      case ast.Assign(targets=targets):
        for target in targets:
          if isinstance(target, ast.Name):
            yield target.id, part.lineno


def find(
    tree: symbols.Tree,
    root: pathlib.Path,
    packages: Sequence[str],
    folders: Sequence[str] = build_files.FOLDERS,
) -> list[expressions.Use]:
  """Finds all uses of the mirror.

  Args:
    tree: Knows the mirror and the packages of `folders`.
    root: The root of the repository.
    packages: The packages of the mirror.
    folders: Where our code is.

  Returns:
    The uses, in the order of files and lines.

  Raises:
    errors.InputError: One of our files cannot be parsed.
  """
  found: list[expressions.Use] = []
  for folder in folders:
    for path in sorted((root / folder).rglob('*.py')):
      name = path.relative_to(root).as_posix()
      module = name.removesuffix('.py').removesuffix('/__init__')
      loaded = tree.module(module.replace('/', '.'))
      if loaded is None:
        raise errors.InputError(f'{name} cannot be parsed: mend it first')
      finder = _Finder(tree, loaded, name, packages)
      finder.visit_all(ast.parse(path.read_bytes()).body)
      found += finder.uses
  return sorted(set(found), key=lambda use: (use.path, use.line, use.symbol))
