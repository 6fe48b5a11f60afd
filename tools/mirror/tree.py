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

"""Trees of files: names that are safe, digests, and what differs.

A tree is what flows through the sync, from a source over the patches to the
mirror: a dict from upstream's path, such as `official/vision/train.py`, to an
`Entry`. Whatever it came from, it passes `check` before it reaches a disk.
"""

import hashlib
import os
import pathlib
import posixpath
import stat
from typing import Collection, Iterable, Mapping
import unicodedata

from tfmot_contrib import errors
from tools.base import git

FILE, EXECUTABLE = git.FILE, git.EXECUTABLE
_WORDS = {FILE: '', EXECUTABLE: 'executable '}
_MAX_NAME = 255  # Bytes of a part of a path, on every usual file system.
_MAX_PATH = 1024  # Bytes of a path, so that it fits below any folder.

Entry = git.Entry
Tree = git.Tree
Digests = dict[str, str]


def stamp(entry: Entry) -> str:
  """Returns the sha256 of an entry, after a word for an executable."""
  return _WORDS[entry.mode] + hashlib.sha256(entry.data).hexdigest()


def digests(tree: Mapping[str, Entry]) -> Digests:
  """Returns the stamp of each file, in the order of the names."""
  return {name: stamp(tree[name]) for name in sorted(tree)}


def digest(stamps: Mapping[str, str]) -> str:
  """Returns one sha256 for the names and stamps of a tree."""
  lines = ''.join(f'{name}\0{stamps[name]}\n' for name in sorted(stamps))
  return hashlib.sha256(os.fsencode(lines)).hexdigest()


def check_name(name: str, where: str) -> None:
  """Refuses a name that could land outside its tree, or on another name.

  Args:
    name: A path in a tree.
    where: What it came from, for the message.

  Raises:
    errors.InputError: It is absolute, has `..`, `.`, an empty part, `.git`, a
      backslash, a quote, a drive or a control character, or it is too long.
  """
  shown = ascii(name)[:200]
  parts = name.split('/')
  why = ''
  if not name or name.startswith('/') or name[1:2] == ':':
    why = 'is absolute or empty'
  elif set(name) & set('\\"') or not name.isprintable():
    why = 'has a backslash, a quote or a control character'
  elif any(p in ('', '.', '..') or p.casefold() == '.git' for p in parts):
    why = 'leaves the tree or hides in it'
  elif (
      len(name.encode()) > _MAX_PATH
      or max(len(part.encode()) for part in parts) > _MAX_NAME
  ):
    why = 'is too long'
  if why:
    raise errors.InputError(f'{where}: the path {shown} {why}')


def _fold(path: str) -> str:
  """Returns what is equal for paths that differ in case or accents' form."""
  path = unicodedata.normalize('NFD', path).casefold()
  return unicodedata.normalize('NFD', path)


def check_names(names: Iterable[str], where: str) -> None:
  """Refuses names that are unsafe alone, or clash with one another.

  Args:
    names: The paths of a tree.
    where: What they came from, for the message.

  Raises:
    errors.InputError: See `check_name`; or two names are one on a file system
      that folds case, or one is a file and a folder.
  """
  seen: dict[str, str] = {}
  files, folders = set(names), {''}
  for name in sorted(files):
    check_name(name, where)
    path = name
    while path not in folders:
      other = seen.setdefault(_fold(path), path)
      if other != path:
        raise errors.InputError(
            f'{where}: {ascii(other)} and {ascii(path)} are one name where case'
            ' does not count'
        )
      if path != name:
        folders.add(path)
      path = posixpath.dirname(path)
  if both := sorted(files & folders):
    raise errors.InputError(
        f'{where}: {ascii(both[0])} is both a file and a folder'
    )


def check(tree: Mapping[str, Entry], where: str) -> None:
  """Refuses a tree that is not safe to write.

  Args:
    tree: The tree.
    where: What it came from, for the message.

  Raises:
    errors.InputError: See `check_names`; or it has a link.
  """
  check_names(tree, where)
  for name, entry in tree.items():
    if entry.mode not in _WORDS:
      raise errors.InputError(
          f'{where}: {name} is a link, which a mirror cannot have: exclude it'
      )


def write(
    tree: Mapping[str, Entry], folder: pathlib.Path, read_only: bool = False
) -> None:
  """Writes a tree that `check` has seen into an empty folder."""
  made, mask = set(), 0o555 if read_only else 0o755
  for name, entry in tree.items():
    path = f'{folder}/{name}'
    parent = posixpath.dirname(path)
    if parent not in made:
      os.makedirs(parent, exist_ok=True)
      made.add(parent)
    with open(path, 'xb') as stream:
      stream.write(entry.data)
    os.chmod(path, mask & (0o755 if entry.mode == EXECUTABLE else 0o644))


def files(folder: pathlib.Path, skip: Collection[str] = ()) -> list[str]:
  """Lists what is not a folder below `folder`, and no byte code of Python.

  Args:
    folder: Where to look. Links are not followed.
    skip: Names at the top to leave out.

  Returns:
    Paths relative to it, sorted.

  Raises:
    errors.InputError: A folder cannot be read.
  """
  found, stack = [], ['']
  while stack:
    at = stack.pop()
    try:
      entries = list(os.scandir(os.path.join(folder, at)))
    except OSError as error:
      raise errors.InputError(f'cannot read {folder / at}: {error}') from error
    for entry in entries:
      if entry.name not in ('__pycache__', *(() if at else skip)):
        is_folder = entry.is_dir(follow_symlinks=False)
        (stack if is_folder else found).append(os.path.join(at, entry.name))
  return sorted(name for name in found if not name.endswith('.pyc'))


def read_entry(path: str | os.PathLike[str]) -> Entry:
  """Reads one file.

  Args:
    path: Where it is.

  Returns:
    What it is. The executable bit is its owner's.

  Raises:
    errors.InputError: It is a link or a device, or cannot be read.
  """
  try:
    mode = os.lstat(path).st_mode
    if not stat.S_ISREG(mode):
      raise errors.InputError(f'{path} is a link or no file: take it away')
    with open(path, 'rb', buffering=0) as stream:
      data = stream.readall()
  except OSError as error:
    raise errors.InputError(f'cannot read {path}: {error}') from error
  return Entry(EXECUTABLE if mode & stat.S_IXUSR else FILE, data)


def read(folder: pathlib.Path, skip: Collection[str] = ()) -> Tree:
  """Reads the files below a folder; see `files` and `read_entry`."""
  return {n: read_entry(f'{folder}/{n}') for n in files(folder, skip)}


def compare(stamps: Mapping[str, str], found: Mapping[str, Entry]) -> str:
  """Compares a tree with the stamps that it should have.

  Args:
    stamps: The stamp of each file.
    found: The tree.

  Returns:
    What differs, in a line for each file; '' when nothing does.
  """
  have = digests(found)
  lines = []
  for name in sorted(stamps.keys() | have.keys()):
    if stamps.get(name) != have.get(name):
      word = 'modified'
      if name not in have:
        word = 'missing'
      elif name not in stamps:
        word = 'extra'
      lines.append(f'{word:8} {name}\n')
  return ''.join(lines)
