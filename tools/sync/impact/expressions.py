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

"""What an expression of ours means, and which symbols of the mirror it uses.

One half of the look for uses: names, attributes and calls are followed as far
as imports, classes and annotations tell. `uses.py`, the other half, goes over
the statements and binds names.
"""

import ast
from typing import NamedTuple, Sequence

import griffe

from tools.sync.impact import symbols

# What `*args` may pass.
_MANY = 1000


class Use(NamedTuple):
  """A place where our code uses a symbol.

  Attributes:
    symbol: Its dotted name, as our code reaches it.
    path: Our file, relative to the root.
    line: The line in it.
    how: `imports`, `annotates`, `refers`, `calls`, `subclasses` or `overrides`.
    keywords: The arguments that a call passes by name; `**` for a mapping.
    positional: How many it passes by position.
  """

  symbol: str
  path: str
  line: int
  how: str
  keywords: tuple[str, ...] = ()
  positional: int = 0


class NameOf(NamedTuple):
  """A value that is a module, a class or a function, by its dotted name."""

  path: str


class Instance(NamedTuple):
  """A value of a class, with the order of look-up.

  Attributes:
    classes: The class and all that it inherits from, in order.
    own: Members that were found to be defined before all of these.
  """

  classes: tuple[griffe.Class, ...]
  own: frozenset[str] = frozenset()


class TupleOf(NamedTuple):
  """A value that is a tuple."""

  items: tuple['Value | None', ...]


Value = NameOf | Instance | TupleOf


class Scope(NamedTuple):
  """The names of a module, class or function.

  Attributes:
    names: What they mean; None is a value that nothing is known about.
    of_class: Whether functions inside do not see them.
  """

  names: dict[str, Value | None]
  of_class: bool = False


class Expressions:
  """Finds the uses in the expressions of one file.

  Attributes:
    uses: What was found.
  """

  def __init__(
      self,
      tree: symbols.Tree,
      module: griffe.Module,
      path: str,
      packages: Sequence[str],
  ):
    """Begins with a file.

    Args:
      tree: Knows the mirror and our own packages.
      module: The file.
      path: Its name, relative to the root.
      packages: Whose symbols are looked for.
    """
    self._tree = tree
    self._module = module
    self._path = path
    self._packages = tuple(packages)
    self._scopes = [Scope({})]
    self._selves: list[tuple[Instance, Instance]] = []
    self.uses: list[Use] = []

  # What is a symbol of the mirror.

  def _wanted(self, path: str) -> bool:
    return path.split('.')[0] in self._packages

  def _use(self, symbol: str, node: ast.AST, how: str) -> None:
    """Notes a use."""
    self.uses.append(Use(symbol, self._path, node.lineno, how))

  def _official(self, classes: Sequence[griffe.Class]) -> str | None:
    """Returns the first class of the mirror, by its name."""
    return next((c.path for c in classes if self._wanted(c.path)), None)

  def _classes(self, cls: griffe.Class) -> tuple[griffe.Class, ...]:
    """Returns the order of look-up of a class, as far as it is known."""
    return tuple(c for c in self._tree.mro(cls) if isinstance(c, griffe.Class))

  def _typed(self, module: griffe.Module, annotation: object) -> Value | None:
    """Returns a value of the type that an annotation names."""
    node = symbols.parse(annotation) if annotation is not None else None
    if isinstance(node, ast.Subscript):
      outer = (symbols.dotted(node.value) or '').rpartition('.')[2]
      if outer in ('tuple', 'Tuple') and isinstance(node.slice, ast.Tuple):
        items = [self._typed(module, ast.unparse(n)) for n in node.slice.elts]
        return TupleOf(tuple(items))
    cls = self._tree.annotated(module, annotation)
    return Instance(self._classes(cls)) if cls else None

  # Expressions: each is visited once; what it is worth is returned.

  def value(self, node: ast.AST | None) -> Value | None:
    """Notes the uses in an expression and returns what it is known to be.

    Args:
      node: The expression.

    Returns:
      Its value, or None when nothing is known about it.
    """
    match node:
      case None:
        return None
      case ast.Name():
        return self._name(node)
      case ast.Attribute():
        return self._attribute(node)
      case ast.Call():
        return self._call(node)
      case ast.NamedExpr():
        found = self.value(node.value)
        self.bind(node.target, found)
        return found
      case ast.Tuple(ctx=ast.Load()):
        return TupleOf(tuple(self.value(item) for item in node.elts))
      case ast.IfExp():
        self.value(node.test)
        one, other = self.value(node.body), self.value(node.orelse)
        return one or other
      case ast.Lambda():
        self._scopes.append(Scope(self._arguments(node.args)))
        self.value(node.body)
        self._scopes.pop()
      case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
        self._scopes.append(Scope({}))
        for loop in node.generators:
          self.value(loop.iter)
          self.bind(loop.target, None)
          for condition in loop.ifs:
            self.value(condition)
        parts = ('key', 'value') if isinstance(node, ast.DictComp) else ('elt',)
        for part in parts:
          self.value(getattr(node, part))
        self._scopes.pop()
      case _:
        for child in ast.iter_child_nodes(node):
          self.value(child)
    return None

  def annotation(self, node: ast.expr | None) -> None:
    """Notes the uses in an annotation."""
    count = len(self.uses)
    self.value(node)
    self.uses[count:] = [
        use._replace(how='annotates') for use in self.uses[count:]
    ]

  def _name(self, node: ast.Name) -> Value | None:
    """Returns what a name means."""
    for index in reversed(range(len(self._scopes))):
      scope = self._scopes[index]
      if scope.of_class and index < len(self._scopes) - 1:
        continue
      if node.id in scope.names:
        found = scope.names[node.id]
        break
    else:
      # A function or class that the module defines further down.
      path = f'{self._module.path}.{node.id}'
      symbol = self._tree.find(path)
      known = isinstance(symbol, griffe.Class | griffe.Function)
      found = NameOf(path) if known else None
    if isinstance(found, NameOf) and self._wanted(found.path):
      if not isinstance(self._tree.find(found.path), griffe.Module):
        self._use(found.path, node, 'refers')
    return found

  def _attribute(self, node: ast.Attribute) -> Value | None:
    """Returns what `x.name` means."""
    base = self.value(node.value)
    if isinstance(base, Instance):
      return self._member(base, node)
    if not isinstance(base, NameOf):
      return None
    path = f'{base.path}.{node.attr}'
    symbol = self._tree.find(path)
    if symbol is None or isinstance(symbol, symbols.Outside):
      return None
    if self._wanted(path):
      if not isinstance(symbol, griffe.Module):
        self._use(path, node, 'refers')
    elif isinstance(holder := self._tree.find(base.path), griffe.Class):
      self._inherited(self._classes(holder), node)
    if isinstance(symbol, griffe.Attribute):
      return self._typed(symbols.module_of(symbol), symbol.annotation)
    return NameOf(path)

  def _inherited(
      self, classes: Sequence[griffe.Class], node: ast.Attribute
  ) -> griffe.Class | None:
    """Notes the use of a member and returns the class that has it."""
    for owner in classes:
      if node.attr in owner.members:
        if self._wanted(owner.path):
          symbol = f'{self._official(classes)}.{node.attr}'
          self._use(symbol, node, 'refers')
        return owner
    return None

  def _member(self, base: Instance, node: ast.Attribute) -> Value | None:
    """Returns what `value.name` means."""
    if node.attr in base.own:
      return None
    owner = self._inherited(base.classes, node)
    symbol = self._tree.member(owner, node.attr) if owner else None
    if isinstance(symbol, griffe.Function):
      return NameOf(f'{owner.path}.{node.attr}')
    if isinstance(symbol, griffe.Attribute):
      return self._typed(symbols.module_of(symbol), symbol.annotation)
    return None

  def _call(self, node: ast.Call) -> Value | None:
    """Returns what a call gives."""
    count = len(self.uses)
    called = self.value(node.func)
    keywords = tuple(k.arg or '**' for k in node.keywords)
    starred = any(isinstance(a, ast.Starred) for a in node.args)
    passed = (keywords, _MANY if starred else len(node.args))
    # Of `a.b.c(...)` the last one that was noted is what is called.
    if isinstance(called, NameOf) and len(self.uses) > count:
      last = self.uses[-1]
      if last.symbol.rpartition('.')[2] == called.path.rpartition('.')[2]:
        self.uses[-1] = Use(*last[:3], 'calls', *passed)
    for argument in node.args:
      self.value(argument)
    for keyword in node.keywords:
      self.value(keyword.value)
    if not isinstance(called, NameOf):
      if isinstance(node.func, ast.Name) and node.func.id == 'super':
        return self._selves[-1][1] if self._selves else None
      return None
    symbol = self._tree.find(called.path)
    if isinstance(symbol, griffe.Class):
      classes = self._classes(symbol)
      if not self._wanted(called.path) and (first := self._official(classes)):
        use = Use(first, self._path, node.lineno, 'calls', *passed)
        self.uses.append(use)
      return Instance(classes)
    if isinstance(symbol, griffe.Function):
      return self._typed(symbols.module_of(symbol), symbol.returns)
    return None

  def bind(self, target: ast.AST, value: Value | None) -> None:
    """Gives a value to the target of an assignment."""
    match target:
      case ast.Name():
        self._scopes[-1].names[target.id] = value
      case ast.Tuple() | ast.List():
        items: Sequence[Value | None] = [None] * len(target.elts)
        if isinstance(value, TupleOf) and len(value.items) == len(items):
          items = value.items
        for part, item in zip(target.elts, items, strict=True):
          self.bind(part, item)
      case ast.Starred():
        self.bind(target.value, None)
      case _:
        self.value(target)

  def _arguments(
      self, arguments: ast.arguments, first: Value | None = None
  ) -> dict[str, Value | None]:
    """Notes the uses in a signature and returns its names.

    Args:
      arguments: The signature.
      first: What the first parameter is, for methods.

    Returns:
      The parameters and what their annotations say that they are.
    """
    for default in (*arguments.defaults, *arguments.kw_defaults):
      self.value(default)
    plain = [*arguments.posonlyargs, *arguments.args]
    names: dict[str, Value | None] = {}
    for one in (*plain, *arguments.kwonlyargs):
      self.annotation(one.annotation)
      names[one.arg] = one.annotation and self._typed(
          self._module, ast.unparse(one.annotation)
      )
    for one in (arguments.vararg, arguments.kwarg):
      if one:
        self.annotation(one.annotation)
        names[one.arg] = None
    if plain and first:
      names[plain[0].arg] = first
    return names
