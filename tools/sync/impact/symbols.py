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

"""What a dotted name means in a tree of Python packages, by griffe.

A module is parsed when a name leads to it, and nothing is imported: a whole
load of Official Models takes seconds, while this project uses some dozens of
its 1,216 modules. Names are followed through re-exports, star imports and base
classes. `uses.py` asks what our code means, `api.py` whether it is still so.
"""

import ast
import functools
import pathlib
from typing import Collection, Iterator, Mapping, NamedTuple

import griffe

_WRAPPERS = ('Optional', 'Annotated', 'Final')


class Outside(NamedTuple):
  """What a name means that leaves the tree, such as `tf_keras.Model`.

  Attributes:
    path: Its dotted name.
  """

  path: str


Symbol = griffe.Module | griffe.Class | griffe.Function | griffe.Attribute


def parse(text: object) -> ast.expr | None:
  """Returns an expression from its source, or None when it is not one."""
  return _parse(str(text))


@functools.cache
def _parse(text: str) -> ast.expr | None:
  """Parses a text once; the same ones come again and again."""
  try:
    return ast.parse(text, mode='eval').body
  except (SyntaxError, ValueError):
    return None


def dotted(node: ast.expr | None) -> str | None:
  """Returns the text of `a.b.c`, or None for another expression."""
  if isinstance(node, ast.Name):
    return node.id
  if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
    return f'{before}.{node.attr}'
  return None


def module_of(symbol: griffe.Object) -> griffe.Module:
  """Returns the module that a symbol is defined in."""
  return symbol if isinstance(symbol, griffe.Module) else symbol.module


class Tree:
  """Some packages on disk, parsed as far as names lead."""

  def __init__(
      self,
      folders: Mapping[str, pathlib.Path],
      like: 'Tree | None' = None,
      fresh: Collection[str] = (),
  ):
    """Initializes the tree.

    Args:
      folders: From a top-level package to the folder that holds it.
      like: Another tree, whose parsed modules are used.
      fresh: The names of the files in which the two differ in substance.
    """
    self._folders = dict(folders)
    self._like = like
    self._fresh = frozenset(fresh)
    self._orders: dict[str, list[griffe.Class | Outside]] = {}
    self._modules: dict[str, griffe.Module | None] = {}
    self._found: dict[str, Symbol | Outside | None] = {}

  def module(self, path: str) -> griffe.Module | None:
    """Returns a module by its dotted name, or None."""
    if path not in self._modules:
      stem = path.replace('.', '/')
      files = {f'{stem}.py', f'{stem}/__init__.py'}
      if self._like and not files & self._fresh:
        self._modules[path] = self._like.module(path)
      else:
        self._modules[path] = self._load(path)
    return self._modules[path]

  def _load(self, path: str) -> griffe.Module | None:
    """Parses a module."""
    folder = self._folders.get(path.split('.')[0])
    if folder is None:
      return None
    stem = folder / path.replace('.', '/')
    for file in (stem / '__init__.py', stem.with_name(f'{stem.name}.py')):
      if file.is_file():
        parent, _, name = path.rpartition('.')
        try:
          code = file.read_text(encoding='utf-8')
          return griffe.visit(
              name, file, code, parent=self.module(parent) if parent else None
          )
        except (SyntaxError, ValueError):
          return None
    return None

  def find(self, path: str) -> Symbol | Outside | None:
    """Returns what a dotted name means.

    Args:
      path: Such as `official.core.exp_factory.get_exp_config`; members of
        classes may be inherited.

    Returns:
      The module, class, function or attribute, as it is defined; or where the
      name leaves the tree; or None when there is no such name.
    """
    if path not in self._found:
      # A name that leads to itself leads nowhere.
      self._found[path] = None
      self._found[path] = self._find(path)
    return self._found[path]

  def _find(self, path: str) -> Symbol | Outside | None:
    """Finds a name that was not asked for before."""
    parent, _, name = path.rpartition('.')
    if not parent:
      return self.module(path) if path in self._folders else Outside(path)
    holder = self.find(parent)
    if isinstance(holder, griffe.Module):
      return self._in_module(holder, name)
    if isinstance(holder, griffe.Class):
      return self.member(holder, name)
    if isinstance(holder, Outside):
      return Outside(f'{holder.path}.{name}')
    return None

  def _in_module(
      self, module: griffe.Module, name: str
  ) -> Symbol | Outside | None:
    """Returns what a name means inside of a module."""
    own = f'{module.path}.{name}'
    member = module.members.get(name)
    if isinstance(member, griffe.Alias):
      if member.target_path != own:
        return self.find(member.target_path)
    elif member is not None and not isinstance(member, griffe.Module):
      return member
    if submodule := self.module(own):
      return submodule
    for alias in module.members.values():
      if isinstance(alias, griffe.Alias) and alias.wildcard:
        if self._exports(alias.wildcard, name):
          if (found := self.find(f'{alias.wildcard}.{name}')) is not None:
            return found
    return None

  def _exports(self, path: str, name: str) -> bool:
    """Tells whether `from path import *` may bind a name."""
    module = self.find(path)
    if not isinstance(module, griffe.Module):
      return False
    if module.exports is not None:
      return name in {str(export) for export in module.exports}
    return not name.startswith('_')

  def meaning(self, module: griffe.Module, name: str) -> str | None:
    """Returns the full dotted name of what code in a module writes.

    Args:
      module: Where it is written.
      name: Such as `cfg.TaskConfig`.

    Returns:
      A name for `find`; or None when the module does not bind the first part.
    """
    first, _, rest = name.partition('.')
    member = module.members.get(first)
    if isinstance(member, griffe.Alias):
      base = member.target_path
    elif member is not None or self.find(f'{module.path}.{first}') is not None:
      base = f'{module.path}.{first}'
    else:
      return None
    return f'{base}.{rest}' if rest else base

  def bases(self, cls: griffe.Class) -> list[griffe.Class | Outside]:
    """Returns the base classes that can be told, in their order."""
    found = []
    for base in cls.bases:
      node = parse(base)
      if isinstance(node, ast.Subscript):
        node = node.value
      name = dotted(node)
      path = name and self.meaning(module_of(cls), name)
      symbol = self.find(path) if path else Outside(name or str(base))
      if isinstance(symbol, griffe.Class | Outside):
        found.append(symbol)
    return found

  def mro(self, cls: griffe.Class) -> list[griffe.Class | Outside]:
    """Returns a class and all that it inherits from, in the order of look-up.

    Args:
      cls: The class.

    Returns:
      The classes; a class comes after all that inherit from it.
    """
    if cls.path in self._orders:
      return self._orders[cls.path]
    order: list[griffe.Class | Outside] = []

    def visit(one: griffe.Class | Outside, above: tuple[str, ...]) -> None:
      if one in order:
        order.remove(one)
      order.append(one)
      if isinstance(one, griffe.Class) and one.path not in above:
        for base in self.bases(one):
          visit(base, (*above, one.path))

    visit(cls, ())
    self._orders[cls.path] = order
    return order

  def member(self, cls: griffe.Class, name: str) -> Symbol | None:
    """Returns a member of a class, its own or an inherited one.

    Args:
      cls: The class.
      name: Of a method, property or attribute; also of what `__init__` sets.

    Returns:
      The member, or None when no class of the tree has it.
    """
    for owner in self.mro(cls):
      if isinstance(owner, griffe.Class):
        found = owner.members.get(name)
        if isinstance(found, griffe.Alias):
          # An import in the body of a class.
          target = self.find(found.target_path)
          return None if isinstance(target, Outside) else target
        if found is not None:
          return found
    return None

  def fields(self, cls: griffe.Class) -> dict[str, griffe.Attribute]:
    """Returns the fields of a dataclass, the inherited ones first.

    Args:
      cls: A class.

    Returns:
      The fields by name, in the order of the constructor; none when the class
      is not a dataclass.
    """
    if 'dataclass' not in cls.labels:
      return {}
    found: dict[str, griffe.Attribute] = {}
    for owner in reversed(self.mro(cls)):
      if isinstance(owner, griffe.Class) and 'dataclass' in owner.labels:
        found.update(_own_fields(owner))
    return found

  def annotated(
      self, module: griffe.Module, annotation: object
  ) -> griffe.Class | None:
    """Returns the class that an annotation names.

    Args:
      module: Where it is written.
      annotation: A griffe expression, or source text; `X | None` and
        `Optional[X]` mean X.

    Returns:
      The class, or None when it is no class of the tree.
    """
    node = parse(annotation) if annotation is not None else None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
      node = parse(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
      sides = (
          self.annotated(module, ast.unparse(s))
          for s in (node.left, node.right)
      )
      return next((side for side in sides if side), None)
    if isinstance(node, ast.Subscript):
      outer = (dotted(node.value) or '').rpartition('.')[2]
      if outer in _WRAPPERS:
        return self.annotated(module, ast.unparse(node.slice))
      node = node.value
    name = dotted(node)
    path = name and self.meaning(module, name)
    symbol = self.find(path) if path else None
    return symbol if isinstance(symbol, griffe.Class) else None

  def constants(
      self, module: griffe.Module, value: object
  ) -> Iterator[griffe.Attribute]:
    """Yields the constants of modules that an expression refers to, directly.

    Args:
      module: Where it is written.
      value: A griffe expression or source text.

    Yields:
      Each constant.
    """
    node = parse(value)
    for part in ast.walk(node) if node else ():
      name = (
          dotted(part) if isinstance(part, ast.Name | ast.Attribute) else None
      )
      path = name and self.meaning(module, name)
      symbol = self.find(path) if path else None
      if isinstance(symbol, griffe.Attribute) and symbol.value is not None:
        if isinstance(symbol.parent, griffe.Module):
          # Not another name of something else, such as `layers`.
          if not dotted(parse(symbol.value)):
            yield symbol


def _own_fields(cls: griffe.Class) -> dict[str, griffe.Attribute]:
  """Returns the fields that a dataclass itself declares."""
  bodies = [
      range(member.lineno, member.endlineno + 1)
      for member in cls.members.values()
      if isinstance(member, griffe.Function)
  ]
  return {
      name: member
      for name, member in cls.members.items()
      if isinstance(member, griffe.Attribute)
      and member.annotation is not None
      and 'instance-attribute' in member.labels
      and 'property' not in member.labels
      and not any(member.lineno in body for body in bodies)
  }
