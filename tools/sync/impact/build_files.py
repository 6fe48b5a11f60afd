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

"""Reads BUILD files without Bazel.

A BUILD file is valid Python. Its rules, also those in list comprehensions, are
evaluated here as far as constants, lists, globs and string formatting go, so
that a report can name the target of a file, and the convergence tests that are
to be run again, offline and at once. `stale.py` and `api.py` ask here.
"""

import ast
import contextlib
import itertools
import os
import pathlib
import re
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tools.base import build_files as base_files

FOLDERS = ('tfmot_contrib', 'tools')
_FILE = 'BUILD'


class Rule(NamedTuple):
  """A call of a rule or a macro in a BUILD file.

  Attributes:
    package: The folder of the BUILD file, relative to the root.
    kind: What is called, such as `py_library`.
    line: Where.
    attributes: The keyword arguments that could be evaluated.
  """

  package: str
  kind: str
  line: int
  attributes: Mapping[str, Any]

  @property
  def label(self) -> str:
    """The label, or that of all the package when the name is not known."""
    name = self.attributes.get('name')
    return f'//{self.package}:{name if isinstance(name, str) else "all"}'


class _UnknownError(Exception):
  """An expression is beyond this module."""


def absolute(package: str, label: str) -> str:
  """Returns a label in full: `//PACKAGE:NAME`.

  Args:
    package: Where the label is written.
    label: Such as `:x`, `x.py`, `//a/b` or `//a/b:c`; external ones stay.

  Returns:
    The label in full.
  """
  if label.startswith('@'):
    return label
  if not label.startswith('//'):
    return f'//{package}:{label.removeprefix(":")}'
  if ':' not in label:
    return f'{label}:{label.rpartition("/")[2]}'
  return label


def _glob(folder: pathlib.Path, patterns: Any, exclude: Any = ()) -> list[str]:
  """Does what Bazel's glob does, within a folder."""

  def matches(patterns: Sequence[str]) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for pattern in patterns
        for path in folder.glob(pattern)
        if path.is_file()
    }

  return sorted(matches(patterns) - matches(exclude))


class _Evaluator:
  """Evaluates the expressions of one BUILD file."""

  def __init__(self, folder: pathlib.Path):
    """Initializes the evaluator of the BUILD file of a folder."""
    self._folder = folder
    self.names: dict[str, Any] = {'True': True, 'False': False, 'None': None}

  def value(self, node: ast.expr) -> Any:
    """Returns the value of an expression.

    Args:
      node: The expression.

    Returns:
      Its value.

    Raises:
      _UnknownError: It has something that is not known here.
    """
    match node:
      case ast.Constant():
        return node.value
      case ast.Name() if node.id in self.names:
        return self.names[node.id]
      case ast.List() | ast.Tuple():
        return [self.value(item) for item in node.elts]
      case ast.Dict():
        keys = [self.value(key) for key in node.keys if key]
        if len(keys) == len(node.values):
          return dict(zip(keys, map(self.value, node.values), strict=True))
      case ast.BinOp(op=ast.Add()):
        return self.value(node.left) + self.value(node.right)
      case ast.BinOp(op=ast.Mod()):
        right = self.value(node.right)
        many = isinstance(node.right, ast.Tuple)
        return self.value(node.left) % (tuple(right) if many else right)
      case ast.IfExp():
        chosen = node.body if self.value(node.test) else node.orelse
        return self.value(chosen)
      case ast.Compare(ops=[ast.Eq() | ast.NotEq() | ast.In()]):
        left, right = self.value(node.left), self.value(node.comparators[0])
        if isinstance(node.ops[0], ast.In):
          return left in right
        return (left == right) == isinstance(node.ops[0], ast.Eq)
      case ast.Subscript():
        return self.value(node.value)[self.value(node.slice)]
      case ast.ListComp():
        return [self.value(node.elt) for _ in self.loop(node.generators)]
      case ast.Call():
        return self._call(node)
    raise _UnknownError(ast.unparse(node))

  def _call(self, node: ast.Call) -> Any:
    """Returns what a call of a known function returns."""
    arguments = [self.value(argument) for argument in node.args]
    keywords = {k.arg: self.value(k.value) for k in node.keywords if k.arg}
    match node.func:
      case ast.Name(id='glob'):
        exclude = keywords.get('exclude', [])
        patterns = keywords.get('include', arguments[0] if arguments else [])
        return _glob(self._folder, patterns, exclude)
      case ast.Attribute(attr='format' | 'join' | 'replace') as method:
        text = self.value(method.value)
        return getattr(str, method.attr)(text, *arguments, **keywords)
      case ast.Attribute(attr='items' | 'keys' | 'values') as method:
        mapping = self.value(method.value)
        return list(getattr(dict, method.attr)(mapping))
    raise _UnknownError(ast.unparse(node))

  def loop(self, generators: Sequence[ast.comprehension]) -> Iterator[None]:
    """Sets the variables of a comprehension to each of their values in turn."""
    if not generators:
      yield
      return
    first, *others = generators
    saved = dict(self.names)
    for item in self.value(first.iter):
      match first.target:
        case ast.Name(id=name):
          self.names[name] = item
        case ast.Tuple(elts=targets):
          names = [target.id for target in targets]
          self.names.update(zip(names, item, strict=True))
      if all(self.value(condition) for condition in first.ifs):
        yield from self.loop(others)
    self.names = saved


# What evaluating an expression of an odd type can raise.
_FAILURES = (
    _UnknownError,
    AttributeError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
)


def _rule(package: str, node: ast.Call, evaluator: _Evaluator) -> Rule:
  """Returns the rule of a call."""
  attributes = {}
  for keyword in node.keywords:
    try:
      attributes[keyword.arg or '**'] = evaluator.value(keyword.value)
    except _FAILURES:
      continue
  kind = ast.unparse(node.func).removeprefix('native.')
  return Rule(package, kind, node.lineno, attributes)


def parse(folder: pathlib.Path, package: str) -> list[Rule]:
  """Returns the rules of the BUILD file of a folder.

  Args:
    folder: The folder.
    package: What Bazel calls it.

  Returns:
    The rules in their order. An argument that cannot be evaluated is left out.

  Raises:
    errors.InputError: The file is not valid.
  """
  path = folder / _FILE
  try:
    body = ast.parse(path.read_bytes()).body
  except (SyntaxError, ValueError) as error:
    raise errors.InputError(f'{path} cannot be parsed: {error}') from error
  evaluator = _Evaluator(folder)
  root = pathlib.Path(str(folder).removesuffix(package) or '.')
  with contextlib.suppress(OSError):
    tree = ast.Module(body, type_ignores=[])
    evaluator.names |= base_files.loaded(root, tree)
  rules = []
  for node in body:
    match node:
      case ast.Expr(value=ast.Call() as call):
        rules.append(_rule(package, call, evaluator))
      case ast.Expr(value=ast.ListComp(elt=ast.Call() as call) as loop):
        try:
          for _ in evaluator.loop(loop.generators):
            rules.append(_rule(package, call, evaluator))
        except _FAILURES:
          rules.append(_rule(package, call, evaluator))
      case ast.Assign(targets=[ast.Name(id=name)]):
        try:
          evaluator.names[name] = evaluator.value(node.value)
        except _FAILURES:
          continue
  return rules


def read(root: pathlib.Path, folders: Sequence[str] = FOLDERS) -> list[Rule]:
  """Returns the rules of all BUILD files of a repository.

  Args:
    root: The root of the repository.
    folders: Where to look.

  Returns:
    The rules, package by package.

  Raises:
    errors.InputError: A BUILD file is not valid.
  """
  walks = itertools.chain.from_iterable(os.walk(root / f) for f in folders)
  found = [pathlib.Path(path) for path, _, files in walks if _FILE in files]
  rules: list[Rule] = []
  for folder in sorted(found):
    rules += parse(folder, folder.relative_to(root).as_posix())
  return rules


def _python(rule: Rule) -> bool:
  """Tells whether a rule is of Python; others may list files as well."""
  return bool(re.fullmatch(r'py_(library|test|binary)', rule.kind))


def owners(rules: Sequence[Rule]) -> dict[str, str]:
  """Returns the target of each source file.

  Args:
    rules: All rules.

  Returns:
    From the path of a file to the label of the rule that has it in its `srcs`.
    Of several rules the first of Python in the file's own package wins.
  """
  found: dict[str, str] = {}
  for own in (True, False):
    for rule in sorted(rules, key=lambda rule: not _python(rule)):
      sources = rule.attributes.get('srcs')
      for source in sources if isinstance(sources, list) else ():
        label = absolute(rule.package, str(source))
        package, _, name = label.removeprefix('//').partition(':')
        if (package == rule.package) == own:
          found.setdefault(f'{package}/{name}', rule.label)
  return found
