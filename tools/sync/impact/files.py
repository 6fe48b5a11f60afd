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

"""What differs between two trees, and which of it matters.

First of the comparisons of a sync: an old mirror against a new one, file by
file. Upstream renews the year of the copyright line in all of its files at
once, so a file counts as changed only when its code does; the others are
counted as trivially changed. The other comparisons ask here what to look at.
"""

import ast
import dataclasses
import os
import pathlib
import re

_HEADER = re.compile(rb'(?:[ \t]*(?:#[^\n]*)?\r?\n)*')
_COOKIE = re.compile(rb'^[ \t\f]*#.*?coding[:=]', re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class FileChanges:
  """The files that differ between two trees, by name, each sorted.

  Attributes:
    added: In the new tree only.
    removed: In the old tree only.
    changed: Changed in substance.
    trivial: Python files in which only comments, layout or docstrings changed.
    unchanged: How many are equal byte for byte.
  """

  added: tuple[str, ...] = ()
  removed: tuple[str, ...] = ()
  changed: tuple[str, ...] = ()
  trivial: tuple[str, ...] = ()
  unchanged: int = 0

  @property
  def substantial(self) -> frozenset[str]:
    """What can make a difference to whoever uses the tree."""
    return frozenset((*self.added, *self.removed, *self.changed))


def names(tree: pathlib.Path) -> list[str]:
  """Lists the files and links of a tree, without byte code.

  Args:
    tree: The folder.

  Returns:
    Names relative to it, with slashes, sorted.
  """
  found = []
  for folder, folders, files in os.walk(tree):
    links = [f for f in folders if os.path.islink(os.path.join(folder, f))]
    folders[:] = [f for f in folders if f != '__pycache__']
    inside = os.path.relpath(folder, tree).replace(os.sep, '/')
    prefix = '' if inside == '.' else f'{inside}/'
    found += [prefix + f for f in (*files, *links) if not f.endswith('.pyc')]
  return sorted(found)


def _after_header(source: bytes) -> bytes:
  """Returns Python source without the comments that it begins with."""
  return source[_HEADER.match(source).end() :]


def _skeleton(source: bytes) -> str:
  """Returns what runs of Python source: no comment, layout or docstring.

  Args:
    source: A Python file. When it reads `__doc__`, its docstrings count.

  Returns:
    A text that two files share when they do the same.
  """
  tree = ast.parse(source)
  if b'__doc__' not in source:
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
      if isinstance(node, kinds) and ast.get_docstring(node, False) is not None:
        node.body = node.body[1:] or [ast.Pass()]
  return ast.dump(tree)


def same_in_substance(old: bytes, new: bytes) -> bool:
  """Tells whether two Python files differ in nothing that runs.

  Args:
    old: The one.
    new: The other.

  Returns:
    Whether only comments, layout or docstrings differ. False when one of them
    cannot be parsed, unless they are equal but for the first comments.
  """
  # Nearly all of upstream's files differ in the year alone: not parsed.
  first = _after_header(old)
  if first == _after_header(new):
    heads = [text[: len(text) - len(first)] for text in (old, new)]
    if not any(_COOKIE.search(head) for head in heads):
      return True
  try:
    return _skeleton(old) == _skeleton(new)
  except (SyntaxError, ValueError):
    return False


def _content(path: pathlib.Path) -> bytes:
  """Returns what is in a file, or where a link leads."""
  if path.is_symlink():
    return b'link ' + os.fsencode(os.readlink(path))
  return path.read_bytes()


def compare(old: pathlib.Path, new: pathlib.Path) -> FileChanges:
  """Compares two trees file by file.

  Args:
    old: The folder of the one.
    new: The folder of the other.

  Returns:
    What differs.
  """
  before, after = set(names(old)), set(names(new))
  changed, trivial, unchanged = [], [], 0
  for name in sorted(before & after):
    one, other = _content(old / name), _content(new / name)
    if one == other:
      unchanged += 1
    elif name.endswith('.py') and same_in_substance(one, other):
      trivial.append(name)
    else:
      changed.append(name)
  return FileChanges(
      added=tuple(sorted(after - before)),
      removed=tuple(sorted(before - after)),
      changed=tuple(changed),
      trivial=tuple(trivial),
      unchanged=unchanged,
  )
